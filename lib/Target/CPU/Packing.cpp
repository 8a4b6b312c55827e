//===- Packing.cpp - order of a packed weight's bytes ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The units are computed from the description of the format, so a new format
// needs no line here. Packing is a transposition of N rows by the bytes of a
// block; runs of units are moved by one tight loop. Bits move afterwards, those
// of N rows at a time.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/Packing.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>
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

/// Units of one size that follow each other, stored and packed.
struct Run {
  int64_t offset;
  int64_t unit;
  int64_t count;
};

llvm::SmallVector<Run> getRuns(const BlockFormat &format) {
  llvm::SmallVector<Run> runs;
  for (PackUnit unit : getPackUnits(format)) {
    if (!runs.empty() && runs.back().unit == unit.bytes &&
        runs.back().offset + runs.back().count * unit.bytes == unit.offset)
      ++runs.back().count;
    else
      runs.push_back({unit.offset, unit.bytes, 1});
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

/// Where bits of words go, with the packed places of these words.
class BitMover {
public:
  BitMover(const BlockFormat &format, llvm::ArrayRef<PackUnit> units)
      : placeOf(format.bytes, -1) {
    llvm::SmallVector<int64_t> words(format.bytes, -1);
    int64_t place = 0;
    for (PackUnit unit : units) {
      placeOf[unit.offset] = place;
      place += unit.bytes;
      std::fill_n(words.begin() + unit.offset, unit.bytes, unit.offset);
    }
    moves = getBitMoves(format, words);
  }

  bool isEmpty() const { return moves.empty(); }

  /// Moves the bits of a packed block of `rows` rows; `from` is a copy of it.
  void apply(const uint8_t *from, uint8_t *packed, int64_t rows) const {
    using namespace llvm::support::endian;
    for (const BitMove &move : moves)
      std::memset(packed + placeOf[move.to] * rows, 0, 4 * rows);
    for (const BitMove &move : moves) {
      const uint8_t *source = from + placeOf[move.from] * rows;
      uint8_t *to = packed + placeOf[move.to] * rows;
      for (int64_t i = 0; i < 4 * rows; i += 4)
        write32le(to + i, read32le(to + i) | move.apply(read32le(source + i)));
    }
  }

  /// Moves the bits of one row's block back.
  void undo(llvm::MutableArrayRef<uint8_t> block) const {
    using namespace llvm::support::endian;
    llvm::SmallVector<uint8_t> packed(block);
    for (const BitMove &move : moves)
      write32le(&block[move.from], 0);
    for (const BitMove &move : moves)
      write32le(&block[move.from], read32le(&block[move.from]) |
                                       move.undo(read32le(&packed[move.to])));
  }

private:
  llvm::SmallVector<int64_t> placeOf;
  llvm::SmallVector<BitMove> moves;
};

const BitMover &getBitMover(const BlockFormat &format) {
  static const std::vector<BitMover> movers = [] {
    std::vector<BitMover> all;
    for (const BlockFormat &each : blockFormats())
      all.emplace_back(each, getPackUnits(each));
    return all;
  }();
  return movers[&format - blockFormats().data()];
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
  const BlockFormat &packed = getPackedFormat(format);
  int64_t size = getSubBlockSize(format);
  // When the codes in each byte are first read; never those of scales.
  constexpr int64_t never = -1;
  llvm::SmallVector<int64_t> firstUse(format.bytes, never);
  llvm::SmallVector<bool> isWord(format.bytes, false);
  for (const IntegerField &field : {format.subScale, format.subMinimum})
    for (const BitField &bits : field.fields)
      if (int64_t count = format.elements / size; isByteWise(bits, count))
        for (int64_t i = 0; i < count; ++i)
          isWord[bits.place(i).byte] = true;
  int64_t now = 0;
  for (llvm::ArrayRef<int64_t> together : getReadOrder(format))
    for (int64_t i = 0; i < size; i += 4)
      for (int64_t sub : together) {
        for (const BitField &field : packed.code.fields) {
          int64_t start = field.place(sub * size + i).byte;
          for (int64_t byte = start; byte < start + 4; ++byte)
            if (firstUse[byte] == never) {
              firstUse[byte] = now;
              isWord[byte] = true;
            }
        }
        ++now;
      }
  llvm::SmallVector<PackUnit> units;
  for (int64_t offset = 0; offset < format.bytes;) {
    int64_t bytes = isWord[offset] ? 4 : 1;
    for (const FloatField &field : {format.scale, format.minimumScale})
      if (field.present() && field.byteOffset == offset)
        bytes = floatBytes(field.kind);
    units.push_back({offset, bytes});
    offset += bytes;
  }
  llvm::sort(units, [&](PackUnit a, PackUnit b) {
    return std::pair(firstUse[a.offset], a.offset) <
           std::pair(firstUse[b.offset], b.offset);
  });
  return units;
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
  const BitMover &mover = getBitMover(format);
  llvm::SmallVector<uint8_t> before;
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
        if (run.unit == 1)
          interleaveRun<1>(pointers, run.offset, run.count, out);
        else if (run.unit == 2)
          interleaveRun<2>(pointers, run.offset, run.count, out);
        else
          interleaveRun<4>(pointers, run.offset, run.count, out);
        out += run.unit * run.count * interleave;
      }
      if (mover.isEmpty())
        continue;
      uint8_t *start = out - format.bytes * interleave;
      before.assign(start, out);
      mover.apply(before.data(), start, interleave);
    }
  }
}

void tenon::cpu::unpackRow(const BlockFormat &format, int64_t columns,
                           int64_t interleave, const uint8_t *packed,
                           int64_t row, uint8_t *stored) {
  const llvm::SmallVector<PackUnit> units = getPackUnits(format);
  const BitMover &mover = getBitMover(format);
  const int64_t blocks = columns / format.elements;
  const uint8_t *group =
      packed + row / interleave * interleave * format.rowBytes(columns);
  const int64_t lane = row % interleave;
  for (int64_t block = 0; block < blocks; ++block) {
    uint8_t *to = stored + block * format.bytes;
    for (PackUnit unit : units) {
      std::memcpy(to + unit.offset, group + lane * unit.bytes, unit.bytes);
      group += unit.bytes * interleave;
    }
    if (!mover.isEmpty())
      mover.undo({to, static_cast<size_t>(format.bytes)});
  }
}
