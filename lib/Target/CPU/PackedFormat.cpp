//===- PackedFormat.cpp - bits of codes in packed weights -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Three orders of bits:
//
// * As stored, where four consecutive elements have the same bits of four
//   bytes.
// * Fields that keep eight consecutive elements in a byte (Q5_0, Q5_1): bit i
//   of the 32 goes to byte i % 4, bit i / 4.
// * Codes of four bits and n more in another byte (Q5_K, Q6_K). Of the two that
//   share a byte, the lower one has its upper bits elsewhere, the other one its
//   lower bits, so that either is whole without a shift of that byte, the other
//   one 2^(4-n) times as large. What is elsewhere lies side by side: one shift
//   puts it above the lower code and below the other.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/PackedFormat.h"

#include "llvm/ADT/STLExtras.h"

#include <cassert>
#include <map>
#include <tuple>
#include <vector>

using namespace tenon;
using namespace tenon::cpu;

namespace {

/// Packed place of bits that a field stores eight elements to a byte.
constexpr Digit spreadDigits[] = {{8, 0, 1}, {4, 1, 0}};

// Q5_K: the fifth bit of a run of 64 elements is beside the lowest bit of the
// other 32.
constexpr Digit q5kHalf[] = {{4, 32, 0}, {2, 0, 4, 1}, {32, 1, 0}};
constexpr Digit q5kRest[] = {{4, 0, 2}, {2, 0, -1, -4}, {32, 1, 0}};
constexpr BitField q5kCode[] = {{4, 0, 48, 0, q5kHalf}, {1, 4, 16, 1, q5kRest}};

// Q6_K: the same with two bits.
constexpr Digit q6kHalf[] = {{2, 64, 0}, {2, 0, 4, 2}, {2, 32, 0}, {32, 1, 0}};
constexpr Digit q6kRest[] = {{2, 32, 0}, {2, 0, -2, -4}, {2, 0, 4}, {32, 1, 0}};
constexpr BitField q6kCode[] = {{4, 0, 0, 0, q6kHalf}, {2, 4, 128, 2, q6kRest}};

/// True for a field of one bit of each of 32 elements, in their order.
bool isBitString(const BitField &field, int64_t elements) {
  if (field.bits != 1 || elements != 32)
    return false;
  for (int64_t i = 0; i < elements; ++i)
    if (field.place(i).byte != field.byteOffset + i / 8 ||
        field.place(i).bit != i % 8)
      return false;
  return true;
}

/// Packed formats, in the order of `blockFormats()`.
struct PackedFormats {
  std::vector<BlockFormat> formats;
  /// Fields of formats that differ from the stored ones.
  std::map<llvm::StringRef, llvm::SmallVector<BitField>> fields;

  PackedFormats() {
    fields["q5_k"] = llvm::to_vector(llvm::ArrayRef(q5kCode));
    fields["q6_k"] = llvm::to_vector(llvm::ArrayRef(q6kCode));
    for (BlockFormat format : blockFormats()) {
      llvm::SmallVector<BitField> own(format.code.fields);
      bool differs = false;
      for (BitField &field : own)
        if (isBitString(field, format.elements)) {
          field.digits = spreadDigits;
          differs = true;
        }
      if (differs)
        fields[format.name] = own;
      if (auto found = fields.find(format.name); found != fields.end())
        format.code.fields = found->second;
      assert(llvm::all_of(format.code.fields,
                          [&](const BitField &field) {
                            return isByteWise(field, format.elements);
                          }) &&
             "a field of codes needs a packed place");
      formats.push_back(format);
    }
  }
};

/// Byte and bit of bit `bit` of element `i`'s code.
std::pair<int64_t, int64_t> findBit(const BlockFormat &format, int64_t i,
                                    int64_t bit) {
  for (const BitField &field : format.code.fields) {
    BitField::Place place = field.place(i);
    if (bit >= place.shift && bit < place.shift + field.bits)
      return {place.byte, place.bit + bit - place.shift};
  }
  return {-1, 0};
}

} // namespace

const BlockFormat &tenon::cpu::getPackedFormat(const BlockFormat &format) {
  static const PackedFormats packed;
  return packed.formats[&format - blockFormats().data()];
}

bool tenon::cpu::isByteWise(const BitField &field, int64_t count) {
  if (count % 4)
    return false;
  for (int64_t i = 0; i < count; ++i) {
    BitField::Place first = field.place(i / 4 * 4), own = field.place(i);
    if (own.byte != first.byte + i % 4 || own.bit != first.bit ||
        own.shift != first.shift)
      return false;
  }
  return true;
}

llvm::SmallVector<BitMove>
tenon::cpu::getBitMoves(const BlockFormat &format,
                        llvm::ArrayRef<int64_t> words) {
  const BlockFormat &packed = getPackedFormat(format);
  if (packed.code.fields.data() == format.code.fields.data())
    return {};
  // By word and distance.
  std::map<std::tuple<int64_t, int64_t, int64_t>, uint32_t> masks;
  for (int64_t i = 0; i < format.elements; ++i)
    for (int64_t bit = 0; bit < 8; ++bit) {
      auto [fromByte, fromBit] = findBit(format, i, bit);
      auto [toByte, toBit] = findBit(packed, i, bit);
      assert((fromByte < 0) == (toByte < 0) && "a bit is lost");
      if (fromByte < 0)
        continue;
      int64_t from = words[fromByte], to = words[toByte];
      int64_t place = 8 * (toByte - to) + toBit;
      int64_t shift = place - 8 * (fromByte - from) - fromBit;
      masks[{to, from, shift}] |= uint32_t(1) << place;
    }
  llvm::SmallVector<BitMove> moves;
  for (auto [key, mask] : masks) {
    auto [to, from, shift] = key;
    if (from != to || shift || mask != ~uint32_t(0))
      moves.push_back({from, to, shift, mask});
  }
  return moves;
}
