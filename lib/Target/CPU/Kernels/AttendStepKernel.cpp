//===- AttendStepKernel.cpp - attention of one row over a cache -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A unit is one part of the slots of one cache head, with all query heads of
// the group, and is read once, front to back: per tile scores (lanes are
// slots), a running maximum and sum, weighted values (lanes are elements). Of a
// tile only what is filled is read.
// While a tile is read the next one is fetched into the second cache: tiles of
// a head lie apart, and each is too short a stream for a processor to foresee.
// Where parts begin follows from the slots that are filled, so results do not
// depend on the number of workers. Exponentials are powers of two: the queries
// carry the factor.
//
//===----------------------------------------------------------------------===//

#include "dialects/TenonCPU/IR/TenonCPU.h"
#include "lib/Target/CPU/Kernels/AttendBase.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

namespace {

class AttendStepBuilder : AttendBase {
public:
  AttendStepBuilder(KernelOp kernel, func::FuncOp function)
      : AttendBase(kernel, function),
        schedule(cast<AttendStepAttr>(*kernel.getSchedule())),
        parts(op.getParts().value_or(1)) {}

  void build();

  static int64_t scratchBytes(const CacheLayoutOf &layout, int64_t group) {
    return group * layout.padded * 4 + sumBytes(layout, group, group);
  }

private:
  void emitUnit(Value number);
  void emitStart();
  void emitTile(Value tile);
  void fetch(Value at, int64_t vectors);
  Value nextTile(Value tile, Value tileAt);
  void emitScores(int64_t first, int64_t count, Value firstSlot, Value slots,
                  Value tileAt);
  void emitColumn(int64_t first, int64_t count, Value firstSlot, Value tileAt,
                  Value column);
  void emitValues(int64_t first, int64_t count, Value tileAt, Value slots);
  /// Where the results of query head `m` of the group go.
  SmallVector<Value> place(Value m);

  AttendStepAttr schedule;
  int64_t parts;
  Value scaled;                    // scratch memory: queries times the factor
  Value unit, row, part, lastTile; // of the unit
  Value tiles;                     // filled ones
  Value nextAt;                    // what to fetch while a tile is read
};

} // namespace

int64_t tenon::cpu::getAttendStepScratch(const CacheLayoutOf &layout,
                                         int64_t group) {
  return AttendStepBuilder::scratchBytes(layout, group);
}

SmallVector<Value> AttendStepBuilder::place(Value m) {
  SmallVector<Value> to = {row, e.add(e.mul(head, group), m)};
  if (op.getParts())
    to.push_back(part);
  return to;
}

/// Scaled queries into scratch; empty sums.
void AttendStepBuilder::emitStart() {
  Value scale = e.splat(op.getScale().convertToDouble() * llvm::numbers::log2e);
  e.loop(e.index(0), e.index(group), 1, [&](Value m) {
    for (int64_t d = 0; d < layout.padded; d += kLanes)
      e.storeVector(e.mulf(loadQuery(row, m, d), scale), scaled,
                    {e.add(e.mul(m, layout.padded), d)});
    clearSums(m);
  });
}

/// Asks for `vectors` vectors of the cache that are read a tile later.
void AttendStepBuilder::fetch(Value at, int64_t vectors) {
  int64_t line = 64 / layout.elementBytes();
  for (int64_t i = 0; i < vectors * kLanes; i += line)
    e.prefetch(cells, e.add(at, i));
}

/// Where the tile lies that this worker most likely reads after `tile`; the
/// same one if there is none.
Value AttendStepBuilder::nextTile(Value tile, Value tileAt) {
  auto is = [&](arith::CmpIPredicate predicate, Value x, Value y) -> Value {
    return arith::CmpIOp::create(e.b, predicate, x, y);
  };
  auto select = [&](Value condition, Value x, Value y) -> Value {
    return arith::SelectOp::create(e.b, condition, x, y);
  };
  using Predicate = arith::CmpIPredicate;
  Value next = e.add(tile, 1);
  Value isInside = arith::OrIOp::create(
      e.b, is(Predicate::ult, next, lastTile),
      is(Predicate::ult, e.add(unit, 1), function.getArgument(arguments.last)));
  Value isHeads = is(Predicate::ult, next, tiles);
  Value nextHead = e.rem(e.add(head, 1), layout.heads);
  Value at = layout.tileAt(e, select(isHeads, head, nextHead),
                           select(isHeads, next, e.index(0)));
  return select(isInside, at, tileAt);
}

/// Scores of query heads against the column of a tile that starts with slot
/// `column` of it: several elements at a time, each with sums of its own, so
/// that the keys are one stream and no sum waits for itself.
void AttendStepBuilder::emitColumn(int64_t first, int64_t count,
                                   Value firstSlot, Value tileAt,
                                   Value column) {
  int64_t parts = std::min(schedule.getVectors(), layout.dim);
  Value slot = e.add(firstSlot, column);
  Value start = e.mul(column, layout.dim);
  // Sum `part` of query head r is at part * count + r.
  auto addElements = [&](Value d, int64_t number, SmallVector<Value> sums) {
    Value from = e.add(start, e.mul(d, kLanes));
    for (int64_t part = 0; part < number; ++part) {
      Value at = e.add(from, part * kLanes);
      Value key = e.toF32(e.loadVector(cells, {e.add(tileAt, at)}));
      for (int64_t r = 0; r < count; ++r) {
        Value x =
            e.load(scaled, {e.add(d, (first + r) * layout.padded + part)});
        Value &sum = sums[part * count + r];
        sum = e.fma(e.broadcast(x), key, sum);
      }
    }
    if (first == 0)
      fetch(e.add(nextAt, from), number);
    return sums;
  };
  SmallVector<Value> sums(parts * count, e.splat(0));
  if (op.getKeyBias())
    std::fill_n(sums.begin(), count, loadBias(slot));
  int64_t whole = layout.dim / parts * parts;
  sums = e.loop(e.index(0), e.index(whole), parts, sums,
                [&](Value d, ValueRange carried) {
                  return addElements(d, parts, SmallVector<Value>(carried));
                });
  if (whole < layout.dim)
    sums = addElements(e.index(whole), layout.dim - whole, sums);
  Value visible = isVisible(e.loadVector(slotPositions, {slot}), [&] {
    return e.broadcast(e.load(positions, {row}));
  });
  Value none = e.splat(-std::numeric_limits<float>::infinity());
  for (int64_t r = 0; r < count; ++r) {
    for (int64_t left = parts; left > 1; left = llvm::divideCeil(left, 2))
      for (int64_t part = 0; part < left / 2; ++part) {
        Value &sum = sums[part * count + r];
        sum = e.addf(sum, sums[(part + llvm::divideCeil(left, 2)) * count + r]);
      }
    Value score = arith::SelectOp::create(e.b, visible, sums[r], none);
    e.storeVector(score, scores, {e.add(column, r * kSlotTile)});
  }
}

/// Scores of query heads against the first `slots` slots of the tile that
/// starts with `firstSlot`; what lies behind is not read.
void AttendStepBuilder::emitScores(int64_t first, int64_t count,
                                   Value firstSlot, Value slots, Value tileAt) {
  Value end = e.mul(e.divUp(slots, kLanes), kLanes);
  e.loop(e.index(0), end, kLanes, [&](Value column) {
    emitColumn(first, count, firstSlot, tileAt, column);
  });
  e.loop(end, e.index(kSlotTile), kLanes, [&](Value column) {
    for (int64_t r = 0; r < count; ++r)
      e.storeVector(e.splat(-std::numeric_limits<float>::infinity()), scores,
                    {e.add(column, r * kSlotTile)});
  });
}

/// Adds the weighted values of the first `slots` slots of a tile.
void AttendStepBuilder::emitValues(int64_t first, int64_t count, Value tileAt,
                                   Value slots) {
  Value base = e.add(tileAt, layout.valuesAt());
  int64_t all = layout.padded / kLanes;
  int64_t blocks = llvm::divideCeil(all, schedule.getVectors());
  for (int64_t block = 0; block < blocks; ++block) {
    int64_t begin = all * block / blocks;
    int64_t vectors = all * (block + 1) / blocks - begin;
    auto sumAt = [&](int64_t r, int64_t v) {
      return e.index((first + r) * layout.padded + (begin + v) * kLanes);
    };
    SmallVector<Value> added;
    for (int64_t r = 0; r < count; ++r)
      for (int64_t v = 0; v < vectors; ++v)
        added.push_back(e.loadVector(sums, {sumAt(r, v)}));
    added =
        e.loop(e.index(0), slots, 1, added, [&](Value s, ValueRange carried) {
          SmallVector<Value> next(carried);
          Value from = e.add(base, e.mul(s, layout.padded));
          if (first == 0)
            fetch(e.add(e.add(nextAt, layout.valuesAt() + begin * kLanes),
                        e.mul(s, layout.padded)),
                  vectors);
          SmallVector<Value> value;
          for (int64_t v = 0; v < vectors; ++v)
            value.push_back(e.toF32(
                e.loadVector(cells, {e.add(from, (begin + v) * kLanes)})));
          for (int64_t r = 0; r < count; ++r) {
            Value weight =
                e.broadcast(e.load(scores, {e.add(s, r * kSlotTile)}));
            for (int64_t v = 0; v < vectors; ++v)
              next[r * vectors + v] =
                  e.fma(weight, value[v], next[r * vectors + v]);
          }
          return next;
        });
    for (int64_t r = 0; r < count; ++r)
      for (int64_t v = 0; v < vectors; ++v)
        e.storeVector(added[r * vectors + v], sums, {sumAt(r, v)});
  }
}

/// Query heads against a tile, as many at a time as registers hold; the first
/// of them bring it into the cache.
void AttendStepBuilder::emitTile(Value tile) {
  Value firstSlot = e.mul(tile, kSlotTile);
  Value tileAt = layout.tileAt(e, head, tile);
  nextAt = nextTile(tile, tileAt);
  Value slots = e.min(e.sub(e.add(used, rows), firstSlot), e.index(kSlotTile));
  for (int64_t first = 0; first < group; first += schedule.getQueries()) {
    int64_t count = std::min(schedule.getQueries(), group - first);
    emitScores(first, count, firstSlot, slots, tileAt);
    emitSoftmax(
        e.index(first), count, [&](Value x) { return e.exp2(x); },
        [&](int64_t r, ArrayRef<Value> weights, Value total) {
          for (auto [v, weight] : llvm::enumerate(weights)) {
            int64_t at = r * kSlotTile + static_cast<int64_t>(v) * kLanes;
            e.storeVector(weight, scores, {e.index(at)});
            total = e.addf(total, weight);
          }
          return total;
        });
    emitValues(first, count, tileAt, slots);
  }
}

void AttendStepBuilder::emitUnit(Value number) {
  unit = number;
  part = e.rem(unit, parts);
  head = e.rem(e.div(unit, parts), layout.heads);
  row = e.div(unit, parts * layout.heads);
  tiles = e.divUp(e.add(used, rows), kSlotTile);
  Value first = e.div(e.mul(tiles, part), parts);
  lastTile = e.div(e.mul(tiles, e.add(part, 1)), parts);
  auto emitAll = [&] {
    emitStart();
    e.loop(first, lastTile, 1, [&](Value tile) { emitTile(tile); });
    e.loop(e.index(0), e.index(group), 1,
           [&](Value m) { emitResult(m, place(m)); });
  };
  if (!op.getParts())
    return emitAll();
  // Of a short cache most parts are empty: a log-sum says so.
  Value some =
      arith::CmpIOp::create(e.b, arith::CmpIPredicate::ult, first, lastTile);
  auto filled = scf::IfOp::create(e.b, some, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(e.b);
  e.b.setInsertionPointToStart(filled.thenBlock());
  emitAll();
  e.b.setInsertionPointToStart(filled.elseBlock());
  e.loop(e.index(0), e.index(group), 1,
         [&](Value m) { emitNothing(place(m)); });
}

void AttendStepBuilder::build() {
  factor = 1;
  int64_t at = 0;
  scaled = take(at, group * layout.padded, e.f32());
  takeSums(at, group, std::min<int64_t>(schedule.getQueries(), group));
  emitUnits([&](Value unit) { emitUnit(unit); });
}

LogicalResult tenon::cpu::buildAttendStepKernel(KernelOp kernel,
                                                const CPUTargetOptions &,
                                                func::FuncOp function) {
  AttendStepBuilder(kernel, function).build();
  return success();
}
