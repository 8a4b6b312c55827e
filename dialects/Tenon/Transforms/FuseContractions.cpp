//===- FuseContractions.cpp - contractions of one input -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Decides that contractions which read the same input run as one (queries, keys
// and values): workers meet once for all of them and share out the rows of all
// their weights, so that small ones do not leave workers idle.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/Transforms/KernelFusion.h"
#include "dialects/Tenon/Transforms/Passes.h"

#include "llvm/ADT/MapVector.h"

namespace tenon {
#define GEN_PASS_DEF_FUSECONTRACTIONSPASS
#include "dialects/Tenon/Transforms/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

/// Fuses the kernels of one contraction each that read the same value, at the
/// place of the first. One that has taken a gate or an addition stays alone.
static void fuseContractions(Block &block) {
  llvm::MapVector<Value, SmallVector<KernelOp>> readers;
  for (auto kernel : block.getOps<KernelOp>())
    if (auto linear = getLoneOp<LinearOp>(kernel)) {
      SmallVector<KernelOp> &group =
          readers[getOuterValue(kernel, linear.getInput())];
      KernelOp first = group.empty() ? kernel : group.front();
      // An earlier reader may use what a later one makes from another input.
      group.push_back(kernel);
      if (!canMerge(group, first))
        group.pop_back();
    }
  for (auto &[input, group] : readers)
    if (group.size() > 1)
      mergeKernels(group, group.front());
}

namespace {

struct FuseContractionsPass
    : tenon::impl::FuseContractionsPassBase<FuseContractionsPass> {
  using FuseContractionsPassBase::FuseContractionsPassBase;

  void runOnOperation() override {
    forEachKernelBlock(getOperation(), fuseContractions);
  }
};

} // namespace
