//===- AttendBase.cpp - what all attention has in common ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/Kernels/AttendBase.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

/// Powers of two by which a score may pass its query's maximum before sums are
/// rescaled: far from what an f32 holds, and rare after the first tile.
static constexpr double kSlack = 8;

static double negativeInfinity() {
  return -std::numeric_limits<double>::infinity();
}

AttendBase::AttendBase(KernelOp kernel, func::FuncOp function)
    : op(cast<AttentionOp>(kernel.getBody().front().front())),
      function(function), arguments(kernel, KernelShape::Attend),
      layout(op.getCache().getType()), e(kernel.getLoc(), &function.front()),
      group(op.getQuery().getType().getDimSize(1) / layout.heads),
      cells(input(op.getCache(), 0)), slotPositions(input(op.getCache(), 1)),
      used(input(op.getCache(), 2)), query(input(op.getQuery())),
      positions(input(op.getPositions())),
      rows(memref::DimOp::create(e.b, query, 0)) {
  // A bias or a scale that turns the order round comes before the maximum.
  double scale = op.getScale().convertToDouble();
  if (!op.getKeyBias() && scale > 0)
    factor = scale * llvm::numbers::log2e;
}

Value AttendBase::input(Value value, unsigned part) {
  unsigned number = cast<BlockArgument>(value).getArgNumber();
  return function.getArgument(arguments.inputs[number] + part);
}

//===----------------------------------------------------------------------===//
// Scratch memory
//===----------------------------------------------------------------------===//

Value AttendBase::take(int64_t &at, int64_t count, Type type) {
  Value scratch = function.getArgument(arguments.scratch);
  Value view = e.view(scratch, e.index(at), type, {count});
  at += llvm::alignTo(count * type.getIntOrFloatBitWidth() / 8, 64);
  return view;
}

void AttendBase::takeSums(int64_t &at, int64_t queries, int64_t rows) {
  sums = take(at, queries * layout.padded, e.f32());
  scores = take(at, rows * kSlotTile, e.f32());
  totals = take(at, queries * kLanes, e.f32());
  maxima = take(at, queries, e.f32());
}

int64_t AttendBase::sumBytes(const CacheLayoutOf &layout, int64_t queries,
                             int64_t rows) {
  return queries * (layout.padded + kLanes) * 4 + rows * kSlotTile * 4 +
         llvm::alignTo(queries * 4, 64);
}

void AttendBase::clearSums(Value m) {
  for (int64_t d = 0; d < layout.padded; d += kLanes)
    e.storeVector(e.splat(0), sums, {e.add(e.mul(m, layout.padded), d)});
  e.storeVector(e.splat(0), totals, {e.mul(m, kLanes)});
  e.store(e.f32Constant(kLowest), maxima, {m});
}

//===----------------------------------------------------------------------===//
// Queries and what they see
//===----------------------------------------------------------------------===//

Value AttendBase::loadQuery(Value row, Value member, int64_t d) {
  SmallVector<Value> at = {row, e.add(e.mul(head, group), member), e.index(d)};
  return d + kLanes <= layout.dim
             ? e.loadVector(query, at)
             : e.loadMasked(query, at, e.index(layout.dim - d));
}

Value AttendBase::isVisible(Value slots, llvm::function_ref<Value()> own) {
  if (op.getMask() == MaskKind::Causal)
    return arith::CmpIOp::create(e.b, arith::CmpIPredicate::sle, slots, own());
  return arith::CmpIOp::create(e.b, arith::CmpIPredicate::ne, slots,
                               e.i32Splat(std::numeric_limits<int32_t>::max()));
}

Value AttendBase::loadBias(Value slot) {
  // One log-weight per filled slot; the tile may have more slots.
  Value end = e.add(used, rows);
  Value left = e.sub(e.max(end, slot), slot);
  Value weight = e.loadMasked(input(op.getKeyBias()), {slot},
                              e.min(left, e.index(kLanes)));
  return e.mulf(weight, e.splat(llvm::numbers::log2e));
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

/// Moves the maxima of queries to their largest scores, `most` lane by lane.
void AttendBase::rescale(Value first, ArrayRef<Value> most) {
  for (auto [r, largest] : llvm::enumerate(most)) {
    Value m = e.add(first, static_cast<int64_t>(r));
    Value old = e.broadcast(e.load(maxima, {m}));
    Value maximum = e.larger(e.largestLane(largest), old);
    Value correction = e.exp2(e.mulf(e.subf(old, maximum), e.splat(factor)));
    Value at = e.mul(m, kLanes);
    e.storeVector(e.mulf(e.loadVector(totals, {at}), correction), totals, {at});
    for (int64_t d = 0; d < layout.padded; d += kLanes) {
      Value to = e.add(e.mul(m, layout.padded), d);
      e.storeVector(e.mulf(e.loadVector(sums, {to}), correction), sums, {to});
    }
    e.store(vector::ExtractOp::create(e.b, maximum, 0), maxima, {m});
  }
}

void AttendBase::emitSoftmax(
    Value first, int64_t rows, llvm::function_ref<Value(Value)> exp2,
    llvm::function_ref<Value(int64_t r, ArrayRef<Value>, Value total)> keep) {
  auto scoreOf = [&](int64_t r, int64_t v) {
    return e.loadVector(scores, {e.index(r * kSlotTile + v * kLanes)});
  };
  SmallVector<Value> most;
  Value isBeyond;
  for (int64_t r = 0; r < rows; ++r) {
    Value largest = scoreOf(r, 0);
    for (int64_t v = 1; v < kVectors; ++v)
      largest = e.larger(largest, scoreOf(r, v));
    Value bound = e.addf(e.load(maxima, {e.add(first, r)}),
                         e.f32Constant(kSlack / factor));
    Value beyond = arith::CmpFOp::create(e.b, arith::CmpFPredicate::OGT,
                                         largest, e.broadcast(bound));
    isBeyond = isBeyond ? arith::OrIOp::create(e.b, isBeyond, beyond) : beyond;
    most.push_back(largest);
  }
  Type bits = e.b.getIntegerType(kLanes);
  Value word = vector::ExtractOp::create(
      e.b, vector::BitCastOp::create(e.b, e.vec(bits, 1), isBeyond), 0);
  Value some = arith::CmpIOp::create(
      e.b, arith::CmpIPredicate::ne, word,
      arith::ConstantOp::create(e.b, e.b.getIntegerAttr(bits, 0)));
  auto moved = scf::IfOp::create(e.b, some, /*withElseRegion=*/false);
  {
    OpBuilder::InsertionGuard guard(e.b);
    e.b.setInsertionPointToStart(moved.thenBlock());
    rescale(first, most);
  }
  for (int64_t r = 0; r < rows; ++r) {
    Value m = e.add(first, r);
    Value at = e.mul(m, kLanes);
    Value shift =
        e.broadcast(e.mulf(e.load(maxima, {m}), e.f32Constant(-factor)));
    SmallVector<Value> weights;
    for (int64_t v = 0; v < kVectors; ++v)
      weights.push_back(
          exp2(factor == 1 ? e.addf(scoreOf(r, v), shift)
                           : e.fma(scoreOf(r, v), e.splat(factor), shift)));
    Value total = keep(r, weights, e.loadVector(totals, {at}));
    e.storeVector(total, totals, {at});
  }
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

void AttendBase::storeRow(Value x, ArrayRef<Value> to, int64_t d) {
  Value output = function.getArgument(arguments.results[0]);
  SmallVector<Value> at(to);
  at.push_back(e.index(d));
  if (d + kLanes <= layout.dim)
    e.storeVector(x, output, at);
  else
    e.storeMasked(x, output, at, e.index(layout.dim - d));
}

void AttendBase::storeLogSum(Value lse, ArrayRef<Value> to) {
  e.store(lse, function.getArgument(arguments.results[1]), to);
}

void AttendBase::emitResult(Value m, ArrayRef<Value> to) {
  Value zero = e.f32Constant(0);
  Value total = e.sumLanes(e.loadVector(totals, {e.mul(m, kLanes)}));
  Value some =
      arith::CmpFOp::create(e.b, arith::CmpFPredicate::UGT, total, zero);
  Value inverse = e.broadcast(arith::SelectOp::create(
      e.b, some, e.divf(e.f32Constant(1), total), zero));
  for (int64_t d = 0; d < layout.dim; d += kLanes) {
    Value sum = e.loadVector(sums, {e.add(e.mul(m, layout.padded), d)});
    storeRow(e.mulf(sum, inverse), to, d);
  }
  if (arguments.results.size() == 1)
    return;
  Value maximum =
      e.mulf(e.load(maxima, {m}), e.f32Constant(factor * llvm::numbers::ln2));
  Value lse = e.addf(maximum, math::LogOp::create(e.b, total));
  storeLogSum(arith::SelectOp::create(e.b, some, lse,
                                      e.f32Constant(negativeInfinity())),
              to);
}

void AttendBase::emitNothing(ArrayRef<Value> to) {
  if (arguments.results.size() > 1)
    storeLogSum(e.f32Constant(negativeInfinity()), to);
}

void AttendBase::emitUnits(llvm::function_ref<void(Value)> body) {
  e.loop(function.getArgument(arguments.first),
         function.getArgument(arguments.last), 1,
         [&](Value unit) { body(unit); });
  func::ReturnOp::create(e.b);
}
