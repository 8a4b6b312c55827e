//===- FormKernels.cpp - put work into kernels ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every op that computes something becomes a kernel of its own, and weights
// move to the start of their block, where every kernel can read them. What runs
// together is decided afterwards, by one fusion pass per reason; but ranking
// the outputs of a contraction means never to write them, so that is one kernel
// from the start.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/Transforms/KernelFusion.h"
#include "dialects/Tenon/Transforms/Passes.h"

namespace tenon {
#define GEN_PASS_DEF_FORMKERNELSPASS
#include "dialects/Tenon/Transforms/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

/// Weights are read at the start of a block: every kernel may use them.
static void hoistWeights(Block &block) {
  Operation *last = nullptr;
  for (Operation &op : llvm::make_early_inc_range(block)) {
    auto at = dyn_cast<WeightAtOp>(op);
    if (!at)
      continue;
    // A layer is an index of the block or a constant, which comes along.
    if (Value layer = at.getLayer())
      if (Operation *constant = layer.getDefiningOp();
          constant && constant->getBlock() == &block)
        constant->moveBefore(&block, block.begin());
    if (last)
      op.moveAfter(last);
    else
      op.moveBefore(&block, block.begin());
    last = &op;
  }
}

/// Ranking runs with the contraction that nothing else uses.
static void wrapWithProducer(TopKOp best) {
  KernelOp kernel = wrapInKernel(best);
  KernelOp producer = getSoleProducer(kernel.getInputs().front(), kernel);
  if (producer && getLoneOp<LinearOp>(producer) &&
      canMerge({producer, kernel}, kernel))
    mergeKernels({producer, kernel}, kernel);
}

namespace {

struct FormKernelsPass : tenon::impl::FormKernelsPassBase<FormKernelsPass> {
  using FormKernelsPassBase::FormKernelsPassBase;

  void runOnOperation() override {
    forEachKernelBlock(getOperation(), [](Block &block) {
      hoistWeights(block);
      for (Operation &op : llvm::make_early_inc_range(block))
        if (isRowOp(&op) ||
            isa<LinearOp, EmbeddingOp, CacheAppendOp, AttentionOp, MergeOp>(op))
          wrapInKernel(&op);
        else if (auto best = dyn_cast<TopKOp>(op))
          wrapWithProducer(best);
    });
  }
};

} // namespace
