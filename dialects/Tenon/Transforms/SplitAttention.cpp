//===- SplitAttention.cpp - the slots of one row's attention in parts -----===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention of one row has only the cache's heads to share out, and these are
// few. Parts of the slots give every worker the same amount to read. Their
// number is fixed here and not by the workers, so that a result does not
// depend on how many there are.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/Support/MathExtras.h"

namespace tenon {
#define GEN_PASS_DEF_SPLITATTENTIONPASS
#include "dialects/Tenon/Transforms/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

namespace {

struct SplitAttentionPass
    : tenon::impl::SplitAttentionPassBase<SplitAttentionPass> {
  using SplitAttentionPassBase::SplitAttentionPassBase;
  void runOnOperation() override;
};

} // namespace

/// A kernel around one op of `inputs`, which `body` makes.
static KernelOp
makeKernel(OpBuilder &builder, Location loc, StringRef name, TypeRange results,
           ValueRange inputs,
           function_ref<ValueRange(OpBuilder &, ValueRange)> body) {
  auto kernel = KernelOp::create(
      builder, loc, results, builder.getStringAttr(name), inputs, Attribute());
  OpBuilder::InsertionGuard guard(builder);
  Block &block = kernel.getBody().emplaceBlock();
  for (Value input : inputs)
    block.addArgument(input.getType(), input.getLoc());
  builder.setInsertionPointToStart(&block);
  ValueRange made = body(builder, block.getArguments());
  YieldOp::create(builder, loc, made.take_front(results.size()));
  return kernel;
}

/// Replaces a kernel of one attention by one in parts and one that merges.
static void split(KernelOp kernel, AttentionOp attention, int64_t parts) {
  OpBuilder builder(kernel);
  Location loc = attention.getLoc();
  auto withParts = [&](RankedTensorType type) {
    SmallVector<int64_t> shape(type.getShape());
    shape.insert(shape.begin() + 2, parts);
    return RankedTensorType::get(shape, type.getElementType());
  };
  SmallVector<Type> types = {withParts(attention.getOutput().getType()),
                             withParts(attention.getLse().getType())};
  KernelOp partial = makeKernel(
      builder, loc, kernel.getName(), types, kernel.getInputs(),
      [&](OpBuilder &inner, ValueRange arguments) -> ValueRange {
        IRMapping mapping;
        mapping.map(kernel.getBody().getArguments(), arguments);
        auto made = cast<AttentionOp>(inner.clone(*attention, mapping));
        made.setParts(parts);
        for (auto [result, type] : llvm::zip(made->getResults(), types))
          result.setType(type);
        return made->getResults();
      });
  KernelOp merged = makeKernel(
      builder, loc, "merge_parts", kernel.getResultTypes(),
      partial.getResults(),
      [&](OpBuilder &inner, ValueRange arguments) -> ValueRange {
        return MergePartsOp::create(inner, loc, attention->getResultTypes(),
                                    arguments[0], arguments[1])
            ->getResults();
      });
  kernel->replaceAllUsesWith(merged->getResults());
  kernel->erase();
}

void SplitAttentionPass::runOnOperation() {
  if (units < 1) {
    getOperation().emitError("expected units >= 1, but got ")
        << units.getValue();
    return signalPassFailure();
  }
  if (!attendsByRow(getOperation()))
    return;
  SmallVector<std::pair<KernelOp, AttentionOp>> found;
  getOperation().walk([&](KernelOp kernel) {
    Block &block = kernel.getBody().front();
    auto attention = dyn_cast<AttentionOp>(block.front());
    // The op alone, its output first: what a kernel of attention is.
    if (attention && block.getOperations().size() == 2 &&
        !attention.getParts() && kernel.getNumResults() >= 1 &&
        llvm::equal(kernel.getYield().getOperands(),
                    attention->getResults().take_front(kernel.getNumResults())))
      found.push_back({kernel, attention});
  });
  for (auto [kernel, attention] : found) {
    int64_t heads = attention.getCache().getType().getHeads();
    int64_t parts = std::min<int64_t>(
        llvm::PowerOf2Ceil(llvm::divideCeil(units.getValue(), heads)), 32);
    if (parts > 1)
      split(kernel, attention, parts);
  }
}
