//===- TenonFolds.cpp - canonical forms of stacks and kernels -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Only what changes no number: values that nobody uses, that arrive twice or
// that every layer passes on. Caches stay as they are threaded, since a region
// may see them only as carried values.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/IR/Tenon.h"

#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace tenon;

//===----------------------------------------------------------------------===//
// StackOp
//===----------------------------------------------------------------------===//

/// A stack without layers gives its inits.
static LogicalResult foldNoLayers(StackOp stack, PatternRewriter &rewriter) {
  if (stack.getFirst() != stack.getLast())
    return rewriter.notifyMatchFailure(stack, "runs at least one layer");
  rewriter.replaceOp(stack, stack.getInits());
  return success();
}

/// A value that the body passes on unchanged is used from outside.
static LogicalResult hoistInvariants(StackOp stack, PatternRewriter &rewriter) {
  YieldOp yield = stack.getYield();
  llvm::BitVector invariant(stack.getInits().size());
  for (auto [index, argument] : llvm::enumerate(stack.getCarried()))
    if (yield.getOperand(index) == argument &&
        !isa<CacheType>(argument.getType()))
      invariant.set(index);
  if (invariant.none())
    return rewriter.notifyMatchFailure(stack, "all values change");

  SmallVector<Value> inits, yielded, results;
  for (auto [index, init] : llvm::enumerate(stack.getInits()))
    if (invariant[index])
      rewriter.replaceAllUsesWith(stack.getCarried()[index], init);
    else
      inits.push_back(init);
  for (auto [index, value] : llvm::enumerate(yield.getOperands()))
    if (!invariant[index])
      yielded.push_back(value);
  auto kept = StackOp::create(rewriter, stack.getLoc(), stack.getFirstAttr(),
                              stack.getLastAttr(), inits);
  kept->setDiscardableAttrs(stack->getDiscardableAttrDictionary());
  auto next = kept.getResults().begin();
  for (auto [index, init] : llvm::enumerate(stack.getInits()))
    results.push_back(invariant[index] ? init : Value(*next++));
  rewriter.modifyOpInPlace(yield,
                           [&] { yield.getOperandsMutable().assign(yielded); });
  for (unsigned index = invariant.size(); index-- > 0;)
    if (invariant[index])
      stack.getBody().eraseArgument(index + 1);
  rewriter.inlineRegionBefore(stack.getBody(), kept.getBody(),
                              kept.getBody().end());
  rewriter.replaceOp(stack, results);
  return success();
}

void StackOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                          MLIRContext *) {
  patterns.add(foldNoLayers);
  patterns.add(hoistInvariants);
}

//===----------------------------------------------------------------------===//
// KernelOp
//===----------------------------------------------------------------------===//

/// Operands that the body does not use, or that arrive twice, and results that
/// nobody uses go. A schedule may count on them: scheduled kernels stay.
static LogicalResult dropUnused(KernelOp kernel, PatternRewriter &rewriter) {
  if (kernel.getSchedule())
    return rewriter.notifyMatchFailure(kernel, "has a schedule");
  Block &body = kernel.getBody().front();
  YieldOp yield = kernel.getYield();
  auto isCache = [](Value value) { return isa<CacheType>(value.getType()); };

  llvm::BitVector deadInputs(kernel.getInputs().size());
  llvm::SmallDenseMap<Value, unsigned> firstUse;
  SmallVector<std::pair<unsigned, unsigned>> twins;
  for (auto [index, input] : llvm::enumerate(kernel.getInputs())) {
    if (isCache(input))
      continue;
    auto [entry, isNew] = firstUse.try_emplace(input, index);
    if (!isNew)
      twins.emplace_back(index, entry->second);
    if (!isNew || body.getArgument(index).use_empty())
      deadInputs.set(index);
  }
  llvm::BitVector deadResults(kernel.getNumResults());
  for (auto [index, result] : llvm::enumerate(kernel.getResults()))
    if (result.use_empty() && !isCache(result))
      deadResults.set(index);
  if (deadInputs.none() && deadResults.none())
    return rewriter.notifyMatchFailure(kernel, "all values are used");

  for (auto [twin, first] : twins) {
    // The first of the twins stands for both.
    deadInputs.reset(first);
    rewriter.replaceAllUsesWith(body.getArgument(twin),
                                body.getArgument(first));
  }
  SmallVector<Value> inputs, yielded;
  SmallVector<Type> types;
  for (auto [index, input] : llvm::enumerate(kernel.getInputs()))
    if (!deadInputs[index])
      inputs.push_back(input);
  for (auto [index, result] : llvm::enumerate(kernel.getResults()))
    if (!deadResults[index]) {
      types.push_back(result.getType());
      yielded.push_back(yield.getOperand(index));
    }
  auto kept = KernelOp::create(rewriter, kernel.getLoc(), types,
                               kernel.getNameAttr(), inputs, Attribute());
  kept->setDiscardableAttrs(kernel->getDiscardableAttrDictionary());
  rewriter.modifyOpInPlace(yield,
                           [&] { yield.getOperandsMutable().assign(yielded); });
  body.eraseArguments(deadInputs);
  rewriter.inlineRegionBefore(kernel.getBody(), kept.getBody(),
                              kept.getBody().end());
  auto next = kept.getResults().begin();
  for (auto [index, result] : llvm::enumerate(kernel.getResults()))
    if (!deadResults[index])
      rewriter.replaceAllUsesWith(result, *next++);
  rewriter.eraseOp(kernel);
  return success();
}

void KernelOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                           MLIRContext *) {
  patterns.add(dropUnused);
}
