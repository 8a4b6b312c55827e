//===- Packing.cpp - order of a packed weight's bytes ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The units are computed from the description of the format, so a new format
// needs no line here. Packing is a transposition of N rows by the bytes of a
// block; runs of units are moved by one tight loop.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/Packing.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

#include <cassert>
#include <cstring>
#include <memory>
#include <vector>

using namespace tenon;
using namespace tenon::cpu;

namespace {

int64_t floatBytes(FloatKind kind) {
  switch (kind) {
  case FloatKind::None:
    return 0;
  case FloatKind::F16:
  case FloatKind::BF16:
    return 2;
  case FloatKind::F32:
    return 4;
  }
  return 0;
}

/// Units of the same kind that follow each other, stored and packed.
struct Run {
  int64_t offset;
  int64_t unit;
  int64_t count;
  bool spreadBits;
};

/// Packed place of bits that a field stores eight elements to a byte.
constexpr Digit spreadDigits[] = {{8, 0, 1}, {4, 1, 0}};

/// True when four consecutive elements lie at the same bits of consecutive
/// bytes.
[[maybe_unused]] bool isByteWise(const BitField &field, int64_t elements) {
  for (int64_t i = 0; i < elements; ++i) {
    BitField::Place first = field.place(i / 4 * 4), own = field.place(i);
    if (own.byte != first.byte + i % 4 || own.bit != first.bit)
      return false;
  }
  return true;
}

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

uint32_t spread(uint32_t bits) {
  uint32_t result = 0;
  for (int64_t i = 0; i < 8; ++i)
    result |= ((bits >> (4 * i) & 15) * 0x204081u & 0x01010101u) << i;
  return result;
}

uint32_t unspread(uint32_t bits) {
  uint32_t result = 0;
  for (int64_t i = 0; i < 32; ++i)
    result |= (bits >> (i % 4 * 8 + i / 4) & 1) << i;
  return result;
}

/// Packed formats, in the order of `blockFormats()`.
struct PackedFormats {
  std::vector<BlockFormat> formats;
  /// Fields of formats that differ from the stored ones.
  std::vector<std::unique_ptr<llvm::SmallVector<BitField>>> fields;

  PackedFormats() {
    for (BlockFormat format : blockFormats()) {
      auto own = std::make_unique<llvm::SmallVector<BitField>>(
          format.code.fields.begin(), format.code.fields.end());
      bool differs = false;
      for (BitField &field : *own)
        if (isBitString(field, format.elements)) {
          field.digits = spreadDigits;
          differs = true;
        } else {
          assert(isByteWise(field, format.elements) &&
                 "a field of codes needs a packed place");
        }
      if (differs) {
        format.code.fields = *own;
        fields.push_back(std::move(own));
      }
      formats.push_back(format);
    }
  }
};

llvm::SmallVector<Run> getRuns(const BlockFormat &format) {
  llvm::SmallVector<Run> runs;
  for (PackUnit unit : getPackUnits(format)) {
    if (!runs.empty() && runs.back().unit == unit.bytes &&
        runs.back().offset + runs.back().count * unit.bytes == unit.offset &&
        runs.back().spreadBits == unit.spreadBits)
      ++runs.back().count;
    else
      runs.push_back({unit.offset, unit.bytes, 1, unit.spreadBits});
  }
  return runs;
}

/// Moves a run of one block for the rows of a group. `rows` are pointers to
/// the block in each row.
template <int64_t unit>
void interleaveRun(llvm::ArrayRef<const uint8_t *> rows, int64_t offset,
                   int64_t count, uint8_t *packed) {
  for (int64_t i = 0; i < count; ++i)
    for (const uint8_t *row : rows) {
      std::memcpy(packed, row + offset + i * unit, unit);
      packed += unit;
    }
}

/// The same for units whose bits are spread.
void spreadRun(llvm::ArrayRef<const uint8_t *> rows, int64_t offset,
               int64_t count, uint8_t *packed) {
  for (int64_t i = 0; i < count; ++i)
    for (const uint8_t *row : rows) {
      llvm::support::endian::write32le(
          packed,
          spread(llvm::support::endian::read32le(row + offset + i * 4)));
      packed += 4;
    }
}

} // namespace

llvm::SmallVector<llvm::SmallVector<int64_t>>
tenon::cpu::getReadOrder(const BlockFormat &format) {
  const BlockFormat &packed = getPackedFormat(format);
  int64_t size = getSubBlockSize(format);
  // Most bytes are those of the field with the most bits.
  const BitField &widest = *std::max_element(
      packed.code.fields.begin(), packed.code.fields.end(),
      [](const BitField &a, const BitField &b) { return a.bits < b.bits; });
  auto share = [&](int64_t a, int64_t b) {
    return widest.place(a * size).byte == widest.place(b * size).byte;
  };
  llvm::SmallVector<llvm::SmallVector<int64_t>> order;
  for (int64_t sub = 0; sub < format.elements / size; ++sub) {
    auto *found = llvm::find_if(
        order, [&](auto &together) { return share(sub, together.front()); });
    if (found == order.end())
      order.push_back({sub});
    else
      found->push_back(sub);
  }
  return order;
}

llvm::SmallVector<PackUnit>
tenon::cpu::getPackUnits(const BlockFormat &format) {
  if (format.isPlain())
    return {{0, floatBytes(format.plain)}};
  // When the codes in each byte are first read; never those of scales.
  constexpr int64_t never = -1;
  llvm::SmallVector<int64_t> firstUse(format.bytes, never);
  llvm::SmallVector<bool> isSpread(format.bytes, false);
  int64_t size = getSubBlockSize(format);
  int64_t now = 0;
  for (llvm::ArrayRef<int64_t> together : getReadOrder(format))
    for (int64_t i = 0; i < size; i += 4)
      for (int64_t sub : together) {
        for (const BitField &field : getPackedFormat(format).code.fields) {
          int64_t start = field.place(sub * size + i).byte;
          for (int64_t byte = start; byte < start + 4; ++byte)
            if (firstUse[byte] == never)
              firstUse[byte] = now;
        }
        ++now;
      }
  for (const BitField &field : format.code.fields)
    for (int64_t i = 0; i < format.elements; ++i)
      isSpread[field.place(i).byte] = isBitString(field, format.elements);
  llvm::SmallVector<PackUnit> units;
  for (int64_t offset = 0; offset < format.bytes;) {
    int64_t bytes = firstUse[offset] == never ? 1 : 4;
    for (const FloatField &field : {format.scale, format.minimumScale})
      if (field.present() && field.byteOffset == offset)
        bytes = floatBytes(field.kind);
    units.push_back({offset, bytes, isSpread[offset]});
    offset += bytes;
  }
  llvm::sort(units, [&](PackUnit a, PackUnit b) {
    return std::pair(firstUse[a.offset], a.offset) <
           std::pair(firstUse[b.offset], b.offset);
  });
  return units;
}

const BlockFormat &tenon::cpu::getPackedFormat(const BlockFormat &format) {
  static const PackedFormats packed;
  return packed.formats[&format - blockFormats().data()];
}

uint64_t tenon::cpu::getPackedBytes(const BlockFormat &format, int64_t rows,
                                    int64_t columns, int64_t interleave) {
  return llvm::alignTo(rows, interleave) * format.rowBytes(columns);
}

void tenon::cpu::packGroups(const BlockFormat &format, int64_t rows,
                            int64_t columns, int64_t interleave,
                            const uint8_t *stored, uint8_t *packed,
                            int64_t firstGroup, int64_t lastGroup) {
  const llvm::SmallVector<Run> runs = getRuns(format);
  const int64_t rowBytes = format.rowBytes(columns);
  const int64_t blocks = columns / format.elements;
  // Rows of the last group that do not exist.
  const llvm::SmallVector<uint8_t> zeros(format.bytes, 0);
  llvm::SmallVector<const uint8_t *> pointers(interleave);
  for (int64_t group = firstGroup; group < lastGroup; ++group) {
    const int64_t first = group * interleave;
    const int64_t present = std::min(interleave, rows - first);
    uint8_t *out = packed + first * rowBytes;
    for (int64_t block = 0; block < blocks; ++block) {
      for (int64_t row = 0; row < interleave; ++row)
        pointers[row] = row < present ? stored + (first + row) * rowBytes +
                                            block * format.bytes
                                      : zeros.data();
      for (const Run &run : runs) {
        if (run.spreadBits)
          spreadRun(pointers, run.offset, run.count, out);
        else if (run.unit == 1)
          interleaveRun<1>(pointers, run.offset, run.count, out);
        else if (run.unit == 2)
          interleaveRun<2>(pointers, run.offset, run.count, out);
        else
          interleaveRun<4>(pointers, run.offset, run.count, out);
        out += run.unit * run.count * interleave;
      }
    }
  }
}

void tenon::cpu::unpackRow(const BlockFormat &format, int64_t columns,
                           int64_t interleave, const uint8_t *packed,
                           int64_t row, uint8_t *stored) {
  const llvm::SmallVector<PackUnit> units = getPackUnits(format);
  const int64_t blocks = columns / format.elements;
  const uint8_t *group =
      packed + row / interleave * interleave * format.rowBytes(columns);
  const int64_t lane = row % interleave;
  for (int64_t block = 0; block < blocks; ++block)
    for (PackUnit unit : units) {
      const uint8_t *from = group + lane * unit.bytes;
      group += unit.bytes * interleave;
      uint8_t *to = stored + block * format.bytes + unit.offset;
      if (unit.spreadBits)
        llvm::support::endian::write32le(
            to, unspread(llvm::support::endian::read32le(from)));
      else
        std::memcpy(to, from, unit.bytes);
    }
}
