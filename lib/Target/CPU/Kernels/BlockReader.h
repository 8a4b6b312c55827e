//===- BlockReader.h - packed blocks into registers -------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Emits the code that decodes one block of a stored format, from the format's
// description. With 16 lanes a lane is an output row of a packed group; with
// one lane it is one row of the group. Where a block's units lie in packed
// memory is told by `Packing.h`.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_KERNELS_BLOCKREADER_H
#define TENON_LIB_TARGET_CPU_KERNELS_BLOCKREADER_H

#include "dialects/Tenon/IR/BlockFormat.h"
#include "lib/Pipelines/Phases.h"
#include "lib/Target/CPU/Kernels/Emitter.h"
#include "lib/Target/CPU/Packing.h"

namespace tenon::cpu {

/// Decodes elements of one block. Values are vectors of 16 lanes, or scalars
/// when a lane is given.
class BlockReader {
public:
  /// `memory`: packed bytes; `base`: index of the block's first byte; `lane`:
  /// null for all 16 rows, or the row within the group. `target` decides how
  /// tables are looked up.
  BlockReader(Emitter &e, const BlockFormat &format, mlir::Value memory,
              mlir::Value base, mlir::Value lane,
              const CPUTargetOptions &target);

  /// code(i) as f32: integer or table entry; the element itself when plain.
  mlir::Value code(int64_t i);
  /// Scale of sub-block `sub`; null when the format has none.
  mlir::Value scale(int64_t sub);
  /// What is added to the elements of sub-block `sub`; null when none.
  mlir::Value minimum(int64_t sub);
  /// The element itself: each operation rounds as the description says.
  mlir::Value element(int64_t i);

  /// Sub-blocks of the format (1 when it has no sub-scales).
  static int64_t subBlocks(const BlockFormat &format);

  /// Codes of elements i to i + 3, four bytes a lane, as unsigned numbers:
  /// `codeBias()` more than what they stand for, and 2^`lift` times as large.
  /// Sixteen lanes only.
  mlir::Value codes4(int64_t i, int64_t lift = 0);
  /// What the numbers of `codes4` exceed the codes by.
  static int64_t codeBias(const BlockFormat &format);
  /// What none of the numbers of `codes4` exceeds.
  static int64_t largestCode(const BlockFormat &format);

  /// How far above their place most bits of the codes of sub-block `sub` lie:
  /// codes are had with fewer instructions 2^lift times as large.
  static int64_t getLift(const BlockFormat &format, int64_t sub);

  /// Parts of `scale` and `minimum` of formats with integer sub-scales: the
  /// float fields, and the integers of sub-block `sub` as i32. Sixteen lanes
  /// only.
  /// @{
  mlir::Value blockScale() { return number(format.scale); }
  mlir::Value blockMinimum() { return number(format.minimumScale); }
  mlir::Value subScale(int64_t sub) { return subInteger(format.subScale, sub); }
  mlir::Value subMinimum(int64_t sub) {
    return subInteger(format.subMinimum, sub);
  }
  /// @}

  /// Elements of a block in an order that visits a byte's fields together.
  static llvm::SmallVector<int64_t> order(const BlockFormat &format);

private:
  mlir::Value byte(int64_t at);
  mlir::Value word(int64_t unit);
  mlir::Value bits(int64_t at, int64_t bit, int64_t count);
  mlir::Value number(const FloatField &field);
  mlir::Value integer(const IntegerField &field, int64_t i);
  mlir::Value subInteger(const IntegerField &field, int64_t sub);
  mlir::Value assemble4(const IntegerField &field, int64_t i, int64_t lift);
  mlir::Value shiftBytes(int64_t unit, int64_t shift, uint32_t mask);
  /// Whether `shiftBytes` is one instruction.
  bool canShiftBytes() const {
    return target.has("gfni") && target.has("avx512f");
  }
  uint32_t sharedMask(const BitField &part, BitField::Place place,
                      int64_t shift);
  mlir::Value constant(int32_t value);
  mlir::Value lookup(mlir::Value code);
  mlir::Type type(mlir::Type element);

  Emitter &e;
  const BlockFormat &format; ///< as packed
  /// By byte of the stored block: where the unit of codes starts that has it,
  /// or -1; of bytes that start a unit, where 16 rows of it are packed.
  llvm::SmallVector<int64_t> unitOf, placeOf;
  mlir::Value memory, base, lane;
  const CPUTargetOptions &target;
  llvm::DenseMap<int64_t, mlir::Value> bytes, words;
  /// By unit, shift and mask of a byte; by first byte and first index.
  llvm::DenseMap<std::tuple<int64_t, int64_t, int64_t>, mlir::Value> shifted;
  llvm::DenseMap<std::pair<int64_t, int64_t>, mlir::Value> quads;
  llvm::DenseMap<int64_t, mlir::Value> numbers, scales, minima;
};

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_KERNELS_BLOCKREADER_H
