//===- AttendKernel.cpp - attention over one layer of a cache -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A unit is one cache head and a block of query rows, with all query heads of
// the group: keys and values are read once for all of them. Slots are walked
// in tiles: scores (lanes are slots), running maximum and sum, weighted values
// (lanes are elements). One row or many differ only in the block's size.
//
// Sources: arXiv:2205.14135 (tiles), arXiv:2305.13245 (grouped heads).
//
//===----------------------------------------------------------------------===//

#include "dialects/TenonCPU/IR/TenonCPU.h"
#include "lib/Target/CPU/Kernels/CacheLayout.h"
#include "lib/Target/CPU/Kernels/Kernels.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

namespace {

/// Lower than every score, but finite: differences stay numbers.
constexpr double kLowest = -1.0e30;

class AttendBuilder {
public:
  AttendBuilder(KernelOp kernel, func::FuncOp function)
      : op(cast<AttentionOp>(kernel.getBody().front().front())),
        function(function), arguments(kernel, KernelShape::Attend),
        schedule(cast<AttendAttr>(*kernel.getSchedule())),
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
  void emitScores(Value firstSlot, Value vectors);
  void emitSoftmax(Value vectors);
  void emitValues(Value firstSlot, Value slots);
  void emitFinish();
  /// Row of the call and head of the group of query number `m` of the block;
  /// numbers beyond the block repeat its last query.
  std::pair<Value, Value> place(Value m);

  AttentionOp op;
  func::FuncOp function;
  KernelArguments arguments;
  AttendAttr schedule;
  CacheLayoutOf layout;
  Emitter e;
  int64_t group = 0, queries = 0, padded = 0, tileRows = 0, heads = 0;
  Value keys, vals, slotPositions, used, capacity, query, positions, rows;
  Value scaled, scores, sums, maxima, totals; // scratch
  Value head, firstRow;                       // of the unit
};

} // namespace

void AttendBuilder::mapScratch() {
  Value scratch = function.getArgument(arguments.scratch);
  int64_t at = 0;
  auto take = [&](int64_t count) {
    Value view = e.view(scratch, e.index(at), e.f32(), {count});
    at += llvm::alignTo(count * 4, 64);
    return view;
  };
  scaled = take(padded * layout.padded);
  scores = take(padded * schedule.getTile());
  sums = take(padded * layout.padded);
  maxima = take(padded);
  totals = take(padded);
}

std::pair<Value, Value> AttendBuilder::place(Value m) {
  Value number = e.min(m, e.index(queries - 1));
  Value row = e.add(firstRow, e.div(number, group));
  row = e.min(row, e.sub(rows, e.index(1)));
  return {row, e.rem(number, group)};
}

/// Scaled queries into scratch; empty sums.
void AttendBuilder::emitStart() {
  Value scale = e.f32Constant(op.getScale().convertToDouble());
  Value factor = e.broadcast(scale);
  e.loop(e.index(0), e.index(padded), 1, [&](Value m) {
    auto [row, member] = place(m);
    Value from = e.add(e.mul(head, group), member);
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
    e.store(e.f32Constant(kLowest), maxima, {m});
    e.store(e.f32Constant(0), totals, {m});
  });
}

/// Scores of all queries against `vectors` x 16 slots from `firstSlot` on.
void AttendBuilder::emitScores(Value firstSlot, Value vectors) {
  e.loop(e.index(0), vectors, 1, [&](Value j) {
    Value slot = e.add(firstSlot, e.mul(j, kLanes));
    Value keyAt = layout.keyTile(e, capacity, head, e.div(slot, kLanes));
    Value slotPosition = e.loadVector(slotPositions, {slot});
    // One log-weight per filled slot; the last vector is shorter.
    Value bias;
    if (op.getKeyBias()) {
      Value left = e.sub(e.add(used, rows), slot);
      bias = e.loadMasked(input(op.getKeyBias()), {slot},
                          e.min(left, e.index(kLanes)));
    }
    e.loop(e.index(0), e.index(padded), tileRows, [&](Value m0) {
      SmallVector<Value> dots(tileRows, e.splat(0));
      dots = e.loop(
          e.index(0), e.index(layout.dim), 1, dots,
          [&](Value d, ValueRange carried) {
            SmallVector<Value> next(carried);
            Value key =
                e.toF32(e.loadVector(keys, {e.add(keyAt, e.mul(d, kLanes))}));
            for (int64_t r = 0; r < tileRows; ++r) {
              Value at = e.add(e.mul(e.add(m0, r), layout.padded), d);
              next[r] = e.fma(e.broadcast(e.load(scaled, {at})), key, next[r]);
            }
            return next;
          });
      for (int64_t r = 0; r < tileRows; ++r) {
        Value m = e.add(m0, r);
        Value score = dots[r];
        if (bias)
          score = e.addf(score, bias);
        Value visible;
        if (op.getMask() == MaskKind::Causal) {
          Value own = e.broadcast(e.load(positions, {place(m).first}));
          visible = arith::CmpIOp::create(e.b, arith::CmpIPredicate::sle,
                                          slotPosition, own);
        } else {
          visible = arith::CmpIOp::create(
              e.b, arith::CmpIPredicate::ne, slotPosition,
              e.i32Splat(std::numeric_limits<int32_t>::max()));
        }
        score = arith::SelectOp::create(
            e.b, visible, score,
            e.splat(-std::numeric_limits<float>::infinity()));
        Value to = e.add(e.mul(m, schedule.getTile()), e.mul(j, kLanes));
        e.storeVector(score, scores, {to});
      }
    });
  });
}

/// Scores to weights relative to the new maximum; old sums are rescaled.
void AttendBuilder::emitSoftmax(Value vectors) {
  Value zero = e.index(0);
  e.loop(zero, e.index(padded), 1, [&](Value m) {
    Value from = e.mul(m, schedule.getTile());
    Value old = e.load(maxima, {m});
    Value most = e.loop(zero, vectors, 1, {e.broadcast(old)},
                        [&](Value j, ValueRange carried) {
                          Value at = e.add(from, e.mul(j, kLanes));
                          return SmallVector<Value>{
                              e.maxf(e.loadVector(scores, {at}), carried[0])};
                        })
                     .front();
    Value maximum =
        vector::ReductionOp::create(e.b, vector::CombiningKind::MAXNUMF, most);
    Value shift = e.broadcast(maximum);
    Value part = e.loop(zero, vectors, 1, {e.splat(0)},
                        [&](Value j, ValueRange carried) {
                          Value at = e.add(from, e.mul(j, kLanes));
                          Value weight =
                              e.exp(e.subf(e.loadVector(scores, {at}), shift));
                          e.storeVector(weight, scores, {at});
                          return SmallVector<Value>{e.addf(carried[0], weight)};
                        })
                     .front();
    Value sum = vector::ReductionOp::create(
        e.b, vector::CombiningKind::ADD, part, arith::FastMathFlags::reassoc);
    Value correction = vector::ExtractOp::create(
        e.b, e.exp(e.broadcast(e.subf(old, maximum))), 0);
    e.store(maximum, maxima, {m});
    e.store(e.fma(e.load(totals, {m}), correction, sum), totals, {m});
    Value factor = e.broadcast(correction);
    Value row = e.mul(m, layout.padded);
    for (int64_t d = 0; d < layout.padded; d += kLanes) {
      Value at = e.add(row, d);
      e.storeVector(e.mulf(e.loadVector(sums, {at}), factor), sums, {at});
    }
  });
}

/// Adds the weighted values of `slots` slots from `firstSlot` on.
void AttendBuilder::emitValues(Value firstSlot, Value slots) {
  Value base = layout.valueRow(e, capacity, head, firstSlot);
  int64_t vectors = layout.padded / kLanes;
  int64_t step = vectors % 2 ? 1 : 2;
  e.loop(e.index(0), e.index(padded), tileRows, [&](Value m0) {
    e.loop(e.index(0), e.index(vectors), step, [&](Value column) {
      Value d = e.mul(column, kLanes);
      SmallVector<Value> parts;
      auto sumAt = [&](int64_t r, int64_t c) {
        return e.add(e.add(e.mul(e.add(m0, r), layout.padded), d), c * kLanes);
      };
      for (int64_t r = 0; r < tileRows; ++r)
        for (int64_t c = 0; c < step; ++c)
          parts.push_back(e.loadVector(sums, {sumAt(r, c)}));
      parts =
          e.loop(e.index(0), slots, 1, parts, [&](Value s, ValueRange carried) {
            SmallVector<Value> next(carried);
            Value from = e.add(e.add(base, e.mul(s, layout.padded)), d);
            SmallVector<Value> value;
            for (int64_t c = 0; c < step; ++c)
              value.push_back(
                  e.toF32(e.loadVector(vals, {e.add(from, c * kLanes)})));
            for (int64_t r = 0; r < tileRows; ++r) {
              Value at = e.add(e.mul(e.add(m0, r), schedule.getTile()), s);
              Value weight = e.broadcast(e.load(scores, {at}));
              for (int64_t c = 0; c < step; ++c)
                next[r * step + c] =
                    e.fma(weight, value[c], next[r * step + c]);
            }
            return next;
          });
      for (int64_t r = 0; r < tileRows; ++r)
        for (int64_t c = 0; c < step; ++c)
          e.storeVector(parts[r * step + c], sums, {sumAt(r, c)});
    });
  });
}

/// Sums divided by totals, and the log-sums.
void AttendBuilder::emitFinish() {
  Value output = function.getArgument(arguments.results[0]);
  Value zero = e.f32Constant(0);
  e.loop(e.index(0), e.index(padded), 1, [&](Value m) {
    auto [row, member] = place(m);
    Value to = e.add(e.mul(head, group), member);
    Value total = e.load(totals, {m});
    Value some =
        arith::CmpFOp::create(e.b, arith::CmpFPredicate::OGT, total, zero);
    Value inverse = arith::SelectOp::create(
        e.b, some, e.divf(e.f32Constant(1), total), zero);
    Value factor = e.broadcast(inverse);
    for (int64_t d = 0; d < layout.dim; d += kLanes) {
      Value x = e.mulf(e.loadVector(sums, {e.add(e.mul(m, layout.padded), d)}),
                       factor);
      if (d + kLanes <= layout.dim)
        e.storeVector(x, output, {row, to, e.index(d)});
      else
        e.storeMasked(x, output, {row, to, e.index(d)},
                      e.index(layout.dim - d));
    }
    if (arguments.results.size() > 1) {
      Value lse = e.addf(e.load(maxima, {m}), math::LogOp::create(e.b, total));
      lse = arith::SelectOp::create(
          e.b, some, lse,
          e.f32Constant(-std::numeric_limits<double>::infinity()));
      e.store(lse, function.getArgument(arguments.results[1]), {row, to});
    }
  });
}

void AttendBuilder::emitUnit(Value unit) {
  int64_t tile = schedule.getTile();
  Value blocks = e.divUp(rows, schedule.getRows());
  head = arith::DivUIOp::create(e.b, unit, blocks);
  Value block = arith::RemUIOp::create(e.b, unit, blocks);
  firstRow = e.mul(block, schedule.getRows());
  emitStart();
  // Rows go to slots in order and positions rise: a causal block ends with its
  // own last row.
  Value seen = rows;
  if (op.getMask() == MaskKind::Causal)
    seen = e.min(e.add(firstRow, schedule.getRows()), rows);
  Value bound = e.add(used, seen);
  e.loop(e.index(0), bound, tile, [&](Value firstSlot) {
    Value left = e.min(e.sub(bound, firstSlot), e.index(tile));
    Value vectors = e.divUp(left, kLanes);
    emitScores(firstSlot, vectors);
    emitSoftmax(vectors);
    emitValues(firstSlot, left);
  });
  emitFinish();
}

void AttendBuilder::build() {
  keys = input(op.getCache(), 0);
  vals = input(op.getCache(), 1);
  slotPositions = input(op.getCache(), 2);
  used = input(op.getCache(), 3);
  capacity = input(op.getCache(), 4);
  query = input(op.getQuery());
  positions = input(op.getPositions());
  rows = memref::DimOp::create(e.b, query, 0);
  heads = op.getQuery().getType().getDimSize(1);
  group = heads / layout.heads;
  queries = group * schedule.getRows();
  tileRows = std::min<int64_t>(schedule.getQueries(), queries);
  padded = llvm::alignTo(queries, tileRows);
  mapScratch();
  e.loop(function.getArgument(arguments.first),
         function.getArgument(arguments.last), 1,
         [&](Value unit) { emitUnit(unit); });
  func::ReturnOp::create(e.b);
}

LogicalResult tenon::cpu::buildAttendKernel(KernelOp kernel,
                                            func::FuncOp function) {
  AttendBuilder(kernel, function).build();
  return success();
}
