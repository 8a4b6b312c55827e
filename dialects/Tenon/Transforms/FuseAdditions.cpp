//===- FuseAdditions.cpp - a residual addition with its contraction -------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Decides that a contraction adds the residual to its sums before it writes
// them. The addition alone would read and write both once more, and all
// workers would meet once more, because the layers carry the sum.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/Transforms/KernelFusion.h"
#include "dialects/Tenon/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace tenon {
#define GEN_PASS_DEF_FUSEADDITIONSPASS
#include "dialects/Tenon/Transforms/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

/// Fuses a kernel of one addition with the contraction that makes a side of it
/// for nobody else. Where both sides are contractions the first takes the
/// addition, with the other's result as its residual.
static void fuseAddition(KernelOp kernel) {
  auto add = getLoneOp<arith::AddFOp>(kernel);
  if (!add || add.getLhs() == add.getRhs())
    return;
  KernelOp first;
  for (Value side : {add.getLhs(), add.getRhs()}) {
    KernelOp maker = getSoleProducer(getOuterValue(kernel, side), kernel);
    if (!maker || !getLoneOp<LinearOp>(maker) ||
        !canMerge({maker, kernel}, kernel))
      continue;
    if (!first || maker->isBeforeInBlock(first))
      first = maker;
  }
  if (first)
    mergeKernels({first, kernel}, kernel);
}

namespace {

struct FuseAdditionsPass
    : tenon::impl::FuseAdditionsPassBase<FuseAdditionsPass> {
  using FuseAdditionsPassBase::FuseAdditionsPassBase;

  void runOnOperation() override {
    forEachKernelBlock(getOperation(), [](Block &block) {
      for (Operation &op : llvm::make_early_inc_range(block))
        if (auto kernel = dyn_cast<KernelOp>(op))
          fuseAddition(kernel);
    });
  }
};

} // namespace
