//===- BlockReader.cpp - packed blocks into registers ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/Kernels/BlockReader.h"
#include "lib/Target/CPU/Packing.h"

#include "lib/Target/CPU/Kernels/TableLookup.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

static Type floatType(Builder &b, FloatKind kind) {
  switch (kind) {
  case FloatKind::F16:
    return b.getF16Type();
  case FloatKind::BF16:
    return b.getBF16Type();
  default:
    return b.getF32Type();
  }
}

BlockReader::BlockReader(Emitter &e, const BlockFormat &format, Value memory,
                         Value base, Value lane, const CPUTargetOptions &target)
    : e(e), format(getPackedFormat(format)), unitOf(format.bytes, -1),
      placeOf(format.bytes, -1), memory(memory), base(base), lane(lane),
      target(target) {
  int64_t place = 0;
  for (PackUnit unit : getPackUnits(format)) {
    if (unit.bytes == 4 && !format.isPlain())
      std::fill_n(unitOf.begin() + unit.offset, 4, unit.offset);
    placeOf[unit.offset] = place * kLanes;
    place += unit.bytes;
  }
}

int64_t BlockReader::subBlocks(const BlockFormat &format) {
  return format.elements / getSubBlockSize(format);
}

SmallVector<int64_t> BlockReader::order(const BlockFormat &format) {
  SmallVector<int64_t> result =
      llvm::to_vector(llvm::seq<int64_t>(0, format.elements));
  if (format.isPlain())
    return result;
  // The field with the fewest bits shares its bytes among most elements.
  const BitField *narrow = &format.code.fields.front();
  for (const BitField &field : format.code.fields)
    if (field.bits < narrow->bits)
      narrow = &field;
  llvm::sort(result, [&](int64_t x, int64_t y) {
    return std::pair(narrow->place(x).byte, x) <
           std::pair(narrow->place(y).byte, y);
  });
  return result;
}

Type BlockReader::type(Type element) {
  return lane ? element : Type(e.vec(element));
}

Value BlockReader::constant(int32_t value) {
  if (!lane)
    return e.i32Splat(value);
  return arith::ConstantOp::create(e.b, e.b.getI32IntegerAttr(value));
}

/// Byte `at` of the block, zero-extended to 32 bits.
Value BlockReader::byte(int64_t at) {
  Value &cached = bytes[at];
  if (cached)
    return cached;
  int64_t unit = unitOf[at] < 0 ? at : unitOf[at];
  Value place = e.add(base, placeOf[unit]);
  if (lane)
    place = e.add(place, unitOf[at] < 0 ? lane : e.mul(lane, 4));
  place = e.add(place, at - unit);
  Value raw = lane ? e.load(memory, {place}) : e.loadVector(memory, {place});
  return cached = arith::ExtUIOp::create(e.b, type(e.b.getI32Type()), raw);
}

/// The four bytes of a unit of codes, as 32 bits of each lane.
Value BlockReader::word(int64_t unit) {
  Value &cached = words[unit];
  if (cached)
    return cached;
  Value raw = e.loadVector(memory, {e.add(base, placeOf[unit])}, 4 * kLanes);
  return cached = vector::BitCastOp::create(e.b, e.vi32(), raw);
}

/// `count` bits from bit `bit` of byte `at` on.
Value BlockReader::bits(int64_t at, int64_t bit, int64_t count) {
  bool isWord = !lane && unitOf[at] >= 0;
  Value value = isWord ? word(unitOf[at]) : byte(at);
  int64_t width = isWord ? 32 : 8;
  int64_t shift = isWord ? 8 * (at - unitOf[at]) + bit : bit;
  if (shift)
    value = arith::ShRUIOp::create(e.b, value, constant(shift));
  if (shift + count < width)
    value = arith::AndIOp::create(e.b, value, constant((1 << count) - 1));
  return value;
}

/// A floating-point field as f32.
Value BlockReader::number(const FloatField &field) {
  Value &cached = numbers[field.byteOffset];
  if (cached)
    return cached;
  Type element = floatType(e.b, field.kind);
  int64_t size = element.getIntOrFloatBitWidth() / 8;
  Value place = e.add(base, placeOf[field.byteOffset]);
  if (lane)
    place = e.add(place, e.mul(lane, size));
  int64_t lanes = lane ? 1 : kLanes;
  Value raw = e.loadVector(memory, {place}, lanes * size);
  Value typed = vector::BitCastOp::create(e.b, e.vec(element, lanes), raw);
  if (lane)
    typed = vector::ExtractOp::create(e.b, typed, 0);
  return cached = e.toF32(typed);
}

Value BlockReader::integer(const IntegerField &field, int64_t i) {
  Value result;
  for (const BitField &part : field.fields) {
    BitField::Place place = part.place(i);
    Value value = bits(place.byte, place.bit, part.bits);
    if (place.shift)
      value = arith::ShLIOp::create(e.b, value, constant(place.shift));
    result = result ? arith::OrIOp::create(e.b, result, value) : value;
  }
  if (field.signBits) {
    Value shift = constant(32 - field.signBits);
    result = arith::ShRSIOp::create(
        e.b, arith::ShLIOp::create(e.b, result, shift), shift);
  }
  if (field.bias)
    result = arith::SubIOp::create(e.b, result, constant(field.bias));
  return result;
}

/// The table's entry for each code below 16, as i32.
Value BlockReader::lookup(Value code) {
  SmallVector<int32_t> entries(format.table.begin(), format.table.end());
  auto table = [&](ArrayRef<int32_t> part) -> Value {
    return arith::ConstantOp::create(
        e.b,
        DenseElementsAttr::get(
            e.vec(e.b.getI32Type(), static_cast<int64_t>(part.size())), part));
  };
  if (lane) {
    Value at = arith::IndexCastOp::create(e.b, e.b.getIndexType(), code);
    return vector::ExtractOp::create(e.b, table(entries), OpFoldResult(at));
  }
  auto call = [&](StringRef name, Type result, ValueRange operands) -> Value {
    return LLVM::CallIntrinsicOp::create(e.b, result, e.b.getStringAttr(name),
                                         operands)
        .getResult(0);
  };
  if (!target.has("avx2")) {
    SmallVector<int8_t> bytes(entries.begin(), entries.end());
    Value narrow = arith::TruncIOp::create(e.b, e.vec(e.b.getI8Type()), code);
    return arith::ExtSIOp::create(e.b, e.vi32(),
                                  lookupBytes(e, target, bytes, narrow));
  }
  if (target.has("avx512f"))
    return call("llvm.x86.avx512.permvar.si.512", e.vi32(),
                {table(entries), code});
  // Eight lanes at a time: both halves of the table, chosen by bit 3.
  VectorType half = e.vec(e.b.getI32Type(), 8);
  Value low = table(ArrayRef(entries).take_front(8));
  Value high = table(ArrayRef(entries).drop_front(8));
  Value result = e.i32Splat(0);
  for (int64_t at : {0, 8}) {
    Value part = vector::ExtractStridedSliceOp::create(
        e.b, code, ArrayRef<int64_t>{at}, ArrayRef<int64_t>{8},
        ArrayRef<int64_t>{1});
    Value fromLow = call("llvm.x86.avx2.permd", half, {low, part});
    Value fromHigh = call("llvm.x86.avx2.permd", half, {high, part});
    Value isHigh = arith::CmpIOp::create(e.b, arith::CmpIPredicate::sge, part,
                                         e.i32Splat(8, 8));
    Value chosen = arith::SelectOp::create(e.b, isHigh, fromHigh, fromLow);
    result = vector::InsertStridedSliceOp::create(
        e.b, chosen, result, ArrayRef<int64_t>{at}, ArrayRef<int64_t>{1});
  }
  return result;
}

Value BlockReader::code(int64_t i) {
  if (format.isPlain())
    return number(FloatField{format.plain, 0});
  Value value = integer(format.code, i);
  if (!format.table.empty())
    value = lookup(value);
  return arith::SIToFPOp::create(e.b, type(e.f32()), value);
}

Value BlockReader::scale(int64_t sub) {
  if (!format.scale.present())
    return {};
  Value &cached = scales[sub];
  if (cached)
    return cached;
  Value d = number(format.scale);
  if (format.subScale.present())
    d = e.mulf(d, arith::SIToFPOp::create(e.b, type(e.f32()),
                                          integer(format.subScale, sub)));
  return cached = d;
}

Value BlockReader::minimum(int64_t sub) {
  if (format.minimum == MinimumKind::None)
    return {};
  Value &cached = minima[sub];
  if (cached)
    return cached;
  Value m = number(format.minimumScale);
  if (format.minimum == MinimumKind::SubtractScaled) {
    m = e.mulf(m, arith::SIToFPOp::create(e.b, type(e.f32()),
                                          integer(format.subMinimum, sub)));
    m = e.negf(m);
  }
  return cached = m;
}

Value BlockReader::element(int64_t i) {
  Value value = code(i);
  int64_t sub = format.subElements ? i / format.subElements : 0;
  if (Value d = scale(sub))
    value = e.mulf(d, value);
  if (Value m = minimum(sub))
    value = e.addf(value, m);
  return value;
}
