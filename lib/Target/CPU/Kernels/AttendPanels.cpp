//===- AttendPanels.cpp - a tile of a cache as arithmetic wants it --------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/Kernels/AttendPanels.h"
#include "lib/Target/CPU/Kernels/PairProducts.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

namespace {

/// Numbers of a type in the scratch memory.
struct Part {
  Type type;
  int64_t count;

  /// In whole cache lines.
  int64_t bytes() const {
    return llvm::alignTo(count * type.getIntOrFloatBitWidth() / 8, 64);
  }
};

} // namespace

/// What lies in the scratch memory, in order.
static SmallVector<Part, 9> listParts(AttentionOp op, int64_t queries,
                                      int64_t rows) {
  CacheLayoutOf layout(op.getCache().getType());
  Builder b(op.getContext());
  Type f32 = b.getF32Type(), i32 = b.getI32Type(), i8 = b.getI8Type();
  Type number = op.getProducts().value_or(f32);
  // Numbers that are multiplied at once.
  int64_t step = 32 / number.getIntOrFloatBitWidth();
  int64_t depth = llvm::alignTo(layout.dim, step);
  SmallVector<Part, 9> parts = {{number, queries * layout.padded},
                                {number, rows * kSlotTile},
                                {number, depth * kSlotTile},
                                {number, kSlotTile * layout.padded}};
  if (number == i8)
    parts.append({{i32, queries},
                  {f32, queries},
                  {f32, kSlotTile},
                  {f32, kSlotTile},
                  {f32, rows}});
  return parts;
}

int64_t AttendPanels::bytes(AttentionOp op, int64_t queries, int64_t rows) {
  int64_t all = 0;
  for (const Part &part : listParts(op, queries, rows))
    all += part.bytes();
  return all;
}

int64_t AttendPanels::map(Value scratch, int64_t count, int64_t rows) {
  Value *places[] = {&queries,   &weights,     &keys,
                     &values,    &querySums,   &queryScales,
                     &keyScales, &valueScales, &weightScales};
  int64_t at = 0;
  for (auto [place, part] : llvm::zip(places, listParts(op, count, rows))) {
    *place = e.view(scratch, e.index(at), part.type, {part.count});
    at += part.bytes();
  }
  return at;
}

std::unique_ptr<AttendPanels>
AttendPanels::create(Emitter &e, AttentionOp op,
                     const CPUTargetOptions &target) {
  std::optional<Type> products = op.getProducts();
  return products && products->isInteger(8) ? createIntegerPanels(e, op, target)
                                            : createFloatPanels(e, op);
}

namespace {

class FloatPanels : public AttendPanels {
public:
  FloatPanels(Emitter &e, AttentionOp op)
      : AttendPanels(e, op), isPaired(op.getProducts().has_value()),
        depth(isPaired ? llvm::alignTo(layout.dim, 2) : layout.dim) {}

  void storeQuery(Value m, ArrayRef<Value> x) override;
  Value storeWeights(int64_t r, ArrayRef<Value> x, Value total) override;
  Value exp2(Value x) override;
  void convert(Value cells, Value tileAt, Value slots) override;
  SmallVector<Value> dotKeys(Value first, Value column, int64_t rows,
                             int64_t vectors) override;
  SmallVector<Value> addValues(Sum sum, int64_t rows, int64_t begin,
                               int64_t vectors) override;

private:
  /// Numbers that one step of a product takes.
  int64_t step() const { return isPaired ? 2 : 1; }
  Value loadPanel(Value panel, Value at);
  void storePanel(Value x, Value panel, Value at);
  /// The number, or pair of numbers, at place `at` in all lanes.
  Value spread(Value numbers, Value at);
  Value multiply(Value x, Value y, Value sum);

  bool isPaired;
  int64_t depth; ///< elements of a key, in whole steps
};

} // namespace

std::unique_ptr<AttendPanels> tenon::cpu::createFloatPanels(Emitter &e,
                                                            AttentionOp op) {
  return std::make_unique<FloatPanels>(e, op);
}

void FloatPanels::storeQuery(Value m, ArrayRef<Value> x) {
  for (auto [v, part] : llvm::enumerate(x))
    e.storeVector(
        isPaired ? e.fromF32(part, e.b.getBF16Type()) : part, queries,
        {e.add(e.mul(m, layout.padded), static_cast<int64_t>(v) * kLanes)});
}

Value tenon::cpu::emitShortExp2(Emitter &e, Value x) {
  auto constant = [&](int32_t value, int64_t bits) -> Value {
    return arith::ConstantOp::create(
        e.b, e.b.getIntegerAttr(e.b.getIntegerType(bits), value));
  };
  Value all = constant(-1, 16), current = constant(4, 32);
  // What x is above the next lower integer; 9: rounds down, reports nothing.
  Value rest = e.intrinsic("llvm.x86.avx512.mask.reduce.ps.512", x.getType(),
                           {x, constant(9, 32), x, all, current});
  // Least relative error on [0, 1], 8e-5: a fiftieth of what rounding takes.
  Value power = e.splat(0.07802452);
  for (double next : {0.22606716, 0.69583354, 0.99992522})
    power = e.fma(power, rest, e.splat(next));
  // Times 2 to that integer; 0 below what an f32 holds.
  return e.intrinsic("llvm.x86.avx512.mask.scalef.ps.512", x.getType(),
                     {power, x, power, all, current});
}

Value FloatPanels::exp2(Value x) {
  return isPaired ? emitShortExp2(e, x) : e.exp2(x);
}

Value FloatPanels::storeWeights(int64_t r, ArrayRef<Value> x, Value total) {
  for (int64_t v = 0; v < static_cast<int64_t>(x.size()); v += step()) {
    Value at = e.index(r * kSlotTile + v * kLanes);
    if (isPaired) {
      Value both = joinPairs(e, x[v], x[v + 1]);
      Value ones = arith::ConstantOp::create(
          e.b, DenseElementsAttr::get(cast<ShapedType>(both.getType()),
                                      APFloat(APFloat::BFloat(), 1)));
      e.storeVector(both, weights, {at});
      total = multiply(both, ones, total);
    } else {
      e.storeVector(x[v], weights, {at});
      total = e.addf(total, x[v]);
    }
  }
  return total;
}

/// Panels hold vectors of 16 numbers or pairs of numbers.
Value FloatPanels::loadPanel(Value panel, Value at) {
  return e.loadVector(panel, {at}, step() * kLanes);
}
void FloatPanels::storePanel(Value x, Value panel, Value at) {
  e.storeVector(x, panel, {at});
}

void FloatPanels::convert(Value cells, Value tileAt, Value slots) {
  // Keys: element after element, or pair after pair, slots innermost.
  e.loop(e.index(0), e.index(layout.dim / step() * step()), step(),
         [&](Value d) {
           Value from = e.add(tileAt, e.mul(d, kLanes));
           Value to = e.mul(d, kSlotTile);
           for (int64_t s = 0; s < kSlotTile; s += kLanes) {
             Value at = e.add(from, s * layout.dim);
             Value key = e.toF32(e.loadVector(cells, {at}));
             if (isPaired)
               key = interleavePairs(
                   e, key, e.toF32(e.loadVector(cells, {e.add(at, kLanes)})));
             storePanel(key, keys, e.add(to, s * step()));
           }
         });
  if (layout.dim % step() != 0) {
    int64_t last = layout.dim - 1;
    for (int64_t s = 0; s < kSlotTile; s += kLanes) {
      Value key = e.toF32(
          e.loadVector(cells, {e.add(tileAt, s * layout.dim + last * kLanes)}));
      storePanel(interleavePairs(e, key, e.splat(0)), keys,
                 e.index(last * kSlotTile + s * step()));
    }
  }
  // Values: slot after slot, or pair after pair, elements innermost.
  Value base = e.add(tileAt, layout.valuesAt());
  e.loop(e.index(0), e.index(kSlotTile), step(), [&](Value s) {
    Value from = e.add(base, e.mul(s, layout.padded));
    Value to = e.mul(s, layout.padded);
    auto load = [&](int64_t which, int64_t d) {
      Value x = e.toF32(
          e.loadVector(cells, {e.add(from, which * layout.padded + d)}));
      Value isFilled = arith::CmpIOp::create(e.b, arith::CmpIPredicate::ult,
                                             e.add(s, which), slots);
      return arith::SelectOp::create(e.b, isFilled, x, e.splat(0)).getResult();
    };
    for (int64_t d = 0; d < layout.padded; d += kLanes)
      storePanel(isPaired ? interleavePairs(e, load(0, d), load(1, d))
                          : load(0, d),
                 values, e.add(to, d * step()));
  });
}

Value FloatPanels::spread(Value numbers, Value at) {
  return isPaired ? spreadPair(e, numbers, {at})
                  : e.broadcast(e.load(numbers, {at}));
}

Value FloatPanels::multiply(Value x, Value y, Value sum) {
  return isPaired ? emitDot2(e, sum, x, y) : e.fma(x, y, sum);
}

SmallVector<Value> FloatPanels::dotKeys(Value first, Value column, int64_t rows,
                                        int64_t vectors) {
  SmallVector<Value> dots(rows * vectors, e.splat(0));
  Value start = e.mul(first, layout.padded);
  return e.loop(
      e.index(0), e.index(depth), step(), dots,
      [&](Value d, ValueRange carried) {
        SmallVector<Value> next(carried);
        Value from = e.add(e.mul(d, kSlotTile), e.mul(column, step()));
        SmallVector<Value> key;
        for (int64_t v = 0; v < vectors; ++v)
          key.push_back(loadPanel(keys, e.add(from, v * kLanes * step())));
        for (int64_t r = 0; r < rows; ++r) {
          Value x = spread(queries, e.add(e.add(start, d), r * layout.padded));
          for (int64_t v = 0; v < vectors; ++v)
            next[r * vectors + v] = multiply(x, key[v], next[r * vectors + v]);
        }
        return next;
      });
}

SmallVector<Value> FloatPanels::addValues(Sum sum, int64_t rows, int64_t begin,
                                          int64_t vectors) {
  SmallVector<Value> sums;
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t v = 0; v < vectors; ++v)
      sums.push_back(sum(r, v));
  return e.loop(
      e.index(0), e.index(kSlotTile), step(), sums,
      [&](Value s, ValueRange carried) {
        SmallVector<Value> next(carried);
        Value from = e.add(e.mul(s, layout.padded), begin * kLanes * step());
        SmallVector<Value> value;
        for (int64_t v = 0; v < vectors; ++v)
          value.push_back(loadPanel(values, e.add(from, v * kLanes * step())));
        for (int64_t r = 0; r < rows; ++r) {
          Value x = spread(weights, e.add(s, r * kSlotTile));
          for (int64_t v = 0; v < vectors; ++v)
            next[r * vectors + v] =
                multiply(x, value[v], next[r * vectors + v]);
        }
        return next;
      });
}
