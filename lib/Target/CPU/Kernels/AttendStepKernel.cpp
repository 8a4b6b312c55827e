//===- AttendStepKernel.cpp - attention of one row over a cache -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A unit is one part of the slots of one cache head, with all query heads of
// the group, and is read once, front to back: per tile scores (lanes are
// slots), a running maximum and sum, weighted values (lanes are elements).
// Where parts begin follows from the slots that are filled, so results do not
// depend on the number of workers. Exponentials are powers of two: the queries
// carry the factor.
//
// Sources: arXiv:2205.14135 (tiles), arXiv:2305.13245 (grouped heads).
//
//===----------------------------------------------------------------------===//

#include "dialects/TenonCPU/IR/TenonCPU.h"
#include "lib/Target/CPU/Kernels/CacheLayout.h"
#include "lib/Target/CPU/Kernels/Kernels.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

namespace {

/// Lower than every score, but finite: differences stay numbers.
constexpr double kLowest = -1.0e30;

class AttendStepBuilder {
public:
  AttendStepBuilder(KernelOp kernel, func::FuncOp function)
      : op(cast<AttentionOp>(kernel.getBody().front().front())),
        function(function), arguments(kernel, KernelShape::Attend),
        schedule(cast<AttendStepAttr>(*kernel.getSchedule())),
        layout(op.getCache().getType()), e(kernel.getLoc(), &function.front()) {
  }

  void build();

private:
  Value input(Value value, unsigned part = 0) {
    unsigned number = cast<BlockArgument>(value).getArgNumber();
    return function.getArgument(arguments.inputs[number] + part);
  }
  void mapScratch();
  void emitUnit(Value unit);
  void emitStart();
  void emitScores(Value firstSlot, Value tileAt);
  void emitSoftmax();
  void emitValues(Value tileAt, Value slots);
  void emitFinish();
  /// Query heads of the group, as many at a time as registers hold.
  void forQueries(llvm::function_ref<void(int64_t first, int64_t count)> body);

  AttentionOp op;
  func::FuncOp function;
  KernelArguments arguments;
  AttendStepAttr schedule;
  CacheLayoutOf layout;
  Emitter e;
  int64_t group = 0, parts = 1;
  Value cells, slotPositions, capacity, bound, query, positions;
  Value scaled, scores, sums, maxima, totals; // scratch
  Value row, head, part;                      // of the unit
};

} // namespace

int64_t tenon::cpu::getAttendStepScratch(const CacheLayoutOf &layout,
                                         int64_t group) {
  // Queries, sums, weights, maxima and totals, as vectors.
  return group * (2 * layout.padded + kSlotTile + 2 * kLanes) * 4;
}

void AttendStepBuilder::mapScratch() {
  Value scratch = function.getArgument(arguments.scratch);
  int64_t at = 0;
  auto take = [&](int64_t perQuery) {
    Value view = e.view(scratch, e.index(at), e.f32(), {group * perQuery});
    at += group * perQuery * 4;
    return view;
  };
  scaled = take(layout.padded);
  sums = take(layout.padded);
  scores = take(kSlotTile);
  maxima = take(kLanes);
  totals = take(kLanes);
}

void AttendStepBuilder::forQueries(
    llvm::function_ref<void(int64_t, int64_t)> body) {
  for (int64_t first = 0; first < group; first += schedule.getQueries())
    body(first, std::min(schedule.getQueries(), group - first));
}

/// Scaled queries into scratch; empty sums.
void AttendStepBuilder::emitStart() {
  Value factor =
      e.splat(op.getScale().convertToDouble() * llvm::numbers::log2e);
  e.loop(e.index(0), e.index(group), 1, [&](Value m) {
    Value from = e.add(e.mul(head, group), m);
    Value to = e.mul(m, layout.padded);
    for (int64_t d = 0; d < layout.padded; d += kLanes) {
      Value at = e.index(d);
      Value x =
          d + kLanes <= layout.dim
              ? e.loadVector(query, {row, from, at})
              : e.loadMasked(query, {row, from, at}, e.index(layout.dim - d));
      e.storeVector(e.mulf(x, factor), scaled, {e.add(to, d)});
      e.storeVector(e.splat(0), sums, {e.add(to, d)});
    }
    Value lanes = e.mul(m, kLanes);
    e.storeVector(e.splat(kLowest), maxima, {lanes});
    e.storeVector(e.splat(0), totals, {lanes});
  });
}

/// Scores of all queries against the tile of slots from `firstSlot` on.
void AttendStepBuilder::emitScores(Value firstSlot, Value tileAt) {
  int64_t vectors = schedule.getVectors();
  Value own;
  if (op.getMask() == MaskKind::Causal)
    own = e.broadcast(e.load(positions, {row}));
  Value none = e.splat(-std::numeric_limits<float>::infinity());
  e.loop(e.index(0), e.index(kSlotTile), vectors * kLanes, [&](Value column) {
    SmallVector<Value> visible, bias;
    for (int64_t v = 0; v < vectors; ++v) {
      Value slot = e.add(e.add(firstSlot, column), v * kLanes);
      Value position = e.loadVector(slotPositions, {slot});
      visible.push_back(
          own ? arith::CmpIOp::create(e.b, arith::CmpIPredicate::sle, position,
                                      own)
              : arith::CmpIOp::create(
                    e.b, arith::CmpIPredicate::ne, position,
                    e.i32Splat(std::numeric_limits<int32_t>::max())));
      // One log-weight per filled slot; the tile may have more slots.
      if (op.getKeyBias()) {
        Value left = e.sub(e.max(bound, slot), slot);
        Value weight = e.loadMasked(input(op.getKeyBias()), {slot},
                                    e.min(left, e.index(kLanes)));
        bias.push_back(e.mulf(weight, e.splat(llvm::numbers::log2e)));
      }
    }
    forQueries([&](int64_t first, int64_t count) {
      SmallVector<Value> dots;
      for (int64_t r = 0; r < count; ++r)
        for (int64_t v = 0; v < vectors; ++v)
          dots.push_back(bias.empty() ? e.splat(0) : bias[v]);
      dots = e.loop(
          e.index(0), e.index(layout.dim), 1, dots,
          [&](Value d, ValueRange carried) {
            SmallVector<Value> next(carried);
            Value from = e.add(e.add(tileAt, column), e.mul(d, kSlotTile));
            SmallVector<Value> key;
            for (int64_t v = 0; v < vectors; ++v)
              key.push_back(
                  e.toF32(e.loadVector(cells, {e.add(from, v * kLanes)})));
            for (int64_t r = 0; r < count; ++r) {
              Value at = e.add(d, (first + r) * layout.padded);
              Value x = e.broadcast(e.load(scaled, {at}));
              for (int64_t v = 0; v < vectors; ++v)
                next[r * vectors + v] = e.fma(x, key[v], next[r * vectors + v]);
            }
            return next;
          });
      for (int64_t r = 0; r < count; ++r)
        for (int64_t v = 0; v < vectors; ++v) {
          Value score = arith::SelectOp::create(e.b, visible[v],
                                                dots[r * vectors + v], none);
          Value to = e.add(column, (first + r) * kSlotTile + v * kLanes);
          e.storeVector(score, scores, {to});
        }
    });
  });
}

/// Scores to weights relative to the new maximum; old sums are rescaled.
void AttendStepBuilder::emitSoftmax() {
  constexpr int64_t vectors = kSlotTile / kLanes;
  e.loop(e.index(0), e.index(group), 1, [&](Value m) {
    Value from = e.mul(m, kSlotTile), lanes = e.mul(m, kLanes);
    Value old = e.loadVector(maxima, {lanes});
    SmallVector<Value> score;
    for (int64_t v = 0; v < vectors; ++v)
      score.push_back(e.loadVector(scores, {e.add(from, v * kLanes)}));
    Value most = score[0];
    for (int64_t v = 1; v < vectors; ++v)
      most = e.larger(most, score[v]);
    Value maximum = e.larger(e.largestLane(most), old);
    Value correction = e.exp2(e.subf(old, maximum));
    Value total = e.mulf(e.loadVector(totals, {lanes}), correction);
    for (int64_t v = 0; v < vectors; ++v) {
      Value weight = e.exp2(e.subf(score[v], maximum));
      e.storeVector(weight, scores, {e.add(from, v * kLanes)});
      total = e.addf(total, weight);
    }
    e.storeVector(maximum, maxima, {lanes});
    e.storeVector(total, totals, {lanes});
    for (int64_t d = 0; d < layout.padded; d += kLanes) {
      Value at = e.add(e.mul(m, layout.padded), d);
      e.storeVector(e.mulf(e.loadVector(sums, {at}), correction), sums, {at});
    }
  });
}

/// Adds the weighted values of the first `slots` slots of a tile.
void AttendStepBuilder::emitValues(Value tileAt, Value slots) {
  Value base = e.add(tileAt, layout.valuesAt());
  int64_t all = layout.padded / kLanes;
  int64_t blocks = llvm::divideCeil(all, schedule.getVectors());
  forQueries([&](int64_t first, int64_t count) {
    for (int64_t block = 0; block < blocks; ++block) {
      int64_t begin = all * block / blocks;
      int64_t vectors = all * (block + 1) / blocks - begin;
      auto sumAt = [&](int64_t r, int64_t v) {
        return e.index((first + r) * layout.padded + (begin + v) * kLanes);
      };
      SmallVector<Value> parts;
      for (int64_t r = 0; r < count; ++r)
        for (int64_t v = 0; v < vectors; ++v)
          parts.push_back(e.loadVector(sums, {sumAt(r, v)}));
      parts =
          e.loop(e.index(0), slots, 1, parts, [&](Value s, ValueRange carried) {
            SmallVector<Value> next(carried);
            Value from = e.add(base, e.mul(s, layout.padded));
            SmallVector<Value> value;
            for (int64_t v = 0; v < vectors; ++v)
              value.push_back(e.toF32(
                  e.loadVector(cells, {e.add(from, (begin + v) * kLanes)})));
            for (int64_t r = 0; r < count; ++r) {
              Value at = e.add(s, (first + r) * kSlotTile);
              Value weight = e.broadcast(e.load(scores, {at}));
              for (int64_t v = 0; v < vectors; ++v)
                next[r * vectors + v] =
                    e.fma(weight, value[v], next[r * vectors + v]);
            }
            return next;
          });
      for (int64_t r = 0; r < count; ++r)
        for (int64_t v = 0; v < vectors; ++v)
          e.storeVector(parts[r * vectors + v], sums, {sumAt(r, v)});
    }
  });
}

/// Sums divided by totals, and the log-sums.
void AttendStepBuilder::emitFinish() {
  Value output = function.getArgument(arguments.results[0]);
  Value zero = e.f32Constant(0);
  e.loop(e.index(0), e.index(group), 1, [&](Value m) {
    SmallVector<Value> to = {row, e.add(e.mul(head, group), m)};
    if (op.getParts())
      to.push_back(part);
    Value lanes = e.mul(m, kLanes);
    Value total = e.sumLanes(e.loadVector(totals, {lanes}));
    Value some =
        arith::CmpFOp::create(e.b, arith::CmpFPredicate::UGT, total, zero);
    Value inverse = arith::SelectOp::create(
        e.b, some, e.divf(e.f32Constant(1), total), zero);
    Value factor = e.broadcast(inverse);
    for (int64_t d = 0; d < layout.dim; d += kLanes) {
      Value x = e.mulf(e.loadVector(sums, {e.add(e.mul(m, layout.padded), d)}),
                       factor);
      SmallVector<Value> at = to;
      at.push_back(e.index(d));
      if (d + kLanes <= layout.dim)
        e.storeVector(x, output, at);
      else
        e.storeMasked(x, output, at, e.index(layout.dim - d));
    }
    if (arguments.results.size() > 1) {
      Value maximum =
          e.mulf(e.load(maxima, {lanes}), e.f32Constant(llvm::numbers::ln2));
      Value lse = e.addf(maximum, math::LogOp::create(e.b, total));
      lse = arith::SelectOp::create(
          e.b, some, lse,
          e.f32Constant(-std::numeric_limits<double>::infinity()));
      e.store(lse, function.getArgument(arguments.results[1]), to);
    }
  });
}

void AttendStepBuilder::emitUnit(Value unit) {
  part = e.rem(unit, parts);
  head = e.rem(e.div(unit, parts), layout.heads);
  row = e.div(unit, parts * layout.heads);
  emitStart();
  Value tiles = e.divUp(bound, kSlotTile);
  Value first = e.div(e.mul(tiles, part), parts);
  Value last = e.div(e.mul(tiles, e.add(part, 1)), parts);
  e.loop(first, last, 1, [&](Value tile) {
    Value firstSlot = e.mul(tile, kSlotTile);
    Value tileAt = layout.tileAt(e, capacity, head, tile);
    emitScores(firstSlot, tileAt);
    emitSoftmax();
    emitValues(tileAt, e.min(e.sub(bound, firstSlot), e.index(kSlotTile)));
  });
  emitFinish();
}

void AttendStepBuilder::build() {
  cells = input(op.getCache(), 0);
  slotPositions = input(op.getCache(), 1);
  capacity = input(op.getCache(), 3);
  query = input(op.getQuery());
  positions = input(op.getPositions());
  bound = e.add(input(op.getCache(), 2), memref::DimOp::create(e.b, query, 0));
  group = op.getQuery().getType().getDimSize(1) / layout.heads;
  parts = op.getParts().value_or(1);
  mapScratch();
  e.loop(function.getArgument(arguments.first),
         function.getArgument(arguments.last), 1,
         [&](Value unit) { emitUnit(unit); });
  func::ReturnOp::create(e.b);
}

LogicalResult tenon::cpu::buildAttendStepKernel(KernelOp kernel,
                                                const CPUTargetOptions &,
                                                func::FuncOp function) {
  AttendStepBuilder(kernel, function).build();
  return success();
}
