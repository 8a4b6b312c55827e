//===- Packing.h - order of a packed weight's bytes -------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `#tenon_cpu.pack<interleave = N>` in code. Rows go in groups of N, the last
// group filled up with rows of zero bytes. Within a group block follows block
// along the columns, within a block unit follows unit, and each unit is stored
// for the N rows side by side, so that one vector load brings the same field
// of N rows. A unit is a float field of the block, four bytes of codes or of
// integer scales, or one byte of all else. Units come in the order in which
// kernels want them, scales first, then codes as `getReadOrder` says: memory is
// then read front to back, at three times the speed of jumps within a block.
// The four bytes of a unit of codes hold four consecutive elements at the same
// bits, as dot products of bytes want them: one vector load brings these
// elements of N rows. The bits of some formats move (`PackedFormat.h`).
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_PACKING_H
#define TENON_LIB_TARGET_CPU_PACKING_H

#include "lib/Target/CPU/PackedFormat.h"

namespace tenon::cpu {

/// Packed weights start at multiples of this many bytes.
constexpr uint64_t packedAlignment = 64;

/// Bytes of a block that stay together.
struct PackUnit {
  int64_t offset; ///< within the block
  int64_t bytes;  ///< 1, 2 or 4
};

/// Elements of a sub-block: those that share a scale.
inline int64_t getSubBlockSize(const BlockFormat &format) {
  return format.subElements ? format.subElements : format.elements;
}

/// Sub-blocks of a block in the order in which their codes are read: those that
/// have most of their bits in the same units side by side, element i of each
/// before element i + 4 of any, so that a unit is loaded once, in its turn, and
/// needed briefly.
llvm::SmallVector<llvm::SmallVector<int64_t>>
getReadOrder(const BlockFormat &format);

/// The units of a block in their packed order; they cover it.
llvm::SmallVector<PackUnit> getPackUnits(const BlockFormat &format);

/// Bytes of a packed matrix; `columns` is a multiple of the block.
uint64_t getPackedBytes(const BlockFormat &format, int64_t rows,
                        int64_t columns, int64_t interleave);

/// Packs the groups `[firstGroup, lastGroup)` of a stored matrix of `rows`
/// rows into their place in `packed`, which stands for the whole matrix.
void packGroups(const BlockFormat &format, int64_t rows, int64_t columns,
                int64_t interleave, const uint8_t *stored, uint8_t *packed,
                int64_t firstGroup, int64_t lastGroup);

/// Undoes the packing of one row: its stored bytes, block after block.
void unpackRow(const BlockFormat &format, int64_t columns, int64_t interleave,
               const uint8_t *packed, int64_t row, uint8_t *stored);

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_PACKING_H
