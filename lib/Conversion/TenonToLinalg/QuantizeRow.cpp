//===- QuantizeRow.cpp - a row as scaled integers -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A few blocks at a time, in vectors of half a block: one block alone is a long
// chain of instructions, and the largest elements, sums and scales of several
// fit into the lanes of one vector. What kernels need of a block's codes (sums
// of them, as integers and scaled) is computed here, once per row, because
// every output of a contraction needs it.
//
//===----------------------------------------------------------------------===//

#include "dialects/TenonCPU/IR/Limits.h"
#include "lib/Conversion/TenonToLinalg/RowBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;
using namespace tenon;

namespace {

/// Blocks that are rounded together, where a row has as many.
constexpr int64_t kGroup = 4;

/// Emits the rounding of `count` blocks, a power of two, from `block` on.
class GroupEmitter {
public:
  GroupEmitter(OpBuilder &builder, Location loc,
               const cpu::ActivationLayout &layout, Value block, int64_t count)
      : b(loc, builder), layout(layout), block(block), count(count),
        half(layout.size / 2) {}

  Value emit(Value input, Value dest);

private:
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, value);
  }
  VectorType vectorOf(Type element, int64_t lanes) {
    return VectorType::get({lanes}, element);
  }
  Value splat(double value, int64_t lanes) {
    return broadcast(
        arith::ConstantOp::create(b, b.getF32FloatAttr(value)).getResult(),
        lanes);
  }
  Value splat(int32_t value, int64_t lanes) {
    return broadcast(
        arith::ConstantOp::create(b, b.getI32IntegerAttr(value)).getResult(),
        lanes);
  }
  Value broadcast(Value x, int64_t lanes) {
    return vector::BroadcastOp::create(b, vectorOf(x.getType(), lanes), x);
  }
  /// Where a part that has `perBlock` items per block and begins at item
  /// `start` has those of `block`.
  Value offset(int64_t perBlock, int64_t start) {
    return arith::AddIOp::create(
        b, arith::MulIOp::create(b, block, index(perBlock)), index(start));
  }
  /// Bits of `x * factor`, rounded, with the integer in the lowest bits. What
  /// is not finite has any integer.
  Value round(Value x, Value factor);
  /// Each vector's lanes combined, as one vector of the results.
  template <typename Op>
  Value reduce(SmallVector<Value> vectors);
  /// Writes `x`, which has as much for each block, to the part of the row that
  /// begins at `start`.
  Value write(Value x, Value dest, int64_t start);

  ImplicitLocOpBuilder b;
  const cpu::ActivationLayout &layout;
  Value block;
  int64_t count, half;
};

} // namespace

Value GroupEmitter::round(Value x, Value factor) {
  Value sum = arith::AddFOp::create(b, arith::MulFOp::create(b, x, factor),
                                    splat(cpu::kShifter, half));
  return arith::BitcastOp::create(b, vectorOf(b.getI32Type(), half), sum);
}

template <typename Op>
Value GroupEmitter::reduce(SmallVector<Value> vectors) {
  // The lower and the upper half of each `width` lanes, of two vectors or one.
  auto combine = [&](Value x, Value y, int64_t lanes, int64_t width) -> Value {
    SmallVector<int64_t> low, high;
    for (int64_t lane = 0; lane < lanes; ++lane)
      (lane % width < width / 2 ? low : high).push_back(lane);
    return Op::create(b, vector::ShuffleOp::create(b, x, y, low),
                      vector::ShuffleOp::create(b, x, y, high));
  };
  // The loops end with one lane per vector.
  assert(llvm::isPowerOf2_64(vectors.size()) &&
         half >= static_cast<int64_t>(vectors.size()) &&
         "expected a power of two of vectors, no more than lanes");
  int64_t lanes = half;
  for (; lanes > static_cast<int64_t>(vectors.size()); lanes /= 2)
    for (Value &x : vectors)
      x = combine(x, x, lanes, lanes);
  // As many lanes as vectors: these are put side by side in ever larger groups.
  for (int64_t width = lanes; width > 1; width /= 2) {
    for (size_t i = 0; i < vectors.size(); i += 2)
      vectors[i / 2] = combine(vectors[i], vectors[i + 1], 2 * lanes, width);
    vectors.truncate(vectors.size() / 2);
  }
  return vectors.front();
}

Value GroupEmitter::write(Value x, Value dest, int64_t start) {
  auto type = cast<VectorType>(x.getType());
  int64_t bytes = type.getNumElements() * type.getElementTypeBitWidth() / 8;
  Value raw = vector::BitCastOp::create(b, vectorOf(b.getI8Type(), bytes), x);
  return vector::TransferWriteOp::create(
             b, raw, dest, ValueRange{offset(bytes / count, start)},
             ArrayRef<bool>{true})
      .getResult();
}

Value GroupEmitter::emit(Value input, Value dest) {
  Type i32 = b.getI32Type(), f32 = b.getF32Type();
  Value zero = arith::ConstantOp::create(b, b.getF32FloatAttr(0));
  SmallVector<Value> x;
  for (int64_t part = 0; part < 2 * count; ++part)
    x.push_back(vector::TransferReadOp::create(
        b, vectorOf(f32, half), input,
        ValueRange{offset(layout.size, part * half)}, zero,
        ArrayRef<bool>{true}));
  // Magnitudes of floats are ordered as their bits are, with what is no number
  // above all others: integers are compared faster.
  SmallVector<Value> magnitudes, maxima;
  for (Value part : x)
    magnitudes.push_back(arith::AndIOp::create(
        b, arith::BitcastOp::create(b, vectorOf(i32, half), part),
        splat(0x7fffffff, half)));
  for (int64_t n = 0; n < count; ++n)
    maxima.push_back(
        arith::MaxSIOp::create(b, magnitudes[2 * n], magnitudes[2 * n + 1]));
  Value most = arith::BitcastOp::create(b, vectorOf(f32, count),
                                        reduce<arith::MaxSIOp>(maxima));
  Value isZero = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, most,
                                       splat(1e-30, count));
  Value isFinite =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OLE, most,
                            splat(std::numeric_limits<float>::max(), count));
  Value scale = arith::DivFOp::create(b, most, splat(127.0, count));
  Value inverse = arith::DivFOp::create(b, splat(127.0, count), most);
  scale = arith::SelectOp::create(b, isZero, splat(0.0, count), scale);
  scale = arith::SelectOp::create(
      b, arith::OrIOp::create(b, isFinite, isZero), scale,
      splat(std::numeric_limits<double>::quiet_NaN(), count));
  inverse = arith::SelectOp::create(b, isFinite, inverse, splat(0.0, count));
  inverse = arith::SelectOp::create(b, isZero, splat(0.0, count), inverse);

  // A code never rounds beyond 127: x * inverse is 127 up to its last bit.
  SmallVector<Value> bits;
  for (auto [part, elements] : llvm::enumerate(x)) {
    int64_t at = static_cast<int64_t>(part);
    Value factor = broadcast(
        vector::ExtractOp::create(b, inverse, ArrayRef<int64_t>{at / 2}), half);
    bits.push_back(round(elements, factor));
    Value codes =
        arith::TruncIOp::create(b, vectorOf(b.getI8Type(), half), bits.back());
    dest = vector::TransferWriteOp::create(
               b, codes, dest, ValueRange{offset(layout.size, at * half)},
               ArrayRef<bool>{true})
               .getResult();
  }
  Value sums = arith::SubIOp::create(
      b, reduce<arith::AddIOp>(bits),
      splat(int32_t(uint32_t(cpu::kShifterBits) * uint32_t(half)), 2 * count));
  SmallVector<int64_t> first, second, twice;
  for (int64_t n = 0; n < count; ++n) {
    first.push_back(2 * n);
    second.push_back(2 * n + 1);
    twice.append(2, n);
  }
  Value sum =
      arith::AddIOp::create(b, vector::ShuffleOp::create(b, sums, sums, first),
                            vector::ShuffleOp::create(b, sums, sums, second));
  auto negative = [&](Value x, int64_t lanes) -> Value {
    return arith::SubIOp::create(b, splat(0, lanes), x);
  };
  auto scaled = [&](Value x, Value scales) -> Value {
    return arith::MulFOp::create(
        b, arith::SIToFPOp::create(b, scales.getType(), x), scales);
  };
  dest = write(scale, dest, layout.scale());
  dest = write(negative(sum, count), dest, layout.sum());
  dest = write(negative(sums, 2 * count), dest, layout.half());
  dest = write(scaled(sum, scale), dest, layout.total());
  return write(scaled(sums, vector::ShuffleOp::create(b, scale, scale, twice)),
               dest, layout.halves());
}

Value RowBuilder::quantize(const cpu::ActivationLayout &layout, Value input,
                           Value dest) {
  auto type = cast<RankedTensorType>(input.getType());
  if (type.getRank() > 1) {
    ReassociationIndices all =
        llvm::to_vector(llvm::seq<int64_t>(type.getRank()));
    input = tensor::CollapseShapeOp::create(
        builder, loc, input, SmallVector<ReassociationIndices>{all});
  }
  // Whole groups, then what is left in smaller ones.
  int64_t done = 0;
  for (int64_t size = kGroup; size; size /= 2) {
    int64_t groups = (layout.blocks() - done) / size;
    if (!groups)
      continue;
    dest = loop(groups, dest, [&](Value group, Value carried) {
      Value block = arith::AddIOp::create(
          builder, loc, index(done),
          arith::MulIOp::create(builder, loc, group, index(size)));
      return GroupEmitter(builder, loc, layout, block, size)
          .emit(input, carried);
    });
    done += groups * size;
  }
  return dest;
}
