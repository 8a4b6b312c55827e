//===- AttendIntegers.cpp - attention in integers of 8 bits ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Queries, keys and values are rounded vector by vector, each with a scale of
// its own. Values' scales go into the weights of a tile, which are rounded
// relative to the largest of them, query by query: so a far tile's small
// weights keep their bits, and what a query sees does not depend on later
// slots. Products of a tile are added as integers, without rounding.
//
// A vector with a number that is not finite has no number as its scale, and so
// have the weights of a tile with a visible value of that kind: codes may be
// anything then, as long as no other vector's are touched.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/Kernels/AttendPanels.h"
#include "lib/Target/CPU/Kernels/DotProduct.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

namespace {

/// Smaller than every scale that matters, larger than 0.
constexpr double kTiny = 1e-30;

static_assert(kSlotTile == 4 * kLanes, "a word has a byte of each vector");

class IntegerPanels : public AttendPanels {
public:
  IntegerPanels(Emitter &e, AttentionOp op, const CPUTargetOptions &target)
      : AttendPanels(e, op), target(target) {}

  void storeQuery(Value m, ArrayRef<Value> x) override;
  Value storeWeights(int64_t r, ArrayRef<Value> x, Value total) override;
  Value exp2(Value x) override;
  void convert(Value cells, Value tileAt, Value slots) override;
  SmallVector<Value> dotKeys(Value first, Value column, int64_t rows,
                             int64_t vectors) override;
  SmallVector<Value> addValues(Sum sum, int64_t rows, int64_t begin,
                               int64_t vectors) override;

private:
  void convertKeys(Value cells, Value tileAt);
  void convertValues(Value cells, Value tileAt, Value slots);
  /// Magnitudes of floats are ordered as their bits are, with infinity and what
  /// is no number above all others.
  Value magnitude(Value x) {
    return arith::AndIOp::create(e.b,
                                 vector::BitCastOp::create(e.b, e.vi32(), x),
                                 e.i32Splat(0x7fffffff));
  }
  Value largerBits(Value x, Value y) {
    return y ? arith::MaxSIOp::create(e.b, x, y).getResult() : x;
  }
  /// The largest lane of such bits, as a float.
  Value largestOf(Value bits);
  /// A constant of the type of `like`, a vector or a scalar.
  Value constant(Value like, double x) {
    return isa<VectorType>(like.getType()) ? e.splat(x) : e.f32Constant(x);
  }
  Value isFinite(Value largest) {
    return arith::CmpFOp::create(
        e.b, arith::CmpFPredicate::OLE, largest,
        constant(largest, std::numeric_limits<float>::max()));
  }
  /// `largest / limit`, no number where `largest` is not finite.
  Value scaleOf(Value largest, double limit);
  /// `limit / largest`, for vectors and scalars.
  Value inverse(Value largest, double limit);
  /// Four vectors of `x * factor + bias`, rounded, as bytes side by side.
  Value packBytes(ArrayRef<Value> x, ArrayRef<Value> factors, int32_t bias);
  /// The four bytes at place `at` in all lanes.
  Value spread(Value numbers, Value at);
  Value bytes(Value words) {
    return vector::BitCastOp::create(e.b, e.vec(e.b.getI8Type(), 4 * kLanes),
                                     words);
  }
  Value toFloats(Value sum) {
    return arith::SIToFPOp::create(e.b, e.vf32(), sum);
  }

  const CPUTargetOptions &target;
};

} // namespace

std::unique_ptr<AttendPanels>
tenon::cpu::createIntegerPanels(Emitter &e, AttentionOp op,
                                const CPUTargetOptions &target) {
  return std::make_unique<IntegerPanels>(e, op, target);
}

Value IntegerPanels::exp2(Value x) {
  return target.has("avx512f") && target.has("avx512dq") ? emitShortExp2(e, x)
                                                         : e.exp2(x);
}

Value IntegerPanels::inverse(Value largest, double limit) {
  return e.divf(constant(largest, limit),
                e.maxf(largest, constant(largest, kTiny)));
}

Value IntegerPanels::largestOf(Value bits) {
  Value most =
      vector::ReductionOp::create(e.b, vector::CombiningKind::MAXSI, bits);
  return arith::BitcastOp::create(e.b, e.b.getF32Type(), most);
}

Value IntegerPanels::scaleOf(Value largest, double limit) {
  return arith::SelectOp::create(
      e.b, isFinite(largest), e.mulf(largest, constant(largest, 1 / limit)),
      constant(largest, std::numeric_limits<double>::quiet_NaN()));
}

Value IntegerPanels::packBytes(ArrayRef<Value> x, ArrayRef<Value> factors,
                               int32_t bias) {
  assert(x.size() == 4 && "expected a vector per byte of a word");
  Value word;
  for (auto [i, part] : llvm::enumerate(x)) {
    Value bits = vector::BitCastOp::create(
        e.b, e.vi32(),
        e.fma(part, factors[i % factors.size()], e.splat(kShifter + bias)));
    if (i)
      bits = arith::ShLIOp::create(e.b, bits, e.i32Splat(8 * i));
    word = word ? arith::AddIOp::create(e.b, word, bits) : bits;
  }
  // What the shifters' bits add up to.
  uint32_t excess = kShifterBits + (uint32_t(kShifterBits) << 8);
  return arith::SubIOp::create(e.b, word, e.i32Splat(int32_t(excess)));
}

Value IntegerPanels::spread(Value numbers, Value at) {
  Value four = e.loadVector(numbers, {at}, 4);
  Value word = vector::BitCastOp::create(e.b, e.vec(e.b.getI32Type(), 1), four);
  return bytes(e.broadcast(vector::ExtractOp::create(e.b, word, 0)));
}

void IntegerPanels::storeQuery(Value m, ArrayRef<Value> x) {
  Value most;
  for (Value part : x)
    most = largerBits(magnitude(part), most);
  Value largest = largestOf(most);
  Value factor = e.broadcast(inverse(largest, 127));
  Value sum = e.i32Splat(0);
  for (auto [v, part] : llvm::enumerate(x)) {
    Value bits = vector::BitCastOp::create(
        e.b, e.vi32(), e.fma(part, factor, e.splat(kShifter)));
    Value code = arith::SubIOp::create(e.b, bits, e.i32Splat(kShifterBits));
    sum = arith::AddIOp::create(e.b, sum, code);
    e.storeVector(
        arith::TruncIOp::create(e.b, e.vec(e.b.getI8Type()), code), queries,
        {e.add(e.mul(m, layout.padded), static_cast<int64_t>(v) * kLanes)});
  }
  Value all = vector::ReductionOp::create(e.b, vector::CombiningKind::ADD, sum);
  // Codes of keys are 128 too large.
  Value minus = arith::ConstantOp::create(e.b, e.b.getI32IntegerAttr(-128));
  e.store(arith::MulIOp::create(e.b, all, minus), querySums, {m});
  e.store(scaleOf(largest, 127), queryScales, {m});
}

void IntegerPanels::convertKeys(Value cells, Value tileAt) {
  e.loop(e.index(0), e.index(kSlotTile), kLanes, [&](Value s) {
    Value base = e.add(tileAt, e.mul(s, layout.dim));
    auto load = [&](Value d) {
      return e.toF32(e.loadVector(cells, {e.add(base, e.mul(d, kLanes))}));
    };
    Value most = e.loop(e.index(0), e.index(layout.dim), 1, {e.i32Splat(0)},
                        [&](Value d, ValueRange most) -> SmallVector<Value> {
                          return {largerBits(magnitude(load(d)), most[0])};
                        })[0];
    Value largest = vector::BitCastOp::create(e.b, e.vf32(), most);
    e.storeVector(scaleOf(largest, 127), keyScales, {s});
    Value factor = inverse(largest, 127);
    auto pack = [&](Value d, int64_t count) {
      SmallVector<Value> x;
      for (int64_t i = 0; i < 4; ++i)
        x.push_back(i < count ? load(e.add(d, i)) : e.splat(0));
      e.storeVector(bytes(packBytes(x, factor, 128)), keys,
                    {e.add(e.mul(d, kSlotTile), e.mul(s, 4))});
    };
    int64_t whole = layout.dim / 4 * 4;
    e.loop(e.index(0), e.index(whole), 4, [&](Value d) { pack(d, 4); });
    if (whole != layout.dim)
      pack(e.index(whole), layout.dim - whole);
  });
}

void IntegerPanels::convertValues(Value cells, Value tileAt, Value slots) {
  // Four slots as far apart as vectors of weights: their bytes are packed
  // without crossing lanes.
  Value base = e.add(tileAt, layout.valuesAt());
  e.loop(e.index(0), e.index(kLanes), 1, [&](Value s) {
    auto load = [&](int64_t which, int64_t d, Value isTaken) -> Value {
      Value slot = e.add(s, which * kLanes);
      Value x = e.toF32(e.loadVector(
          cells, {e.add(base, e.add(e.mul(slot, layout.padded), d))}));
      x = arith::SelectOp::create(e.b, isTaken, x, e.splat(0));
      if (d + kLanes <= layout.dim)
        return x;
      // Nothing is written behind the last element.
      Value isElement = vector::CreateMaskOp::create(
          e.b, e.vec(e.b.getI1Type()), e.index(layout.dim - d));
      return arith::SelectOp::create(e.b, isElement, x, e.splat(0));
    };
    SmallVector<Value> factors, areTaken;
    for (int64_t which = 0; which < 4; ++which) {
      Value slot = e.add(s, which * kLanes);
      Value isFilled =
          arith::CmpIOp::create(e.b, arith::CmpIPredicate::ult, slot, slots);
      Value most;
      for (int64_t d = 0; d < layout.padded; d += kLanes)
        most = largerBits(magnitude(load(which, d, isFilled)), most);
      Value largest = largestOf(most);
      e.store(scaleOf(largest, 127), valueScales, {slot});
      factors.push_back(e.broadcast(inverse(largest, 127)));
      // Others share its words: its bits must not reach theirs.
      areTaken.push_back(
          arith::AndIOp::create(e.b, isFilled, isFinite(largest)));
    }
    for (int64_t d = 0; d < layout.padded; d += kLanes) {
      SmallVector<Value> x;
      for (int64_t which = 0; which < 4; ++which)
        x.push_back(load(which, d, areTaken[which]));
      // Less 128: the top bits.
      Value word = arith::XOrIOp::create(e.b, packBytes(x, factors, 128),
                                         e.i32Splat(int32_t(0x80808080)));
      e.storeVector(bytes(word), values,
                    {e.mul(e.add(e.mul(s, layout.padded), d), 4)});
    }
  });
}

void IntegerPanels::convert(Value cells, Value tileAt, Value slots) {
  convertKeys(cells, tileAt);
  convertValues(cells, tileAt, slots);
}

Value IntegerPanels::storeWeights(int64_t r, ArrayRef<Value> x, Value total) {
  Value most;
  SmallVector<Value> scaled;
  for (auto [v, weight] : llvm::enumerate(x)) {
    total = e.addf(total, weight);
    Value scale =
        e.loadVector(valueScales, {e.index(static_cast<int64_t>(v) * kLanes)});
    // A value that is not seen has a weight of 0 and any scale.
    Value isSeen = arith::CmpFOp::create(e.b, arith::CmpFPredicate::UNE, weight,
                                         e.splat(0));
    scaled.push_back(arith::SelectOp::create(e.b, isSeen, e.mulf(weight, scale),
                                             e.splat(0)));
    most = largerBits(magnitude(scaled.back()), most);
  }
  Value largest = largestOf(most);
  Value factor = e.broadcast(inverse(largest, 255));
  e.store(scaleOf(largest, 255), weightScales, {e.index(r)});
  e.storeVector(bytes(packBytes(scaled, factor, 0)), weights,
                {e.index(r * kSlotTile)});
  return total;
}

SmallVector<Value> IntegerPanels::dotKeys(Value first, Value column,
                                          int64_t rows, int64_t vectors) {
  SmallVector<Value> dots;
  for (int64_t r = 0; r < rows; ++r)
    dots.append(vectors, e.broadcast(e.load(querySums, {e.add(first, r)})));
  Value start = e.mul(first, layout.padded);
  dots = e.loop(
      e.index(0), e.index(llvm::alignTo(layout.dim, 4)), 4, dots,
      [&](Value d, ValueRange carried) {
        SmallVector<Value> next(carried);
        Value from = e.add(e.mul(d, kSlotTile), e.mul(column, 4));
        SmallVector<Value> key;
        for (int64_t v = 0; v < vectors; ++v)
          key.push_back(
              e.loadVector(keys, {e.add(from, 4 * v * kLanes)}, 4 * kLanes));
        for (int64_t r = 0; r < rows; ++r) {
          Value x = spread(queries, e.add(e.add(start, d), r * layout.padded));
          for (int64_t v = 0; v < vectors; ++v)
            next[r * vectors + v] =
                emitDot4(e, target, next[r * vectors + v], key[v], x);
        }
        return next;
      });
  SmallVector<Value> scales;
  for (int64_t v = 0; v < vectors; ++v)
    scales.push_back(e.loadVector(keyScales, {e.add(column, v * kLanes)}));
  for (int64_t r = 0; r < rows; ++r) {
    Value scale = e.broadcast(e.load(queryScales, {e.add(first, r)}));
    for (int64_t v = 0; v < vectors; ++v) {
      Value &dot = dots[r * vectors + v];
      dot = e.mulf(e.mulf(toFloats(dot), scales[v]), scale);
    }
  }
  return dots;
}

SmallVector<Value> IntegerPanels::addValues(Sum sum, int64_t rows,
                                            int64_t begin, int64_t vectors) {
  SmallVector<Value> dots(rows * vectors, e.i32Splat(0));
  dots = e.loop(
      e.index(0), e.index(kLanes), 1, dots, [&](Value s, ValueRange carried) {
        SmallVector<Value> next(carried);
        Value from = e.mul(e.add(e.mul(s, layout.padded), begin * kLanes), 4);
        SmallVector<Value> value;
        for (int64_t v = 0; v < vectors; ++v)
          value.push_back(
              e.loadVector(values, {e.add(from, 4 * v * kLanes)}, 4 * kLanes));
        for (int64_t r = 0; r < rows; ++r) {
          Value x = spread(weights, e.add(e.mul(s, 4), r * kSlotTile));
          for (int64_t v = 0; v < vectors; ++v)
            next[r * vectors + v] =
                emitDot4(e, target, next[r * vectors + v], x, value[v]);
        }
        return next;
      });
  for (int64_t r = 0; r < rows; ++r) {
    Value scale = e.broadcast(e.load(weightScales, {e.index(r)}));
    for (int64_t v = 0; v < vectors; ++v) {
      Value &dot = dots[r * vectors + v];
      dot = e.fma(toFloats(dot), scale, sum(r, v));
    }
  }
  return dots;
}
