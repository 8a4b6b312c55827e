//===- RoundAttention.cpp - shorter numbers in attention of many rows -----===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention of many rows is bound by arithmetic. Pairs of bf16 multiply at
// twice the rate of f32, fours of bytes at four times. One row is bound by what
// it reads, so it stays exact. So does a layer that rounds nothing else:
// whoever keeps weights as floats wants their accuracy.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

namespace tenon {
#define GEN_PASS_DEF_ROUNDATTENTIONPASS
#include "dialects/Tenon/Transforms/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

namespace {

struct RoundAttentionPass
    : tenon::impl::RoundAttentionPassBase<RoundAttentionPass> {
  using RoundAttentionPassBase::RoundAttentionPassBase;
  void runOnOperation() override;
};

} // namespace

/// True when the layer that `attention` belongs to has rounded numbers.
static bool isInRoundedLayer(AttentionOp attention) {
  Operation *outer = attention;
  while (isa<KernelOp>(outer->getParentOp()))
    outer = outer->getParentOp();
  return outer->getBlock()
      ->walk([](QuantizeOp) { return WalkResult::interrupt(); })
      .wasInterrupted();
}

void RoundAttentionPass::runOnOperation() {
  if (!getOperation()->hasAttr(kMaxRowsAttrName) ||
      attendsByRow(getOperation()))
    return;
  Builder builder(&getContext());
  Type products = integers ? Type(builder.getI8Type()) : builder.getBF16Type();
  getOperation().walk([&](AttentionOp attention) {
    if (!attention.getParts() && isInRoundedLayer(attention))
      attention.setProductsAttr(TypeAttr::get(products));
  });
}
