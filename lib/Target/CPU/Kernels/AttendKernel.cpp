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
// Sources: arXiv:2205.14135 (tiles), arXiv:2305.13245 (grouped heads).
//
//===----------------------------------------------------------------------===//

#include "dialects/TenonCPU/IR/TenonCPU.h"
#include "lib/Target/CPU/Kernels/AttendPanels.h"
#include "lib/Target/CPU/Kernels/CacheLayout.h"
#include "lib/Target/CPU/Kernels/Kernels.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

namespace {

/// Lower than every score, but finite: differences stay numbers.
constexpr double kLowest = -1.0e30;
constexpr int32_t kFree = std::numeric_limits<int32_t>::max();

class AttendBuilder {
public:
  AttendBuilder(KernelOp kernel, func::FuncOp function)
      : op(cast<AttentionOp>(kernel.getBody().front().front())),
        function(function), arguments(kernel, KernelShape::Attend),
        schedule(cast<AttendAttr>(*kernel.getSchedule())),
        layout(op.getCache().getType()), e(kernel.getLoc(), &function.front()),
        panels(e, layout, isBf16(op)) {}

  void build();

private:
  Value input(Value value, unsigned part = 0) {
    unsigned number = cast<BlockArgument>(value).getArgNumber();
    return function.getArgument(arguments.inputs[number] + part);
  }
  void mapScratch();
  void emitUnit(Value unit);
  void emitStart();
  void emitTile(Value tile);
  void emitQueries(Value first, Value firstSlot, bool isMasked);
  void emitScores(Value first, Value firstSlot, bool isMasked);
  void emitSoftmax(Value first);
  void emitValues(Value first);
  void emitFinish();
  /// Row of the call and head of the group of query number `m` of the block;
  /// numbers beyond the block repeat its last query.
  std::pair<Value, Value> place(Value m);
  /// Number of vectors of 16 slots of a tile.
  static constexpr int64_t kVectors = kSlotTile / kLanes;

  AttentionOp op;
  func::FuncOp function;
  KernelArguments arguments;
  AttendAttr schedule;
  CacheLayoutOf layout;
  Emitter e;
  AttendPanels panels;
  int64_t group = 0, padded = 0, tileRows = 0;
  /// What scores are still to be multiplied with when powers are taken.
  double factor = 1;
  Value cells, slotPositions, used, capacity, query, positions, rows;
  // Scratch memory.
  Value sums, scores, maxima, totals, own;
  // Of the unit.
  Value head, firstRow, queries, bound;
};

} // namespace

int64_t tenon::cpu::getAttendScratch(AttentionOp op, AttendAttr schedule) {
  CacheLayoutOf layout(op.getCache().getType());
  int64_t group = op.getQuery().getType().getDimSize(1) / layout.heads;
  int64_t padded =
      llvm::alignTo(group * schedule.getRows(), schedule.getQueries());
  int64_t perQuery = layout.padded * 4 + kLanes * 4 + 4 + 4;
  return AttendPanels::bytes(layout, isBf16(op), padded,
                             schedule.getQueries()) +
         padded * perQuery + schedule.getQueries() * kSlotTile * 4 + 8 * 64;
}

void AttendBuilder::mapScratch() {
  Value scratch = function.getArgument(arguments.scratch);
  int64_t at = panels.map(scratch, padded, tileRows);
  auto take = [&](int64_t count, Type type) {
    Value view = e.view(scratch, e.index(at), type, {count});
    at += llvm::alignTo(count * 4, 64);
    return view;
  };
  sums = take(padded * layout.padded, e.f32());
  scores = take(tileRows * kSlotTile, e.f32());
  totals = take(padded * kLanes, e.f32());
  maxima = take(padded, e.f32());
  own = take(padded, e.b.getI32Type());
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
    Value from = e.add(e.mul(head, group), member);
    for (int64_t d = 0; d < layout.padded; d += kLanes) {
      Value at = e.index(d);
      Value x =
          d + kLanes <= layout.dim
              ? e.loadVector(query, {row, from, at})
              : e.loadMasked(query, {row, from, at}, e.index(layout.dim - d));
      panels.storeQuery(m, d, x);
      e.storeVector(e.splat(0), sums, {e.add(e.mul(m, layout.padded), d)});
    }
    e.storeVector(e.splat(0), totals, {e.mul(m, kLanes)});
    e.store(e.f32Constant(kLowest), maxima, {m});
    e.store(e.load(positions, {row}), own, {m});
  });
}

/// Scores of a register tile against a tile of slots.
void AttendBuilder::emitScores(Value first, Value firstSlot, bool isMasked) {
  int64_t vectors = schedule.getVectors();
  auto emitColumn = [&](Value column) {
    SmallVector<Value> dots = panels.dotKeys(first, column, tileRows, vectors);
    for (int64_t v = 0; v < vectors; ++v) {
      Value slot = e.add(e.add(firstSlot, column), v * kLanes);
      Value position, bias;
      if (isMasked)
        position = e.loadVector(slotPositions, {slot});
      // One log-weight per filled slot; the tile may have more slots.
      if (op.getKeyBias()) {
        Value end = e.add(used, rows);
        Value left = e.sub(e.max(end, slot), slot);
        Value weight = e.loadMasked(input(op.getKeyBias()), {slot},
                                    e.min(left, e.index(kLanes)));
        bias = e.mulf(weight, e.splat(llvm::numbers::log2e));
      }
      for (int64_t r = 0; r < tileRows; ++r) {
        Value &score = dots[r * vectors + v];
        if (factor == 1) {
          Value scale =
              e.splat(op.getScale().convertToDouble() * llvm::numbers::log2e);
          score = bias ? e.fma(score, scale, bias) : e.mulf(score, scale);
        }
        if (isMasked) {
          Value visible;
          if (op.getMask() == MaskKind::Causal) {
            Value last = e.broadcast(e.load(own, {e.add(first, r)}));
            visible = arith::CmpIOp::create(e.b, arith::CmpIPredicate::sle,
                                            position, last);
          } else {
            visible = arith::CmpIOp::create(e.b, arith::CmpIPredicate::ne,
                                            position, e.i32Splat(kFree));
          }
          score = arith::SelectOp::create(
              e.b, visible, score,
              e.splat(-std::numeric_limits<float>::infinity()));
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

/// Scores to weights relative to the new maximum; old sums are rescaled where
/// a maximum has grown.
void AttendBuilder::emitSoftmax(Value first) {
  SmallVector<Value> olds, news;
  Value hasGrown;
  for (int64_t r = 0; r < tileRows; ++r) {
    Value most;
    for (int64_t v = 0; v < kVectors; ++v) {
      Value score = e.loadVector(scores, {e.index(r * kSlotTile + v * kLanes)});
      most = most ? e.larger(most, score) : score;
    }
    Value old = e.broadcast(e.load(maxima, {e.add(first, r)}));
    Value maximum = e.larger(e.largestLane(most), old);
    Value grown =
        arith::CmpFOp::create(e.b, arith::CmpFPredicate::UNE, maximum, old);
    hasGrown = hasGrown ? arith::OrIOp::create(e.b, hasGrown, grown) : grown;
    olds.push_back(old);
    news.push_back(maximum);
  }
  Value some = vector::ExtractOp::create(e.b, hasGrown, 0);
  auto rescaled = scf::IfOp::create(e.b, some, /*withElseRegion=*/false);
  {
    OpBuilder::InsertionGuard guard(e.b);
    e.b.setInsertionPointToStart(rescaled.thenBlock());
    for (int64_t r = 0; r < tileRows; ++r) {
      Value m = e.add(first, r);
      Value correction =
          e.exp2(e.mulf(e.subf(olds[r], news[r]), e.splat(factor)));
      Value at = e.mul(m, kLanes);
      e.storeVector(e.mulf(e.loadVector(totals, {at}), correction), totals,
                    {at});
      for (int64_t d = 0; d < layout.padded; d += kLanes) {
        Value to = e.add(e.mul(m, layout.padded), d);
        e.storeVector(e.mulf(e.loadVector(sums, {to}), correction), sums, {to});
      }
      e.store(vector::ExtractOp::create(e.b, news[r], 0), maxima, {m});
    }
  }
  for (int64_t r = 0; r < tileRows; ++r) {
    Value at = e.mul(e.add(first, r), kLanes);
    Value total = e.loadVector(totals, {at});
    Value shift = e.negf(e.mulf(news[r], e.splat(factor)));
    for (int64_t v = 0; v < kVectors; ++v) {
      Value score = e.loadVector(scores, {e.index(r * kSlotTile + v * kLanes)});
      Value weight = e.exp2(factor == 1 ? e.addf(score, shift)
                                        : e.fma(score, e.splat(factor), shift));
      panels.storeWeights(r, v, weight);
      total = e.addf(total, weight);
    }
    e.storeVector(total, totals, {at});
  }
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
    SmallVector<Value> parts;
    for (int64_t r = 0; r < tileRows; ++r)
      for (int64_t v = 0; v < vectors; ++v)
        parts.push_back(e.loadVector(sums, {sumAt(r, v)}));
    parts = panels.addValues(parts, tileRows, begin, vectors);
    for (int64_t r = 0; r < tileRows; ++r)
      for (int64_t v = 0; v < vectors; ++v)
        e.storeVector(parts[r * vectors + v], sums, {sumAt(r, v)});
  }
}

void AttendBuilder::emitQueries(Value first, Value firstSlot, bool isMasked) {
  emitScores(first, firstSlot, isMasked);
  emitSoftmax(first);
  emitValues(first);
}

/// All queries of the block against one tile.
void AttendBuilder::emitTile(Value tile) {
  Value firstSlot = e.mul(tile, kSlotTile);
  Value tileAt = layout.tileAt(e, capacity, head, tile);
  panels.convert(cells, tileAt,
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

/// Sums divided by totals, and the log-sums.
void AttendBuilder::emitFinish() {
  Value output = function.getArgument(arguments.results[0]);
  Value zero = e.f32Constant(0);
  e.loop(e.index(0), queries, 1, [&](Value m) {
    auto [row, member] = place(m);
    Value to = e.add(e.mul(head, group), member);
    Value total = e.sumLanes(e.loadVector(totals, {e.mul(m, kLanes)}));
    Value some =
        arith::CmpFOp::create(e.b, arith::CmpFPredicate::UGT, total, zero);
    Value inverse = e.broadcast(arith::SelectOp::create(
        e.b, some, e.divf(e.f32Constant(1), total), zero));
    for (int64_t d = 0; d < layout.dim; d += kLanes) {
      Value x = e.mulf(e.loadVector(sums, {e.add(e.mul(m, layout.padded), d)}),
                       inverse);
      if (d + kLanes <= layout.dim)
        e.storeVector(x, output, {row, to, e.index(d)});
      else
        e.storeMasked(x, output, {row, to, e.index(d)},
                      e.index(layout.dim - d));
    }
    if (arguments.results.size() > 1) {
      Value maximum = e.mulf(e.load(maxima, {m}),
                             e.f32Constant(factor * llvm::numbers::ln2));
      Value lse = e.addf(maximum, math::LogOp::create(e.b, total));
      lse = arith::SelectOp::create(
          e.b, some, lse,
          e.f32Constant(-std::numeric_limits<double>::infinity()));
      e.store(lse, function.getArgument(arguments.results[1]), {row, to});
    }
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
  emitFinish();
}

void AttendBuilder::build() {
  cells = input(op.getCache(), 0);
  slotPositions = input(op.getCache(), 1);
  used = input(op.getCache(), 2);
  capacity = input(op.getCache(), 3);
  query = input(op.getQuery());
  positions = input(op.getPositions());
  rows = memref::DimOp::create(e.b, query, 0);
  group = op.getQuery().getType().getDimSize(1) / layout.heads;
  tileRows = schedule.getQueries();
  padded = llvm::alignTo(group * schedule.getRows(), tileRows);
  // A bias or a scale that turns the order round comes before the maximum.
  double scale = op.getScale().convertToDouble();
  if (!op.getKeyBias() && scale > 0)
    factor = scale * llvm::numbers::log2e;
  mapScratch();
  e.loop(function.getArgument(arguments.first),
         function.getArgument(arguments.last), 1,
         [&](Value unit) { emitUnit(unit); });
  func::ReturnOp::create(e.b);
}

LogicalResult tenon::cpu::buildAttendKernel(KernelOp kernel,
                                            const CPUTargetOptions &target,
                                            func::FuncOp function) {
  if (isBf16(cast<AttentionOp>(kernel.getBody().front().front())) &&
      !target.has("avx512bf16"))
    return kernel.emitOpError("expected a CPU with avx512bf16 for products of "
                              "bf16 in kernel '")
           << kernel.getName() << "', but got one without; leave the products "
           << "exact";
  AttendBuilder(kernel, function).build();
  return success();
}
