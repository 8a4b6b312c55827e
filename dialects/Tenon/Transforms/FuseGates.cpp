//===- FuseGates.cpp - a gate with the contractions it combines -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Decides that gate, up and the activation run as one: both products are in
// registers when the activation needs them, so neither is written to memory.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/Transforms/KernelFusion.h"
#include "dialects/Tenon/Transforms/Passes.h"

namespace tenon {
#define GEN_PASS_DEF_FUSEGATESPASS
#include "dialects/Tenon/Transforms/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

/// Fuses a kernel of one gate with the contractions that make its sides, where
/// both read the same input and nobody else reads them.
static void fuseGate(KernelOp kernel) {
  auto gate = getLoneOp<GateOp>(kernel);
  if (!gate)
    return;
  SmallVector<KernelOp, 3> kernels;
  Value input;
  for (Value side : {gate.getGate(), gate.getUp()}) {
    KernelOp maker = getSoleProducer(getOuterValue(kernel, side), kernel);
    auto linear = maker ? getLoneOp<LinearOp>(maker) : LinearOp();
    if (!linear)
      return;
    Value read = getOuterValue(maker, linear.getInput());
    if (input && read != input)
      return;
    input = read;
    kernels.push_back(maker);
  }
  if (kernels[0] == kernels[1])
    return;
  if (kernels[1]->isBeforeInBlock(kernels[0]))
    std::swap(kernels[0], kernels[1]);
  kernels.push_back(kernel);
  if (canMerge(kernels, kernel))
    mergeKernels(kernels, kernel);
}

namespace {

struct FuseGatesPass : tenon::impl::FuseGatesPassBase<FuseGatesPass> {
  using FuseGatesPassBase::FuseGatesPassBase;

  void runOnOperation() override {
    forEachKernelBlock(getOperation(), [](Block &block) {
      for (Operation &op : llvm::make_early_inc_range(block))
        if (auto kernel = dyn_cast<KernelOp>(op))
          fuseGate(kernel);
    });
  }
};

} // namespace
