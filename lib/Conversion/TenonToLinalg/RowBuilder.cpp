//===- RowBuilder.cpp - linalg for one row --------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elementwise work and reductions are linalg ops on vectors of the last
// dimension, so that one vectoriser serves them all. Rotary positions move
// elements within a row; they are loops over pairs, whose interleaved accesses
// LLVM's vectoriser turns into shuffles.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/TenonToLinalg/RowBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>

using namespace mlir;
using namespace tenon;

Value RowBuilder::index(int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

Value RowBuilder::number(double value, Type type) {
  return arith::ConstantOp::create(builder, loc,
                                   builder.getFloatAttr(type, value));
}

Value RowBuilder::extract(Value tensor, ValueRange indices) {
  return tensor::ExtractOp::create(builder, loc, tensor, indices);
}

Value RowBuilder::insert(Value scalar, Value tensor, ValueRange indices) {
  return tensor::InsertOp::create(builder, loc, scalar, tensor, indices);
}

Value RowBuilder::loop(int64_t count, Value init,
                       llvm::function_ref<Value(Value, Value)> body) {
  auto loop = scf::ForOp::create(
      builder, loc, index(0), index(count), index(1), init,
      [&](OpBuilder &nested, Location, Value iv, ValueRange carried) {
        OpBuilder::InsertionGuard guard(builder);
        builder.setInsertionPoint(nested.getInsertionBlock(),
                                  nested.getInsertionPoint());
        Value result = body(iv, carried.front());
        scf::YieldOp::create(builder, loc, result);
      });
  return loop.getResult(0);
}

/// Offsets, sizes and strides of an innermost vector of `type`.
static void getVectorSlice(OpBuilder &builder, RankedTensorType type,
                           ValueRange indices,
                           SmallVectorImpl<OpFoldResult> &offsets,
                           SmallVectorImpl<OpFoldResult> &sizes,
                           SmallVectorImpl<OpFoldResult> &strides) {
  OpFoldResult one = builder.getIndexAttr(1);
  for (Value index : indices) {
    offsets.push_back(index);
    sizes.push_back(one);
  }
  offsets.push_back(builder.getIndexAttr(0));
  sizes.push_back(builder.getIndexAttr(type.getShape().back()));
  strides.assign(type.getRank(), one);
}

Value RowBuilder::vectorAt(Value tensor, ValueRange indices) {
  if (indices.empty())
    return tensor;
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<OpFoldResult> offsets, sizes, strides;
  getVectorSlice(builder, type, indices, offsets, sizes, strides);
  auto vector =
      RankedTensorType::get(type.getShape().back(), type.getElementType());
  return tensor::ExtractSliceOp::create(builder, loc, vector, tensor, offsets,
                                        sizes, strides);
}

Value RowBuilder::forVectors(Value dest, VectorFn body) {
  auto type = cast<RankedTensorType>(dest.getType());
  SmallVector<Value> indices;
  std::function<Value(Value)> nest = [&](Value carried) -> Value {
    if (static_cast<int64_t>(indices.size()) < type.getRank() - 1)
      return loop(type.getDimSize(indices.size()), carried,
                  [&](Value index, Value inner) {
                    indices.push_back(index);
                    Value result = nest(inner);
                    indices.pop_back();
                    return result;
                  });
    Value vector = body(indices, vectorAt(carried, indices));
    if (indices.empty())
      return vector;
    SmallVector<OpFoldResult> offsets, sizes, strides;
    getVectorSlice(builder, type, indices, offsets, sizes, strides);
    return tensor::InsertSliceOp::create(builder, loc, vector, carried, offsets,
                                         sizes, strides);
  };
  return nest(dest);
}

Value RowBuilder::elementwise(ValueRange inputs, Value dest, ElementFn body) {
  SmallVector<AffineMap> maps(inputs.size() + 1,
                              builder.getMultiDimIdentityMap(1));
  auto op = linalg::GenericOp::create(
      builder, loc, dest.getType(), inputs, dest, maps,
      utils::IteratorType::parallel,
      [&](OpBuilder &nested, Location loc, ValueRange elements) {
        Value result = body(nested, loc, elements.drop_back());
        linalg::YieldOp::create(nested, loc, result);
      });
  return op.getResult(0);
}

Value RowBuilder::sum(Value input, ElementFn body) {
  Type f32 = builder.getF32Type();
  Value empty = tensor::EmptyOp::create(builder, loc, ArrayRef<int64_t>{}, f32);
  Value zero = linalg::FillOp::create(builder, loc, number(0.0, f32), empty)
                   .getResult(0);
  // Any order of the sum will do: that lets LLVM vectorise it.
  auto anyOrder = arith::FastMathFlags::reassoc |
                  arith::FastMathFlags::contract | arith::FastMathFlags::nsz;
  AffineMap maps[] = {builder.getMultiDimIdentityMap(1),
                      AffineMap::get(1, 0, builder.getContext())};
  auto op = linalg::GenericOp::create(
      builder, loc, zero.getType(), input, zero, maps,
      utils::IteratorType::reduction,
      [&](OpBuilder &nested, Location loc, ValueRange elements) {
        Value term = body(nested, loc, elements.front());
        Value total =
            arith::AddFOp::create(nested, loc, elements.back(), term, anyOrder);
        linalg::YieldOp::create(nested, loc, total);
      });
  return extract(op.getResult(0), {});
}

Value RowBuilder::copy(Value input, Value dest) {
  return forVectors(dest, [&](ValueRange indices, Value vector) {
    return elementwise(
        vectorAt(input, indices), vector,
        [](OpBuilder &, Location, ValueRange x) { return x[0]; });
  });
}

Value RowBuilder::shorten(Value input, Value dest) {
  Type element = cast<RankedTensorType>(dest.getType()).getElementType();
  return forVectors(dest, [&](ValueRange indices, Value vector) {
    return elementwise(
        vectorAt(input, indices), vector,
        [element](OpBuilder &builder, Location loc, ValueRange x) -> Value {
          return arith::TruncFOp::create(builder, loc, element, x[0]);
        });
  });
}

Value RowBuilder::add(Value lhs, Value rhs, Value dest) {
  return forVectors(dest, [&](ValueRange indices, Value vector) {
    return elementwise(
        {vectorAt(lhs, indices), vectorAt(rhs, indices)}, vector,
        [](OpBuilder &builder, Location loc, ValueRange x) -> Value {
          return arith::AddFOp::create(builder, loc, x[0], x[1]);
        });
  });
}

/// `fn(x)` of one element.
static Value activate(OpBuilder &builder, Location loc, Fn fn, Value x) {
  auto number = [&](double value) -> Value {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getF32FloatAttr(value));
  };
  switch (fn) {
  case Fn::SiLU: {
    Value negated = arith::NegFOp::create(builder, loc, x);
    Value decay = math::ExpOp::create(builder, loc, negated);
    Value denominator = arith::AddFOp::create(builder, loc, decay, number(1.0));
    return arith::DivFOp::create(builder, loc, x, denominator);
  }
  case Fn::GELU: {
    Value scaled =
        arith::MulFOp::create(builder, loc, x, number(std::sqrt(0.5)));
    Value erf = math::ErfOp::create(builder, loc, scaled);
    Value twicePhi = arith::AddFOp::create(builder, loc, erf, number(1.0));
    Value half = arith::MulFOp::create(builder, loc, x, number(0.5));
    return arith::MulFOp::create(builder, loc, half, twicePhi);
  }
  case Fn::ReLU: {
    Value isPositive = arith::CmpFOp::create(
        builder, loc, arith::CmpFPredicate::OGT, x, number(0.0));
    return arith::SelectOp::create(builder, loc, isPositive, x, number(0.0));
  }
  }
  llvm_unreachable("all functions have a formula");
}

Value RowBuilder::gate(Fn fn, Value gate, Value up, Value dest) {
  return forVectors(dest, [&](ValueRange indices, Value vector) {
    return elementwise(
        {vectorAt(gate, indices), vectorAt(up, indices)}, vector,
        [&](OpBuilder &builder, Location loc, ValueRange x) -> Value {
          return arith::MulFOp::create(builder, loc,
                                       activate(builder, loc, fn, x[0]), x[1]);
        });
  });
}

Value RowBuilder::norm(NormKind kind, FloatAttr eps, Value input, Value weight,
                       Value dest) {
  auto anyOrder = arith::FastMathFlags::reassoc |
                  arith::FastMathFlags::contract | arith::FastMathFlags::nsz;
  Type f32 = builder.getF32Type();
  return forVectors(dest, [&](ValueRange indices, Value vector) {
    Value x = vectorAt(input, indices);
    int64_t count = cast<RankedTensorType>(x.getType()).getDimSize(0);
    Value size = number(static_cast<double>(count), f32);
    Value mean;
    if (kind == NormKind::Layer) {
      mean = sum(x, [](OpBuilder &, Location, ValueRange e) { return e[0]; });
      mean = arith::DivFOp::create(builder, loc, mean, size);
    }
    auto center = [&](OpBuilder &nested, Location loc, Value e) -> Value {
      return mean ? arith::SubFOp::create(nested, loc, e, mean) : e;
    };
    Value square =
        sum(x, [&](OpBuilder &nested, Location loc, ValueRange e) -> Value {
          Value centered = center(nested, loc, e[0]);
          return arith::MulFOp::create(nested, loc, centered, centered,
                                       anyOrder);
        });
    square = arith::DivFOp::create(builder, loc, square, size);
    square = arith::AddFOp::create(builder, loc, square,
                                   number(eps.getValueAsDouble(), f32));
    Value root = math::SqrtOp::create(builder, loc, square);
    Value scale = arith::DivFOp::create(builder, loc, number(1.0, f32), root);
    return elementwise(
        {x, weight}, vector,
        [&](OpBuilder &nested, Location loc, ValueRange e) -> Value {
          Value scaled = arith::MulFOp::create(
              nested, loc, center(nested, loc, e[0]), scale);
          return arith::MulFOp::create(nested, loc, scaled, e[1]);
        });
  });
}

Value RowBuilder::ropeAngles(FloatAttr magnitude, Value position,
                             Value frequencies, Value factors, Value dest) {
  Type f32 = builder.getF32Type(), f64 = builder.getF64Type();
  int64_t pairs = cast<RankedTensorType>(dest.getType()).getDimSize(0);
  Value place = arith::SIToFPOp::create(builder, loc, f64, position);
  return loop(pairs, dest, [&](Value pair, Value carried) {
    Value frequency = memref::LoadOp::create(builder, loc, frequencies, pair);
    Value angle = arith::MulFOp::create(builder, loc, place, frequency);
    if (factors) {
      Value factor =
          arith::ExtFOp::create(builder, loc, f64, extract(factors, pair));
      angle = arith::DivFOp::create(builder, loc, angle, factor);
    }
    Value parts[] = {math::CosOp::create(builder, loc, angle),
                     math::SinOp::create(builder, loc, angle)};
    for (auto [lane, part] : llvm::enumerate(parts)) {
      Value scaled = arith::MulFOp::create(
          builder, loc, part, number(magnitude.getValueAsDouble(), f64));
      scaled = arith::TruncFOp::create(builder, loc, f32, scaled);
      carried = insert(scaled, carried, {pair, index(lane)});
    }
    return carried;
  });
}

Value RowBuilder::rope(RopeStyle style, Value input, Value angles, Value dest) {
  auto type = cast<RankedTensorType>(input.getType());
  int64_t heads = type.getDimSize(0), dim = type.getDimSize(1);
  int64_t pairs = cast<RankedTensorType>(angles.getType()).getDimSize(0);
  auto anyForm = arith::FastMathFlags::contract;
  return loop(heads, dest, [&](Value head, Value row) {
    Value rotated = loop(pairs, row, [&](Value pair, Value carried) -> Value {
      Value first = pair, second;
      if (style == RopeStyle::Interleaved) {
        first = arith::MulIOp::create(builder, loc, pair, index(2));
        second = arith::AddIOp::create(builder, loc, first, index(1));
      } else {
        second = arith::AddIOp::create(builder, loc, pair, index(pairs));
      }
      Value x = extract(input, {head, first});
      Value y = extract(input, {head, second});
      Value c = extract(angles, {pair, index(0)});
      Value s = extract(angles, {pair, index(1)});
      auto product = [&](Value lhs, Value rhs) -> Value {
        return arith::MulFOp::create(builder, loc, lhs, rhs, anyForm);
      };
      Value u = arith::SubFOp::create(builder, loc, product(x, c),
                                      product(y, s), anyForm);
      Value v = arith::AddFOp::create(builder, loc, product(x, s),
                                      product(y, c), anyForm);
      carried = insert(u, carried, {head, first});
      return insert(v, carried, {head, second});
    });
    int64_t kept = dim - 2 * pairs;
    if (kept == 0)
      return rotated;
    return loop(kept, rotated, [&](Value offset, Value carried) {
      Value element =
          arith::AddIOp::create(builder, loc, offset, index(2 * pairs));
      return insert(extract(input, {head, element}), carried, {head, element});
    });
  });
}
