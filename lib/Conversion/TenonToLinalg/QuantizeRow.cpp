//===- QuantizeRow.cpp - a row as scaled integers -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Block by block in vectors of half a block. What kernels need of a block's
// codes (sums of them, as integers and scaled) is computed here, once per row,
// because every output of a contraction needs it.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/TenonToLinalg/RowBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;
using namespace tenon;

namespace {

/// Emits the rounding of one block at `block` into `dest`.
class BlockEmitter {
public:
  BlockEmitter(OpBuilder &builder, Location loc,
               const cpu::ActivationLayout &layout, Value block)
      : b(loc, builder), layout(layout), block(block), half(layout.size / 2) {}

  Value emit(Value input, Value dest);

private:
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, value);
  }
  Value number(double value) {
    return arith::ConstantOp::create(b, b.getF32FloatAttr(value));
  }
  Value integer(int32_t value) {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
  }
  VectorType vectorOf(Type element, int64_t lanes) {
    return VectorType::get({lanes}, element);
  }
  Value broadcast(Value x) {
    return vector::BroadcastOp::create(b, vectorOf(x.getType(), half), x);
  }
  Value reduce(vector::CombiningKind kind, Value x) {
    return vector::ReductionOp::create(b, kind, x);
  }
  /// Writes `x` at entry `block` of the part of the row that starts at `start`.
  Value write(Value x, Value dest, int64_t start);

  ImplicitLocOpBuilder b;
  const cpu::ActivationLayout &layout;
  Value block;
  int64_t half;
};

} // namespace

Value BlockEmitter::write(Value x, Value dest, int64_t start) {
  auto type = cast<VectorType>(x.getType());
  int64_t bytes = type.getNumElements() * type.getElementTypeBitWidth() / 8;
  Value raw = vector::BitCastOp::create(b, vectorOf(b.getI8Type(), bytes), x);
  Value at = arith::AddIOp::create(
      b, arith::MulIOp::create(b, block, index(bytes)), index(start));
  return vector::TransferWriteOp::create(b, raw, dest, ValueRange{at},
                                         ArrayRef<bool>{true})
      .getResult();
}

Value BlockEmitter::emit(Value input, Value dest) {
  Value start = arith::MulIOp::create(b, block, index(layout.size));
  SmallVector<Value, 2> x;
  for (int64_t part : {int64_t(0), half}) {
    Value at = arith::AddIOp::create(b, start, index(part));
    x.push_back(vector::TransferReadOp::create(
        b, vectorOf(b.getF32Type(), half), input, ValueRange{at}, number(0),
        ArrayRef<bool>{true}));
  }
  // Magnitudes of floats are ordered as their bits are, with what is no number
  // above all others: integers are compared faster.
  Type i32 = b.getI32Type();
  auto magnitude = [&](Value part) -> Value {
    Value bits = arith::BitcastOp::create(b, vectorOf(i32, half), part);
    return arith::AndIOp::create(b, bits, broadcast(integer(0x7fffffff)));
  };
  Value most =
      reduce(vector::CombiningKind::MAXSI,
             arith::MaxSIOp::create(b, magnitude(x[0]), magnitude(x[1])));
  most = arith::BitcastOp::create(b, b.getF32Type(), most);
  Value isZero =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, most, number(1e-30));
  Value scale = arith::DivFOp::create(b, most, number(127));
  Value inverse = arith::DivFOp::create(b, number(127), most);
  Value isFinite =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OLE, most,
                            number(std::numeric_limits<float>::max()));
  scale = arith::SelectOp::create(b, isZero, number(0), scale);
  scale = arith::SelectOp::create(
      b, arith::OrIOp::create(b, isFinite, isZero), scale,
      number(std::numeric_limits<double>::quiet_NaN()));
  inverse = arith::SelectOp::create(b, isZero, number(0), inverse);
  inverse = arith::SelectOp::create(b, isFinite, inverse, number(0));

  SmallVector<Value, 2> codes, sums;
  for (Value part : x) {
    // A code never rounds beyond 127: x * inverse is 127 up to its last bit.
    Value code = math::RoundEvenOp::create(
        b, arith::MulFOp::create(b, part, broadcast(inverse)));
    // Not finite times 0 is no number, which has no integer.
    Value isOrdinary =
        arith::CmpFOp::create(b, arith::CmpFPredicate::ORD, code, code);
    code = arith::SelectOp::create(b, isOrdinary, code, broadcast(number(0)));
    code = arith::FPToSIOp::create(b, vectorOf(i32, half), code);
    sums.push_back(reduce(vector::CombiningKind::ADD, code));
    codes.push_back(
        arith::TruncIOp::create(b, vectorOf(b.getI8Type(), half), code));
  }
  Value both = vector::FromElementsOp::create(b, vectorOf(i32, 2), sums);
  Value scaled = arith::SIToFPOp::create(b, vectorOf(b.getF32Type(), 2), both);
  scaled = arith::MulFOp::create(
      b, scaled,
      vector::BroadcastOp::create(b, vectorOf(b.getF32Type(), 2), scale));
  Value sum = arith::AddIOp::create(b, sums[0], sums[1]);
  auto negative = [&](Value x) -> Value {
    Value zero = arith::ConstantOp::create(b, b.getZeroAttr(x.getType()));
    return arith::SubIOp::create(b, zero, x);
  };
  Value total = arith::MulFOp::create(
      b, arith::SIToFPOp::create(b, b.getF32Type(), sum), scale);
  auto single = [&](Value x) -> Value {
    return vector::BroadcastOp::create(b, vectorOf(x.getType(), 1), x);
  };
  Value all = vector::ShuffleOp::create(
      b, codes[0], codes[1], llvm::to_vector(llvm::seq<int64_t>(2 * half)));
  dest = write(all, dest, 0);
  dest = write(single(scale), dest, layout.scale());
  dest = write(single(negative(sum)), dest, layout.sum());
  dest = write(negative(both), dest, layout.half());
  dest = write(single(total), dest, layout.total());
  return write(scaled, dest, layout.halves());
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
  return loop(layout.blocks(), dest, [&](Value block, Value carried) {
    return BlockEmitter(builder, loc, layout, block).emit(input, carried);
  });
}
