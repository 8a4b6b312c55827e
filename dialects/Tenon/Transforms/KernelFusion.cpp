//===- KernelFusion.cpp - one kernel of several ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Decides what a fused kernel reads, yields and is called: inputs are what its
// ops read from outside, results what is used outside.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/Transforms/KernelFusion.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace tenon;

/// A name that tells what the kernel computes: its weights, or its ops.
static std::string nameKernel(KernelOp kernel) {
  llvm::SmallSetVector<StringRef, 4> words;
  for (Operation &op : kernel.getBody().front().without_terminator()) {
    if (auto linear = dyn_cast<LinearOp>(op)) {
      auto at =
          getOuterValue(kernel, linear.getWeight()).getDefiningOp<WeightAtOp>();
      words.insert(at ? at.getWeight() : StringRef("linear"));
    } else if (!isa<arith::AddFOp>(op)) {
      words.insert(op.getName().stripDialect());
    }
  }
  return words.empty() ? "elementwise" : llvm::join(words, "+");
}

/// A kernel before `before`, whose body is filled by `fill(builder, mapping)`
/// and yields `results`.
static KernelOp
makeKernel(Operation *before, ArrayRef<Location> locations,
           ArrayRef<Value> inputs, ArrayRef<Value> results,
           llvm::function_ref<void(OpBuilder &, IRMapping &)> fill) {
  OpBuilder builder(before);
  Location loc = FusedLoc::get(builder.getContext(), locations);
  auto kernel =
      KernelOp::create(builder, loc, TypeRange(ValueRange(results)),
                       builder.getStringAttr(""), inputs, Attribute());
  Block &block = kernel.getBody().emplaceBlock();
  IRMapping mapping;
  for (Value input : inputs)
    mapping.map(input, block.addArgument(input.getType(), input.getLoc()));
  builder.setInsertionPointToStart(&block);
  fill(builder, mapping);
  SmallVector<Value> yielded;
  for (Value result : results)
    yielded.push_back(mapping.lookup(result));
  YieldOp::create(builder, loc, yielded);
  kernel.setName(nameKernel(kernel));
  return kernel;
}

KernelOp tenon::wrapInKernel(Operation *op) {
  SetVector<Value> inputs(op->operand_begin(), op->operand_end());
  SmallVector<Value> results;
  for (Value result : op->getResults())
    if (!result.use_empty())
      results.push_back(result);
  KernelOp kernel = makeKernel(op, op->getLoc(), inputs.getArrayRef(), results,
                               [&](OpBuilder &builder, IRMapping &mapping) {
                                 builder.clone(*op, mapping);
                               });
  for (auto [result, made] : llvm::zip(results, kernel.getResults()))
    result.replaceAllUsesWith(made);
  op->erase();
  return kernel;
}

KernelOp tenon::mergeKernels(ArrayRef<KernelOp> kernels, KernelOp at) {
  DenseSet<Operation *> inside;
  for (KernelOp kernel : kernels)
    inside.insert(kernel);
  SetVector<Value> inputs, results;
  SmallVector<Location> locations;
  for (KernelOp kernel : kernels) {
    for (Value input : kernel.getInputs())
      if (!inside.contains(input.getDefiningOp()))
        inputs.insert(input);
    for (Value result : kernel.getResults())
      for (Operation *user : result.getUsers())
        if (!inside.contains(user))
          results.insert(result);
    for (Operation &op : kernel.getBody().front().without_terminator())
      locations.push_back(op.getLoc());
  }
  auto fill = [&](OpBuilder &builder, IRMapping &mapping) {
    for (KernelOp kernel : kernels) {
      Block &body = kernel.getBody().front();
      for (auto [argument, input] :
           llvm::zip(body.getArguments(), kernel.getInputs()))
        mapping.map(argument, mapping.lookup(input));
      for (Operation &op : body.without_terminator())
        builder.clone(op, mapping);
      for (auto [result, yielded] :
           llvm::zip(kernel.getResults(), kernel.getYield().getOperands()))
        mapping.map(result, mapping.lookup(yielded));
    }
  };
  KernelOp merged = makeKernel(at, locations, inputs.getArrayRef(),
                               results.getArrayRef(), fill);
  for (auto [result, made] : llvm::zip(results, merged.getResults()))
    Value(result).replaceAllUsesWith(made);
  for (KernelOp kernel : llvm::reverse(kernels))
    kernel.erase();
  return merged;
}

bool tenon::canMerge(ArrayRef<KernelOp> kernels, KernelOp at) {
  DenseSet<Operation *> inside;
  for (KernelOp kernel : kernels) {
    inside.insert(kernel);
    // Work that moves past other work touches no cache.
    if (kernel.getSchedule() || (kernel != at && !isMemoryEffectFree(kernel)))
      return false;
  }
  for (KernelOp kernel : kernels) {
    for (Value input : kernel.getInputs()) {
      Operation *maker = input.getDefiningOp();
      if (maker && maker->getBlock() == at->getBlock() &&
          !inside.contains(maker) && !maker->isBeforeInBlock(at))
        return false;
    }
    for (Operation *user : kernel->getUsers()) {
      // A use in a nested stack counts where the stack is.
      Operation *here = at->getBlock()->findAncestorOpInBlock(*user);
      if (!inside.contains(user) && (!here || here->isBeforeInBlock(at)))
        return false;
    }
  }
  return true;
}

bool tenon::isRowWork(KernelOp kernel) {
  return llvm::all_of(kernel.getBody().front().without_terminator(),
                      [](Operation &op) { return isRowOp(&op); });
}

KernelOp tenon::getSoleProducer(Value value, Operation *user) {
  auto kernel = value.getDefiningOp<KernelOp>();
  if (!kernel || kernel->getNumResults() != 1 || !value.hasOneUse() ||
      *value.user_begin() != user || kernel->getBlock() != user->getBlock())
    return {};
  return kernel;
}

Value tenon::getOuterValue(KernelOp kernel, Value argument) {
  auto number = dyn_cast<BlockArgument>(argument);
  return number ? kernel.getInputs()[number.getArgNumber()] : Value();
}

void tenon::forEachKernelBlock(func::FuncOp function,
                               llvm::function_ref<void(Block &)> fuse) {
  if (!function->hasAttr(kEntryAttrName) || function.isExternal())
    return;
  SmallVector<Block *> blocks = {&function.getBody().front()};
  function.walk(
      [&](StackOp stack) { blocks.push_back(&stack.getBody().front()); });
  for (Block *block : blocks)
    fuse(*block);
}
