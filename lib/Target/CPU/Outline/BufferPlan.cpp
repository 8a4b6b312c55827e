//===- BufferPlan.cpp - places of values between kernels ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Time is the position of an op in the entry, the body of a stack in place of
// the stack. A carried value, what the stack starts from, what its body yields
// and its result are one buffer: the body must be done with the old value
// before it makes the new one.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/Outline/BufferPlan.h"
#include "dialects/TenonCPU/IR/TenonCPU.h"

#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

bool tenon::cpu::isShared(KernelOp kernel) {
  auto rows =
      dyn_cast_or_null<RowsAttr>(kernel.getSchedule().value_or(Attribute()));
  return !rows || rows.getSplit() != Split::None;
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
  LogicalResult number(Block &block);
  LogicalResult join();
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

/// Gives ops their times, values their row spaces.
LogicalResult Planner::number(Block &block) {
  for (Operation &op : block) {
    start[&op] = now++;
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
      bool chooses = !kernel.getBody().getOps<RowsOp>().empty();
      RowSpace rows = RowSpace::Rows;
      for (Value input : kernel.getInputs())
        if (isTensor(input)) {
          rows = rowsOf(input);
          break;
        }
      for (Value result : kernel.getResults()) {
        rowSpaces[result] = chooses ? RowSpace::OutRows : rows;
        if (isTensor(result))
          tensors.push_back(result);
      }
      if (isShared(kernel))
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

/// Joins carried values; checks that the old value is dead in time.
LogicalResult Planner::join() {
  WalkResult result = entry.walk([&](StackOp stack) {
    for (auto [init, carried, yielded, result] :
         llvm::zip(stack.getInits(), stack.getCarried(),
                   stack.getYield().getOperands(), stack.getResults())) {
      if (!isTensor(carried))
        continue;
      if (!init.hasOneUse() || !init.getDefiningOp<KernelOp>() ||
          !yielded.getDefiningOp<KernelOp>()) {
        stack.emitOpError("expected carried tensors to be made by kernels and "
                          "used by the stack only");
        return WalkResult::interrupt();
      }
      int64_t made = start[yielded.getDefiningOp()];
      for (Operation *user : carried.getUsers())
        if (end[user] > made && !isa<YieldOp>(user)) {
          user->emitOpError("expected the last use of a carried tensor before "
                            "its next value is computed");
          return WalkResult::interrupt();
        }
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
  int64_t maxRows =
      entry->getAttrOfType<IntegerAttr>(kMaxRowsAttrName).getInt();
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
    auto type = cast<RankedTensorType>(value.getType());
    int64_t rowBytes = type.getElementTypeBitWidth() / 8;
    for (int64_t extent : type.getShape().drop_front())
      rowBytes *= extent;
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
    if (auto stack = dyn_cast<StackOp>(block->getParentOp()))
      if (!maker || isa<YieldOp>(*value.getUsers().begin()))
        last = std::max(last, end[stack]);
    auto barrier = llvm::lower_bound(barriers, last);
    buffer.end =
        std::max(buffer.end, barrier == barriers.end() ? now : *barrier);
    if (auto kernel = value.getDefiningOp<KernelOp>())
      buffer.isPrivate |= !isShared(kernel);
  }
  // A carried value belongs to all layers: its buffer is shared unless every
  // kernel that makes it is private, which the join cannot see. Take the arena
  // as soon as one maker shares its work out.
  for (Buffer &buffer : buffers)
    for (Value value : buffer.values)
      if (auto kernel = value.getDefiningOp<KernelOp>())
        if (isShared(kernel))
          buffer.isPrivate = false;
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
  if (block.getNumArguments() != 4 || !isTensor(block.getArgument(0)) ||
      !isTensor(block.getArgument(1)) || !isTensor(block.getArgument(2)))
    return entry.emitOpError("expected an entry (ids, positions, rows of the "
                             "logits, cache), but got ")
           << entry.getFunctionType();
  plan.places[block.getArgument(0)] = {Place::Ids};
  plan.places[block.getArgument(1)] = {Place::Positions};
  plan.places[block.getArgument(2)] = {Place::OutIndex, 0, RowSpace::OutRows};
  rowSpaces[block.getArgument(2)] = RowSpace::OutRows;
  if (failed(number(block)) || failed(join()))
    return failure();
  // Logits go straight to the caller's memory.
  Value logits = block.getTerminator()->getOperand(0);
  if (!logits.hasOneUse() || !logits.getDefiningOp<KernelOp>() ||
      rowsOf(logits) != RowSpace::OutRows)
    return entry.emitOpError("expected logits made by a kernel for chosen "
                             "rows, and returned only");
  plan.places[logits] = {Place::Logits, 0, RowSpace::OutRows};
  llvm::erase(tensors, logits);
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
