//===- FormKernels.cpp - group ops into kernels ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Decides what runs as one piece of machine code. Contractions of one input
// run together and take the gate or the residual addition that is their only
// use; norms, rotations and other work row by row joins its neighbours;
// embeddings, appends, attention and merges stand alone.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

namespace tenon {
#define GEN_PASS_DEF_FORMKERNELSPASS
#include "dialects/Tenon/Transforms/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

namespace {

struct FormKernelsPass : tenon::impl::FormKernelsPassBase<FormKernelsPass> {
  using FormKernelsPassBase::FormKernelsPassBase;
  void runOnOperation() override;
};

/// Ops that become one kernel, in block order, and where it goes.
struct Group {
  SmallVector<Operation *> ops;
  Operation *before = nullptr;
};

} // namespace

/// The only user of `value`, or null; null also where it is in a region of
/// its own, which runs once per layer.
static Operation *onlyUser(Value value) {
  if (!value.hasOneUse())
    return nullptr;
  Operation *user = *value.user_begin();
  return user->getBlock() == value.getParentBlock() ? user : nullptr;
}

/// Contractions that run with `linear`: with a gate its other side, else all
/// later ones of the same input that have no gate or addition of their own.
static Group groupLinear(LinearOp linear, const DenseSet<Operation *> &taken) {
  Group group;
  Operation *user = onlyUser(linear.getResult());
  if (taken.contains(user))
    user = nullptr;
  if (auto gate = dyn_cast_or_null<GateOp>(user)) {
    auto other = gate.getGate() == linear.getResult()
                     ? gate.getUp().getDefiningOp<LinearOp>()
                     : gate.getGate().getDefiningOp<LinearOp>();
    if (other && other != linear && !taken.contains(other) &&
        other.getInput() == linear.getInput() &&
        onlyUser(other.getResult()) == gate) {
      group.ops = {linear, other, gate};
      group.before = gate;
      return group;
    }
  }
  if (auto add = dyn_cast_or_null<arith::AddFOp>(user);
      add && add.getLhs() != add.getRhs()) {
    group.ops = {linear, add};
    group.before = add;
    return group;
  }
  group.before = linear;
  for (Operation *op = linear; op; op = op->getNextNode()) {
    auto next = dyn_cast<LinearOp>(op);
    if (!next || taken.contains(op) || next.getInput() != linear.getInput())
      continue;
    if (isa_and_nonnull<GateOp, arith::AddFOp>(onlyUser(next.getResult())) &&
        op != linear)
      continue;
    group.ops.push_back(op);
  }
  return group;
}

/// Marks in `chosen` the values of `block` that have a row per chosen row.
static void markChosen(Block &block, DenseSet<Value> &chosen) {
  for (Operation &op : block) {
    auto isChosen = [&](Value value) { return chosen.contains(value); };
    if (auto stack = dyn_cast<StackOp>(op)) {
      for (auto [init, carried, result] :
           llvm::zip(stack.getInits(), stack.getCarried(), stack.getResults()))
        if (isChosen(init)) {
          chosen.insert(carried);
          chosen.insert(result);
        }
      markChosen(stack.getBody().front(), chosen);
    } else if (isa<RowsOp>(op) || llvm::any_of(op.getOperands(), isChosen)) {
      chosen.insert(op.result_begin(), op.result_end());
    }
  }
}

/// Row by row work: `op` and what follows it without a gap.
static Group groupRows(Operation *op, const DenseSet<Operation *> &taken,
                       const DenseSet<Value> &chosen) {
  Group group;
  group.before = op;
  bool isChosen = chosen.contains(op->getResult(0));
  for (Operation *next = op; next && isRowOp(next) && !taken.contains(next);
       next = next->getNextNode()) {
    // A kernel loops over rows of one kind: chosen rows start another.
    if (next != op &&
        (isa<RowsOp>(next) || chosen.contains(next->getResult(0)) != isChosen))
      break;
    group.ops.push_back(next);
    group.before = next;
  }
  return group;
}

/// A name that tells what the kernel computes: its weights, or its ops.
static std::string nameGroup(const Group &group) {
  std::string name;
  auto add = [&](StringRef word) {
    if (!name.empty())
      name += '+';
    name += word;
  };
  llvm::SmallSetVector<StringRef, 4> words;
  for (Operation *op : group.ops) {
    if (auto linear = dyn_cast<LinearOp>(op)) {
      auto at = linear.getWeight().getDefiningOp<WeightAtOp>();
      words.insert(at ? at.getWeight() : StringRef("linear"));
    } else if (isa<arith::AddFOp>(op)) {
      continue;
    } else {
      words.insert(op->getName().stripDialect());
    }
  }
  for (StringRef word : words)
    add(word);
  return name.empty() ? "elementwise" : name;
}

static void formKernel(const Group &group) {
  DenseSet<Operation *> inside(group.ops.begin(), group.ops.end());
  SetVector<Value> inputs, results;
  for (Operation *op : group.ops) {
    for (Value operand : op->getOperands())
      if (!inside.contains(operand.getDefiningOp()))
        inputs.insert(operand);
    for (Value result : op->getResults())
      for (Operation *user : result.getUsers())
        if (!inside.contains(user))
          results.insert(result);
  }
  OpBuilder builder(group.before);
  SmallVector<Location> locations;
  for (Operation *op : group.ops)
    locations.push_back(op->getLoc());
  Location loc = FusedLoc::get(builder.getContext(), locations);
  SmallVector<Type> resultTypes(
      llvm::map_range(results, [](Value value) { return value.getType(); }));
  auto kernel = KernelOp::create(builder, loc, resultTypes,
                                 builder.getStringAttr(nameGroup(group)),
                                 inputs.getArrayRef(), Attribute());
  Block &block = kernel.getBody().emplaceBlock();
  IRMapping mapping;
  for (Value input : inputs)
    mapping.map(input, block.addArgument(input.getType(), input.getLoc()));
  builder.setInsertionPointToStart(&block);
  for (Operation *op : group.ops)
    builder.clone(*op, mapping);
  SmallVector<Value> yielded;
  for (Value result : results)
    yielded.push_back(mapping.lookup(result));
  YieldOp::create(builder, loc, yielded);
  for (auto [index, value] : llvm::enumerate(kernel.getResults()))
    Value(results[index]).replaceAllUsesWith(value);
  for (Operation *op : llvm::reverse(group.ops))
    op->erase();
}

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

static void formKernels(Block &block, const DenseSet<Value> &chosen) {
  hoistWeights(block);
  SmallVector<Group> groups;
  DenseSet<Operation *> taken;
  for (Operation &op : block) {
    if (auto stack = dyn_cast<StackOp>(op))
      formKernels(stack.getBody().front(), chosen);
    if (taken.contains(&op))
      continue;
    Group group;
    if (auto linear = dyn_cast<LinearOp>(op))
      group = groupLinear(linear, taken);
    else if (isRowOp(&op))
      group = groupRows(&op, taken, chosen);
    else if (isa<EmbeddingOp, CacheAppendOp, AttentionOp, MergeOp>(op))
      group = {{&op}, &op};
    else
      continue;
    taken.insert(group.ops.begin(), group.ops.end());
    groups.push_back(std::move(group));
  }
  for (const Group &group : groups)
    formKernel(group);
}

void FormKernelsPass::runOnOperation() {
  if (!getOperation()->hasAttr(kEntryAttrName) || getOperation().isExternal())
    return;
  Block &block = getOperation().getBody().front();
  DenseSet<Value> chosen;
  markChosen(block, chosen);
  formKernels(block, chosen);
}
