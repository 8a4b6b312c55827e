//===- Emitter.cpp - short spellings for kernel builders ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/Kernels/Emitter.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace tenon::cpu;

Value Emitter::add(Value x, Value y) {
  return b.createOrFold<arith::AddIOp>(x, y);
}
Value Emitter::add(Value x, int64_t y) { return y ? add(x, index(y)) : x; }
Value Emitter::mul(Value x, Value y) {
  return b.createOrFold<arith::MulIOp>(x, y);
}
Value Emitter::mul(Value x, int64_t y) { return y == 1 ? x : mul(x, index(y)); }
Value Emitter::sub(Value x, Value y) {
  return b.createOrFold<arith::SubIOp>(x, y);
}
Value Emitter::divUp(Value x, int64_t y) {
  return y == 1 ? x : div(add(x, y - 1), y);
}
Value Emitter::div(Value x, int64_t y) {
  return y == 1 ? x : b.createOrFold<arith::DivUIOp>(x, index(y));
}
Value Emitter::rem(Value x, int64_t y) {
  return b.createOrFold<arith::RemUIOp>(x, index(y));
}
Value Emitter::min(Value x, Value y) {
  return b.createOrFold<arith::MinUIOp>(x, y);
}
Value Emitter::max(Value x, Value y) {
  return b.createOrFold<arith::MaxUIOp>(x, y);
}

Value Emitter::f32Constant(double value) {
  return arith::ConstantOp::create(b, b.getF32FloatAttr(value));
}
Value Emitter::splat(double value, int64_t lanes) {
  return arith::ConstantOp::create(
      b, DenseElementsAttr::get(vec(f32(), lanes), static_cast<float>(value)));
}
Value Emitter::i32Splat(int32_t value, int64_t lanes) {
  return arith::ConstantOp::create(
      b, DenseElementsAttr::get(vec(b.getI32Type(), lanes), value));
}

Value Emitter::fma(Value x, Value y, Value z) {
  return math::FmaOp::create(b, x, y, z);
}
Value Emitter::addf(Value x, Value y) { return arith::AddFOp::create(b, x, y); }
Value Emitter::subf(Value x, Value y) { return arith::SubFOp::create(b, x, y); }
Value Emitter::mulf(Value x, Value y) { return arith::MulFOp::create(b, x, y); }
Value Emitter::divf(Value x, Value y) { return arith::DivFOp::create(b, x, y); }
Value Emitter::maxf(Value x, Value y) {
  return arith::MaxNumFOp::create(b, x, y);
}
Value Emitter::negf(Value x) { return arith::NegFOp::create(b, x); }
Value Emitter::exp(Value x) { return math::ExpOp::create(b, x); }
Value Emitter::exp2(Value x) {
  int64_t lanes = cast<VectorType>(x.getType()).getDimSize(0);
  auto ints = vec(b.getI32Type(), lanes);
  // The low bits of the sum, with 127 more, are the exponent of 2^n. At
  // n = -127 that is 0.
  Value shifter = splat(kShifter + 127, lanes);
  Value clamped = larger(splat(-127, lanes), x);
  Value shifted = addf(clamped, shifter);
  Value rest = subf(clamped, subf(shifted, shifter));
  Value power = arith::ShLIOp::create(
      b, arith::BitcastOp::create(b, ints, shifted), i32Splat(23, lanes));
  // Least relative error on [-0.5, 0.5], fitted for these degrees.
  constexpr double coefficients[] = {0.001327647129073739, 0.009675540961325169,
                                     0.05550713092088699,  0.24022120237350464,
                                     0.6931469440460205,   1.0000001192092896};
  Value sum = splat(coefficients[0], lanes);
  for (double next : llvm::ArrayRef(coefficients).drop_front())
    sum = fma(sum, rest, splat(next, lanes));
  return mulf(sum, arith::BitcastOp::create(b, x.getType(), power));
}
Value Emitter::larger(Value x, Value y) {
  Value isLarger = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, x, y);
  return arith::SelectOp::create(b, isLarger, x, y);
}
/// Combines each lane with the one `distance` away, at every distance.
static Value combineLanes(Emitter &e, Value x,
                          llvm::function_ref<Value(Value, Value)> combine) {
  int64_t lanes = cast<VectorType>(x.getType()).getDimSize(0);
  for (int64_t distance = lanes / 2; distance > 0; distance /= 2) {
    llvm::SmallVector<int64_t> order;
    for (int64_t lane = 0; lane < lanes; ++lane)
      order.push_back(lane ^ distance);
    x = combine(x, vector::ShuffleOp::create(e.b, x, x, order));
  }
  return x;
}
Value Emitter::largestLane(Value x) {
  return combineLanes(*this, x, [&](Value a, Value b) { return larger(a, b); });
}
Value Emitter::sumLanes(Value x) {
  Value sums =
      combineLanes(*this, x, [&](Value a, Value b) { return addf(a, b); });
  return vector::ExtractOp::create(b, sums, 0);
}
Value Emitter::broadcast(Value scalar, int64_t lanes) {
  return vector::BroadcastOp::create(b, vec(scalar.getType(), lanes), scalar);
}

void Emitter::prefetch(Value memory, ValueRange at) {
  memref::PrefetchOp::create(b, memory, at, /*isWrite=*/false,
                             /*localityHint=*/2, /*isDataCache=*/true);
}
Value Emitter::intrinsic(llvm::StringRef name, Type result,
                         ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(b, result, b.getStringAttr(name),
                                       operands)
      .getResult(0);
}
void Emitter::keepLoadOrder() {
  LLVM::FenceOp::create(b, LLVM::AtomicOrdering::seq_cst,
                        /*syncscope=*/"singlethread");
}
Value Emitter::load(Value memory, ValueRange at) {
  return memref::LoadOp::create(b, memory, at);
}
void Emitter::store(Value value, Value memory, ValueRange at) {
  memref::StoreOp::create(b, value, memory, at);
}
Value Emitter::loadVector(Value memory, ValueRange at, int64_t lanes) {
  Type element = cast<MemRefType>(memory.getType()).getElementType();
  return vector::LoadOp::create(b, vec(element, lanes), memory, at);
}
void Emitter::storeVector(Value value, Value memory, ValueRange at) {
  vector::StoreOp::create(b, value, memory, at);
}
Value Emitter::loadMasked(Value memory, ValueRange at, Value count) {
  Type element = cast<MemRefType>(memory.getType()).getElementType();
  Value mask = vector::CreateMaskOp::create(b, vec(b.getI1Type()), count);
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(vec(element)));
  return vector::MaskedLoadOp::create(b, vec(element), memory, at, mask, zero);
}
void Emitter::storeMasked(Value value, Value memory, ValueRange at,
                          Value count) {
  Value mask = vector::CreateMaskOp::create(b, vec(b.getI1Type()), count);
  vector::MaskedStoreOp::create(b, memory, at, mask, value);
}

Value Emitter::toF32(Value x) {
  Type element = getElementTypeOrSelf(x.getType());
  auto as = [&](Type scalar) -> Type {
    if (auto vector = dyn_cast<VectorType>(x.getType()))
      return vector.clone(scalar);
    return scalar;
  };
  if (element.isF32())
    return x;
  if (element.isF16())
    return arith::ExtFOp::create(b, as(f32()), x);
  // bf16 is the upper half of an f32.
  Value bits = arith::BitcastOp::create(b, as(b.getI16Type()), x);
  Value wide = arith::ExtUIOp::create(b, as(b.getI32Type()), bits);
  auto shift =
      cast<TypedAttr>(isa<VectorType>(wide.getType())
                          ? Attribute(DenseElementsAttr::get(
                                cast<ShapedType>(wide.getType()), int32_t(16)))
                          : Attribute(b.getI32IntegerAttr(16)));
  Value high =
      arith::ShLIOp::create(b, wide, arith::ConstantOp::create(b, shift));
  return arith::BitcastOp::create(b, as(f32()), high);
}

Value Emitter::fromF32(Value x, Type element) {
  if (element.isF32())
    return x;
  Type type = element;
  if (auto vector = dyn_cast<VectorType>(x.getType()))
    type = vector.clone(element);
  return arith::TruncFOp::create(b, type, x);
}

Value Emitter::view(Value bytes, Value offset, Type element,
                    ArrayRef<int64_t> shape) {
  return memref::ViewOp::create(b, MemRefType::get(shape, element), bytes,
                                offset, ValueRange());
}

SmallVector<Value> Emitter::loop(Value first, Value last, int64_t step,
                                 ArrayRef<Value> inits, const Body &body) {
  auto op = scf::ForOp::create(b, first, last, index(step), inits);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(op.getBody());
  SmallVector<Value> next =
      body(op.getInductionVar(), ValueRange(op.getRegionIterArgs()));
  // Without carried values the loop made its own terminator.
  if (!inits.empty())
    scf::YieldOp::create(b, next);
  return SmallVector<Value>(op.getResults());
}

void Emitter::loop(Value first, Value last, int64_t step,
                   const std::function<void(Value)> &body) {
  loop(first, last, step, {}, [&](Value i, ValueRange) {
    body(i);
    return SmallVector<Value>();
  });
}
