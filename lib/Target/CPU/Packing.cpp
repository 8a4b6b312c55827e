//===- Packing.cpp - order of a packed weight's bytes ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The units are computed from the description of the format, so a new format
// needs no line here. Packing is a transposition of N rows by the bytes of a
// block; runs of single bytes are moved by one tight loop.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/Packing.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>

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

/// Units of equal size next to each other.
struct Run {
  int64_t offset;
  int64_t unit;
  int64_t count;
};

llvm::SmallVector<Run> getRuns(const BlockFormat &format) {
  llvm::SmallVector<Run> runs;
  for (PackUnit unit : getPackUnits(format)) {
    if (!runs.empty() && runs.back().unit == unit.bytes)
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

} // namespace

llvm::SmallVector<PackUnit>
tenon::cpu::getPackUnits(const BlockFormat &format) {
  if (format.isPlain())
    return {{0, floatBytes(format.plain)}};
  llvm::SmallVector<PackUnit> units;
  for (int64_t offset = 0; offset < format.bytes;) {
    int64_t bytes = 1;
    for (const FloatField &field : {format.scale, format.minimumScale})
      if (field.present() && field.byteOffset == offset)
        bytes = floatBytes(field.kind);
    units.push_back({offset, bytes});
    offset += bytes;
  }
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
    for (PackUnit unit : units)
      std::memcpy(stored + block * format.bytes + unit.offset,
                  group + (block * format.bytes + unit.offset) * interleave +
                      lane * unit.bytes,
                  unit.bytes);
}
