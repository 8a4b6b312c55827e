//===- AttendKernel.cpp - attention of many rows over a cache -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A unit is one cache head and a block of query rows, with all query heads of
// the group. Each tile of slots is converted once into a panel in the first
// cache and meets all queries of the block, a register tile of them at a time:
// scores (lanes are slots), a running maximum and sum, weighted values (lanes
// are elements). Positions decide what a register tile sees of a tile: nothing
// (it is skipped), some (masked) or all.
//
//===----------------------------------------------------------------------===//

#include "dialects/TenonCPU/IR/TenonCPU.h"
#include "lib/Target/CPU/Kernels/AttendBase.h"
#include "lib/Target/CPU/Kernels/AttendPanels.h"
#include "lib/Target/CPU/Kernels/PairProducts.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

namespace {

constexpr int32_t kFree = std::numeric_limits<int32_t>::max();

class AttendBuilder : AttendBase {
public:
  AttendBuilder(KernelOp kernel, const CPUTargetOptions &target,
                func::FuncOp function)
      : AttendBase(kernel, function),
        schedule(cast<AttendAttr>(*kernel.getSchedule())),
        panels(AttendPanels::create(e, op, target)),
        tileRows(schedule.getQueries()),
        padded(llvm::alignTo(group * schedule.getRows(), tileRows)) {}

  void build();

  static int64_t scratchBytes(AttentionOp op, AttendAttr schedule);

private:
  void emitUnit(Value unit);
  void emitStart();
  void emitTile(Value tile);
  void emitQueries(Value first, Value firstSlot, bool isMasked);
  void emitScores(Value first, Value firstSlot, bool isMasked);
  void emitValues(Value first);
  /// Row of the call and head of the group of query number `m` of the block;
  /// numbers beyond the block repeat its last query.
  std::pair<Value, Value> place(Value m);

  AttendAttr schedule;
  std::unique_ptr<AttendPanels> panels;
  int64_t tileRows, padded;
  Value own;                      // scratch memory: positions of the queries
  Value firstRow, queries, bound; // of the unit
};

} // namespace

int64_t AttendBuilder::scratchBytes(AttentionOp op, AttendAttr schedule) {
  CacheLayoutOf layout(op.getCache().getType());
  int64_t group = op.getQuery().getType().getDimSize(1) / layout.heads;
  int64_t tileRows = schedule.getQueries();
  int64_t padded = llvm::alignTo(group * schedule.getRows(), tileRows);
  return AttendPanels::bytes(op, padded, tileRows) +
         sumBytes(layout, padded, tileRows) + llvm::alignTo(padded * 4, 64);
}

int64_t tenon::cpu::getAttendScratch(AttentionOp op, AttendAttr schedule) {
  return AttendBuilder::scratchBytes(op, schedule);
}

std::pair<Value, Value> AttendBuilder::place(Value m) {
  Value number = e.min(m, e.sub(queries, e.index(1)));
  return {e.add(firstRow, e.div(number, group)), e.rem(number, group)};
}

/// Queries and their positions into scratch; empty sums.
void AttendBuilder::emitStart() {
  Value count = e.mul(e.divUp(queries, tileRows), tileRows);
  e.loop(e.index(0), count, 1, [&](Value m) {
    auto [row, member] = place(m);
    SmallVector<Value> x;
    for (int64_t d = 0; d < layout.padded; d += kLanes)
      x.push_back(loadQuery(row, member, d));
    panels->storeQuery(m, x);
    clearSums(m);
    e.store(e.load(positions, {row}), own, {m});
  });
}

/// Scores of a register tile against a tile of slots.
void AttendBuilder::emitScores(Value first, Value firstSlot, bool isMasked) {
  int64_t vectors = schedule.getVectors();
  Value none = e.splat(-std::numeric_limits<float>::infinity());
  auto emitColumn = [&](Value column) {
    SmallVector<Value> dots = panels->dotKeys(first, column, tileRows, vectors);
    for (int64_t v = 0; v < vectors; ++v) {
      Value slot = e.add(e.add(firstSlot, column), v * kLanes);
      Value position, bias;
      if (isMasked)
        position = e.loadVector(slotPositions, {slot});
      if (op.getKeyBias())
        bias = loadBias(slot);
      for (int64_t r = 0; r < tileRows; ++r) {
        Value &score = dots[r * vectors + v];
        if (factor == 1) {
          Value scale =
              e.splat(op.getScale().convertToDouble() * llvm::numbers::log2e);
          score = bias ? e.fma(score, scale, bias) : e.mulf(score, scale);
        }
        if (isMasked) {
          Value visible = isVisible(position, [&] {
            return e.broadcast(e.load(own, {e.add(first, r)}));
          });
          score = arith::SelectOp::create(e.b, visible, score, none);
        }
        e.storeVector(score, scores,
                      {e.add(column, r * kSlotTile + v * kLanes)});
      }
    }
  };
  if (vectors == kVectors)
    emitColumn(e.index(0));
  else
    e.loop(e.index(0), e.index(kSlotTile), vectors * kLanes, emitColumn);
}

/// Adds the weighted values of a tile.
void AttendBuilder::emitValues(Value first) {
  int64_t all = layout.padded / kLanes;
  int64_t blocks = llvm::divideCeil(all, schedule.getVectors());
  for (int64_t block = 0; block < blocks; ++block) {
    int64_t begin = all * block / blocks;
    int64_t vectors = all * (block + 1) / blocks - begin;
    auto sumAt = [&](int64_t r, int64_t v) {
      return e.add(e.mul(e.add(first, r), layout.padded), (begin + v) * kLanes);
    };
    SmallVector<Value> parts = panels->addValues(
        [&](int64_t r, int64_t v) { return e.loadVector(sums, {sumAt(r, v)}); },
        tileRows, begin, vectors);
    for (int64_t r = 0; r < tileRows; ++r)
      for (int64_t v = 0; v < vectors; ++v)
        e.storeVector(parts[r * vectors + v], sums, {sumAt(r, v)});
  }
}

void AttendBuilder::emitQueries(Value first, Value firstSlot, bool isMasked) {
  emitScores(first, firstSlot, isMasked);
  emitSoftmax(
      first, tileRows, [&](Value x) { return panels->exp2(x); },
      [&](int64_t r, ArrayRef<Value> weights, Value total) {
        return panels->storeWeights(r, weights, total);
      });
  emitValues(first);
}

/// All queries of the block against one tile.
void AttendBuilder::emitTile(Value tile) {
  Value firstSlot = e.mul(tile, kSlotTile);
  Value tileAt = layout.tileAt(e, head, tile);
  panels->convert(cells, tileAt,
                  e.min(e.sub(bound, firstSlot), e.index(kSlotTile)));
  auto bounds = e.loop(
      e.index(0), e.index(kSlotTile), kLanes,
      {e.i32Splat(kFree), e.i32Splat(std::numeric_limits<int32_t>::min())},
      [&](Value s, ValueRange carried) {
        Value position = e.loadVector(slotPositions, {e.add(firstSlot, s)});
        return SmallVector<Value>{
            arith::MinSIOp::create(e.b, carried[0], position),
            arith::MaxSIOp::create(e.b, carried[1], position)};
      });
  Value least =
      vector::ReductionOp::create(e.b, vector::CombiningKind::MINSI, bounds[0]);
  Value most =
      vector::ReductionOp::create(e.b, vector::CombiningKind::MAXSI, bounds[1]);
  Value free = arith::ConstantOp::create(e.b, e.b.getI32IntegerAttr(kFree));
  e.loop(e.index(0), queries, tileRows, [&](Value first) {
    // Positions rise with the rows.
    Value lowest = e.load(own, {first});
    Value highest = e.load(own, {e.add(first, tileRows - 1)});
    Value isSeen, isWhole;
    using Predicate = arith::CmpIPredicate;
    if (op.getMask() == MaskKind::Causal) {
      isSeen = arith::CmpIOp::create(e.b, Predicate::sle, least, highest);
      isWhole = arith::CmpIOp::create(e.b, Predicate::sle, most, lowest);
    } else {
      isSeen = arith::CmpIOp::create(e.b, Predicate::ne, least, free);
      isWhole = arith::CmpIOp::create(e.b, Predicate::ne, most, free);
    }
    auto seen = scf::IfOp::create(e.b, isSeen, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(e.b);
    e.b.setInsertionPointToStart(seen.thenBlock());
    auto whole = scf::IfOp::create(e.b, isWhole, /*withElseRegion=*/true);
    e.b.setInsertionPointToStart(whole.thenBlock());
    emitQueries(first, firstSlot, /*isMasked=*/false);
    e.b.setInsertionPointToStart(whole.elseBlock());
    emitQueries(first, firstSlot, /*isMasked=*/true);
  });
}

void AttendBuilder::emitUnit(Value unit) {
  Value blocks = e.divUp(rows, schedule.getRows());
  head = arith::DivUIOp::create(e.b, unit, blocks);
  Value number = arith::RemUIOp::create(e.b, unit, blocks);
  // Later rows see more: blocks come from both ends in turn, so that any range
  // of units has about as much work as another of its size.
  Value half = e.div(number, 2);
  Value isOdd = arith::CmpIOp::create(e.b, arith::CmpIPredicate::ne,
                                      e.rem(number, 2), e.index(0));
  Value block = arith::SelectOp::create(
      e.b, isOdd, e.sub(e.sub(blocks, e.index(1)), half), half);
  firstRow = e.mul(block, schedule.getRows());
  Value lastRow = e.min(e.add(firstRow, schedule.getRows()), rows);
  queries = e.mul(e.sub(lastRow, firstRow), group);
  emitStart();
  // Rows go to slots in order and positions rise: a causal block ends with its
  // own last row.
  bound = e.add(used, op.getMask() == MaskKind::Causal ? lastRow : rows);
  e.loop(e.index(0), e.divUp(bound, kSlotTile), 1,
         [&](Value tile) { emitTile(tile); });
  e.loop(e.index(0), queries, 1, [&](Value m) {
    auto [row, member] = place(m);
    emitResult(m, {row, e.add(e.mul(head, group), member)});
  });
}

void AttendBuilder::build() {
  int64_t at =
      panels->map(function.getArgument(arguments.scratch), padded, tileRows);
  takeSums(at, padded, tileRows);
  own = take(at, padded, e.b.getI32Type());
  emitUnits([&](Value unit) { emitUnit(unit); });
}

LogicalResult tenon::cpu::buildAttendKernel(KernelOp kernel,
                                            const CPUTargetOptions &target,
                                            func::FuncOp function) {
  auto op = cast<AttentionOp>(kernel.getBody().front().front());
  if (op.getProducts() && op.getProducts()->isBF16() && !hasPairs(target))
    return kernel.emitOpError("expected a CPU with avx512bf16 for products of "
                              "bf16 in kernel '")
           << kernel.getName() << "', but got one without; leave the products "
           << "exact";
  AttendBuilder(kernel, target, function).build();
  return success();
}
