//===- BufferPlan.cpp - places of values between kernels ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Time is the position of an op in the entry, the body of a stack in place of
// the stack; workers may be anywhere in a run of rows, so all of it starts at
// once. A carried value, what the stack starts from, what its body yields and
// its result are one buffer: the body must be done with the old value before it
// makes the new one.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/Outline/BufferPlan.h"
#include "dialects/TenonCPU/IR/ActivationLayout.h"
#include "dialects/TenonCPU/IR/TenonCPU.h"
#include "lib/Target/CPU/Outline/CheckEntry.h"
#include "lib/Target/CPU/Outline/RowRuns.h"

#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

bool tenon::cpu::isShared(KernelOp kernel) {
  auto rows =
      dyn_cast_or_null<RowsAttr>(kernel.getSchedule().value_or(Attribute()));
  return !rows ||
         (rows.getSplit() != Split::None && rows.getSplit() != Split::One);
}

namespace {

/// A buffer: one value, or carried values that share one.
struct Buffer {
  int64_t bytes = 0;
  int64_t start = std::numeric_limits<int64_t>::max();
  int64_t end = -1;
  bool isPrivate = false;
  SmallVector<Value> values;
  int64_t offset = -1;
};

class Planner {
public:
  explicit Planner(func::FuncOp entry) : entry(entry) {}
  FailureOr<BufferPlan> run();

private:
  LogicalResult countRows(KernelOp kernel);
  LogicalResult number(Block &block);
  LogicalResult join();
  LogicalResult checkCarried(StackOp stack, unsigned index);
  void measure();
  void allocate(bool isPrivate, int64_t &total);
  /// Time of an op, or the end of the stack that holds it as seen from
  /// `block`.
  int64_t timeOf(Operation *user, Block *block);
  RowSpace rowsOf(Value value);

  func::FuncOp entry;
  int64_t now = 0;
  DenseMap<Operation *, int64_t> start, end;
  SmallVector<int64_t> barriers;
  SmallVector<Value> tensors;
  llvm::EquivalenceClasses<const void *> classes;
  DenseMap<Value, RowSpace> rowSpaces;
  SmallVector<Buffer> buffers;
  BufferPlan plan;
};

} // namespace

static bool isTensor(Value value) {
  return isa<RankedTensorType>(value.getType());
}

RowSpace Planner::rowsOf(Value value) {
  auto it = rowSpaces.find(value);
  return it == rowSpaces.end() ? RowSpace::Rows : it->second;
}

/// Finds which rows each value of a kernel counts. A kernel loops over one
/// range of rows, so all its results count the same.
LogicalResult Planner::countRows(KernelOp kernel) {
  for (auto [argument, input] :
       llvm::zip(kernel.getBody().front().getArguments(), kernel.getInputs()))
    if (isTensor(input))
      rowSpaces[argument] = rowsOf(input);
  for (Operation &op : kernel.getBody().front().without_terminator()) {
    std::optional<RowSpace> rows;
    if (auto chosen = dyn_cast<RowsOp>(op))
      rows = rowsOf(chosen.getIndex());
    else
      for (Value operand : op.getOperands()) {
        if (!isTensor(operand))
          continue;
        if (rows && *rows != rowsOf(operand))
          return op.emitOpError("expected operands that count the same rows, "
                                "but got all rows and chosen ones");
        rows = rowsOf(operand);
      }
    for (Value result : op.getResults())
      rowSpaces[result] = rows.value_or(RowSpace::Rows);
  }
  std::optional<RowSpace> rows;
  for (auto [result, yielded] :
       llvm::zip(kernel.getResults(), kernel.getYield().getOperands())) {
    if (!isTensor(result))
      continue;
    if (rows && *rows != rowsOf(yielded))
      return kernel.emitOpError("expected kernel '")
             << kernel.getName()
             << "' to give values that count the same rows; put work on chosen "
                "rows into a kernel of its own";
    rows = rowSpaces[result] = rowsOf(yielded);
  }
  return success();
}

/// Gives ops their times, values their row spaces.
LogicalResult Planner::number(Block &block) {
  // Workers meet after the last kernel of a run.
  DenseMap<Operation *, std::pair<KernelOp, KernelOp>> runs;
  for (RowRun &run : findRowRuns(block))
    for (KernelOp kernel : run)
      runs[kernel] = {run.front(), run.back()};
  for (Operation &op : block) {
    auto [first, last] = runs.lookup(&op);
    start[&op] = first && first != &op ? start[first] : now++;
    if (auto stack = dyn_cast<StackOp>(op)) {
      for (auto [init, carried, result] : llvm::zip(
               stack.getInits(), stack.getCarried(), stack.getResults())) {
        rowSpaces[carried] = rowSpaces[result] = rowsOf(init);
        if (isTensor(carried))
          tensors.append({carried, result});
      }
      if (failed(number(stack.getBody().front())))
        return failure();
    } else if (auto kernel = dyn_cast<KernelOp>(op)) {
      if (failed(countRows(kernel)))
        return failure();
      for (Value result : kernel.getResults())
        if (isTensor(result))
          tensors.push_back(result);
      if (isShared(kernel) && (!last || last == kernel))
        barriers.push_back(now);
    } else if (!isa<WeightAtOp, YieldOp, func::ReturnOp>(op)) {
      return op.emitOpError("expected only kernels, stacks and weights in a "
                            "scheduled entry; form kernels first");
    }
    end[&op] = now++;
  }
  return success();
}

int64_t Planner::timeOf(Operation *user, Block *block) {
  // Inside a stack that does not hold the value, a later layer reads it again.
  while (user->getBlock() != block)
    user = user->getBlock()->getParentOp();
  return end[user];
}

/// Fails unless the values that a stack carries at `index` can share one
/// buffer: all workers write each of them together, and only after all workers
/// have read the one before.
LogicalResult Planner::checkCarried(StackOp stack, unsigned index) {
  Value init = stack.getInits()[index];
  Value carried = stack.getCarried()[index];
  OperandRange yields = stack.getYield().getOperands();
  Value yielded = yields[index];
  auto maker = yielded.getDefiningOp<KernelOp>();
  if (!init.hasOneUse() ||
      !isa_and_nonnull<KernelOp, StackOp>(init.getDefiningOp()) || !maker ||
      llvm::count(yields, yielded) != 1)
    return stack.emitOpError("expected carried tensors to be made by kernels, "
                             "each carried once, and used by the stack only");
  if (rowsOf(init) != rowsOf(yielded))
    return stack.emitOpError("expected all values of a carried tensor to count "
                             "the same rows");
  for (KernelOp kernel : {maker, init.getDefiningOp<KernelOp>()})
    if (kernel && !isShared(kernel))
      return kernel.emitOpError("expected workers to share out what a stack "
                                "carries; use split = rows for kernel '")
             << kernel.getName() << "'";
  for (Operation *user : carried.getUsers()) {
    int64_t read = timeOf(user, carried.getParentBlock());
    if (isa<YieldOp>(user) && user->getParentOp() == stack)
      continue;
    if (read > start[maker])
      return user->emitOpError("expected the last use of a carried tensor "
                               "before its next value is computed");
    auto barrier = llvm::lower_bound(barriers, read);
    if (barrier == barriers.end() || *barrier >= start[maker])
      return user->emitOpError("expected workers to meet after the last use of "
                               "a carried tensor and before its next value is "
                               "computed; use split = rows");
  }
  return success();
}

/// Joins carried values.
LogicalResult Planner::join() {
  WalkResult result = entry.walk([&](StackOp stack) {
    for (auto [init, carried, yielded, result] :
         llvm::zip(stack.getInits(), stack.getCarried(),
                   stack.getYield().getOperands(), stack.getResults())) {
      if (!isTensor(carried))
        continue;
      if (failed(checkCarried(stack,
                              cast<BlockArgument>(carried).getArgNumber() - 1)))
        return WalkResult::interrupt();
      for (Value other : {Value(init), Value(yielded), Value(result)})
        classes.unionSets(carried.getAsOpaquePointer(),
                          other.getAsOpaquePointer());
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

/// Makes one buffer per class: its size and its life.
void Planner::measure() {
  int64_t maxRows = *getMaxRows(entry);
  DenseMap<const void *, size_t> numberOf;
  for (Value value : tensors) {
    const void *key = value.getAsOpaquePointer();
    if (classes.contains(key))
      key = classes.getLeaderValue(key);
    auto [it, isNew] = numberOf.try_emplace(key, buffers.size());
    if (isNew)
      buffers.emplace_back();
    Buffer &buffer = buffers[it->second];
    buffer.values.push_back(value);
    int64_t rowBytes = getRowBytes(cast<RankedTensorType>(value.getType()));
    buffer.bytes =
        std::max<int64_t>(buffer.bytes, llvm::alignTo(maxRows * rowBytes, 64));
    Block *block = value.getParentBlock();
    Operation *maker = value.getDefiningOp();
    int64_t made = maker ? start[maker] : start[block->getParentOp()];
    buffer.start = std::min(buffer.start, made);
    int64_t last = made;
    for (Operation *user : value.getUsers())
      last = std::max(last, timeOf(user, block));
    // A carried value is alive through its whole stack: layers repeat.
    if (auto stack = dyn_cast<StackOp>(block->getParentOp()); stack && !maker)
      last = std::max(last, end[stack]);
    auto barrier = llvm::lower_bound(barriers, last);
    buffer.end =
        std::max(buffer.end, barrier == barriers.end() ? now : *barrier);
    if (auto kernel = value.getDefiningOp<KernelOp>())
      buffer.isPrivate |= !isShared(kernel);
  }
}

/// First fit in order of size, among buffers whose lives overlap.
void Planner::allocate(bool isPrivate, int64_t &total) {
  SmallVector<Buffer *> order;
  for (Buffer &buffer : buffers)
    if (buffer.isPrivate == isPrivate)
      order.push_back(&buffer);
  // Buffers lie in one array: their addresses order equal sizes.
  llvm::sort(order, [](const Buffer *a, const Buffer *b) {
    return a->bytes != b->bytes ? a->bytes > b->bytes : a < b;
  });
  SmallVector<Buffer *> placed;
  for (Buffer *buffer : order) {
    SmallVector<std::pair<int64_t, int64_t>> busy;
    for (Buffer *other : placed)
      if (other->start <= buffer->end && buffer->start <= other->end)
        busy.push_back({other->offset, other->offset + other->bytes});
    llvm::sort(busy);
    int64_t at = 0;
    for (auto [from, to] : busy) {
      if (at + buffer->bytes <= from)
        break;
      at = std::max(at, to);
    }
    buffer->offset = at;
    total = std::max(total, at + buffer->bytes);
    placed.push_back(buffer);
  }
}

FailureOr<BufferPlan> Planner::run() {
  Block &block = entry.getBody().front();
  plan.places[block.getArgument(0)] = {Place::Ids};
  plan.places[block.getArgument(1)] = {Place::Positions};
  plan.places[block.getArgument(2)] = {Place::OutIndex, 0, RowSpace::OutRows};
  rowSpaces[block.getArgument(2)] = RowSpace::OutRows;
  if (hasTopK(entry)) {
    plan.places[block.getArgument(3)] = {Place::TopIndex, 0, RowSpace::TopRows};
    rowSpaces[block.getArgument(3)] = RowSpace::TopRows;
  }
  if (failed(number(block)) || failed(join()))
    return failure();
  // What is returned goes straight to the caller's memory.
  OperandRange returned = block.getTerminator()->getOperands();
  auto placeResult = [&](Value value, Place place, StringRef what) {
    if (!value.hasOneUse() || !value.getDefiningOp<KernelOp>() ||
        rowsOf(value) != place.rows)
      return LogicalResult(entry.emitOpError("expected ")
                           << what
                           << " made by a kernel for chosen rows, and returned "
                              "only");
    plan.places[value] = place;
    llvm::erase(tensors, value);
    return success();
  };
  if (failed(placeResult(returned[0], {Place::Logits, 0, RowSpace::OutRows},
                         "logits")))
    return failure();
  if (hasTopK(entry) &&
      (failed(placeResult(returned[1], {Place::TopLogits, 0, RowSpace::TopRows},
                          "the best logits")) ||
       failed(placeResult(returned[2], {Place::TopIds, 0, RowSpace::TopRows},
                          "the best tokens"))))
    return failure();
  measure();
  allocate(/*isPrivate=*/false, plan.arenaBytes);
  allocate(/*isPrivate=*/true, plan.privateBytes);
  for (Buffer &buffer : buffers)
    for (Value value : buffer.values)
      plan.places[value] = {buffer.isPrivate ? Place::Private : Place::Arena,
                            buffer.offset, rowsOf(value)};
  return plan;
}

FailureOr<BufferPlan> tenon::cpu::planBuffers(func::FuncOp entry) {
  return Planner(entry).run();
}
