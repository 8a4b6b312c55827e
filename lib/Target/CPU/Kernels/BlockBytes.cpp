//===- BlockBytes.cpp - four integers of a packed block at a time ---------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Codes and integer scales of 16 rows, as bytes: four consecutive ones lie at
// the same bits of a unit of four bytes, so that one shift and one mask serve
// them all. Codes may keep their place in their bytes (`getLift`), and what the
// two codes of a byte have elsewhere is fetched for both at once.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/Kernels/BlockReader.h"
#include "lib/Target/CPU/Kernels/TableLookup.h"
#include "lib/Target/CPU/Packing.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

int64_t BlockReader::codeBias(const BlockFormat &format) {
  // Signed bytes and table entries are moved to 0..255.
  return format.code.signBits || !format.table.empty() ? 128 : format.code.bias;
}

int64_t BlockReader::largestCode(const BlockFormat &format) {
  if (format.code.signBits || !format.table.empty())
    return 255;
  int64_t largest = 0;
  for (const BitField &part : format.code.fields)
    largest |= ((int64_t(1) << part.bits) - 1) << part.place(0).shift;
  return largest;
}

/// The same for a format as packed.
static int64_t getPackedLift(const BlockFormat &format, int64_t sub) {
  if (format.code.signBits || !format.table.empty())
    return 0;
  int64_t size = getSubBlockSize(format);
  const BitField &widest = *llvm::max_element(
      format.code.fields,
      [](const BitField &a, const BitField &b) { return a.bits < b.bits; });
  auto liftOf = [&](int64_t i) {
    BitField::Place place = widest.place(i);
    return place.bit - place.shift;
  };
  int64_t lift = liftOf(sub * size);
  for (int64_t i = sub * size; i < (sub + 1) * size; ++i)
    if (liftOf(i) != lift)
      return 0;
  int64_t largest = BlockReader::largestCode(format);
  return lift > 0 && largest << lift <= 255 ? lift : 0;
}

int64_t BlockReader::getLift(const BlockFormat &format, int64_t sub) {
  return getPackedLift(getPackedFormat(format), sub);
}

/// The bytes of a unit, each shifted left by `shift` (or right, when it is
/// negative), and of them the bits `mask`.
Value BlockReader::shiftBytes(int64_t unit, int64_t shift, uint32_t mask) {
  Value &cached = shifted[{unit, shift, mask}];
  if (cached)
    return cached;
  Value value = word(unit);
  if (shift && canShiftBytes()) {
    // One instruction: bit i of the result is the bit that byte 7 - i of the
    // matrix names.
    uint64_t matrix = 0;
    for (int64_t i = 0; i < 8; ++i)
      if (mask >> i & 1)
        matrix |= uint64_t(1) << (i - shift) << 8 * (7 - i);
    Type wide = e.vec(e.b.getI64Type(), kLanes / 2);
    Type narrow = e.vec(e.b.getI8Type(), 4 * kLanes);
    Value rows = arith::ConstantOp::create(
        e.b, DenseElementsAttr::get(cast<ShapedType>(wide), APInt(64, matrix)));
    Value zero = arith::ConstantOp::create(e.b, e.b.getI8IntegerAttr(0));
    Value result =
        LLVM::CallIntrinsicOp::create(
            e.b, narrow, e.b.getStringAttr("llvm.x86.vgf2p8affineqb.512"),
            {vector::BitCastOp::create(e.b, narrow, value),
             vector::BitCastOp::create(e.b, narrow, rows), zero})
            .getResult(0);
    return cached = vector::BitCastOp::create(e.b, e.vi32(), result);
  }
  if (shift < 0)
    value = arith::ShRUIOp::create(e.b, value, constant(-shift));
  if (shift > 0)
    value = arith::ShLIOp::create(e.b, value, constant(shift));
  return cached =
             arith::AndIOp::create(e.b, value, constant(mask * 0x01010101u));
}

/// Bits that codes of the unit of field `part` at `place` want of it after the
/// same shift, when all codes are lifted.
uint32_t BlockReader::sharedMask(const BitField &part, BitField::Place place,
                                 int64_t shift) {
  uint32_t mask = 0;
  int64_t size = getSubBlockSize(format);
  for (int64_t i = 0; i < format.elements; i += 4) {
    BitField::Place other = part.place(i);
    int64_t lift = getPackedLift(format, i / size);
    if (other.byte == place.byte && other.shift + lift - other.bit == shift)
      mask |= ((1u << part.bits) - 1) << (other.shift + lift);
  }
  return mask;
}

/// Integers i to i + 3, four bytes a lane, 2^lift times as large.
Value BlockReader::assemble4(const IntegerField &field, int64_t i,
                             int64_t lift) {
  Value result;
  uint32_t known = 0;
  for (const BitField &part : field.fields) {
    BitField::Place place = part.place(i);
    int64_t shift = place.shift + lift - place.bit;
    uint32_t mask = ((1u << part.bits) - 1) << (place.shift + lift);
    Value value;
    // Where shift and mask are one instruction, codes share it: what else it
    // brings is where bits are known already.
    bool isShared = canShiftBytes() && &field == &format.code &&
                    lift == getPackedLift(format, i / getSubBlockSize(format));
    uint32_t shared = isShared ? sharedMask(part, place, shift) : mask;
    if (known && (shared & ~known) == mask)
      value = arith::AndIOp::create(e.b, shiftBytes(place.byte, shift, shared),
                                    constant((~known & 255) * 0x01010101u));
    else
      value = shiftBytes(place.byte, shift, mask);
    result = result ? arith::OrIOp::create(e.b, result, value) : value;
    known |= mask;
  }
  return result;
}

/// Integer `sub` of a field with one for each sub-block, as i32.
Value BlockReader::subInteger(const IntegerField &field, int64_t sub) {
  int64_t count = format.elements / getSubBlockSize(format);
  if (!llvm::all_of(field.fields, [&](const BitField &part) {
        return isByteWise(part, count);
      }))
    return integer(field, sub);
  // Four at a time.
  const BitField &part = field.fields.front();
  Value &quad = quads[{8 * part.byteOffset + part.bitOffset, sub / 4}];
  if (!quad)
    quad = assemble4(field, sub / 4 * 4, 0);
  int64_t byte = sub % 4;
  Value result = quad;
  if (field.signBits) {
    if (int64_t above = 32 - 8 * byte - field.signBits)
      result = arith::ShLIOp::create(e.b, result, constant(above));
    result = arith::ShRSIOp::create(e.b, result, constant(32 - field.signBits));
  } else {
    if (byte)
      result = arith::ShRUIOp::create(e.b, result, constant(8 * byte));
    if (byte != 3)
      result = arith::AndIOp::create(e.b, result, constant(255));
  }
  if (field.bias)
    result = arith::SubIOp::create(e.b, result, constant(field.bias));
  return result;
}

Value BlockReader::codes4(int64_t i, int64_t lift) {
  assert(!lane && i % 4 == 0 && "expected four elements of all lanes");
  Value result = assemble4(format.code, i, lift);
  if (format.code.signBits)
    result = arith::XOrIOp::create(e.b, result,
                                   constant(static_cast<int32_t>(0x80808080u)));
  result = vector::BitCastOp::create(e.b, e.vec(e.b.getI8Type(), 4 * kLanes),
                                     result);
  if (format.table.empty())
    return result;
  SmallVector<int8_t> table;
  for (int8_t entry : format.table)
    table.push_back(static_cast<int8_t>(static_cast<uint8_t>(entry + 128)));
  return lookupBytes(e, target, table, result);
}
