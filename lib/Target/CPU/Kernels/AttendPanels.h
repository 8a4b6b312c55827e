//===- AttendPanels.h - a tile of a cache as arithmetic wants it *- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What attention of many rows multiplies, in the worker's scratch memory: the
// queries of a block, one tile of keys and values, the weights of a register
// tile. As f32; in pairs of bf16 that one instruction multiplies and adds; or
// in fours of bytes: neighbouring elements for scores, slots for values.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_KERNELS_ATTENDPANELS_H
#define TENON_LIB_TARGET_CPU_KERNELS_ATTENDPANELS_H

#include "dialects/TenonCPU/IR/TenonCPU.h"
#include "lib/Target/CPU/Kernels/CacheLayout.h"
#include "lib/Target/CPU/Kernels/Kernels.h"

namespace tenon::cpu {

/// Bytes of scratch memory of attention of many rows.
int64_t getAttendScratch(AttentionOp op, AttendAttr schedule);

class AttendPanels {
public:
  /// Of the numbers that the attention multiplies.
  static std::unique_ptr<AttendPanels> create(Emitter &e, AttentionOp op,
                                              const CPUTargetOptions &target);
  virtual ~AttendPanels() = default;

  /// Bytes of scratch memory for blocks of `queries` queries, `rows` of them
  /// in a register tile.
  static int64_t bytes(AttentionOp op, int64_t queries, int64_t rows);
  /// Takes the first bytes of the scratch memory; returns how many.
  int64_t map(mlir::Value scratch, int64_t queries, int64_t rows);

  /// All elements of query `m`, in vectors; 0 behind the last.
  virtual void storeQuery(mlir::Value m, llvm::ArrayRef<mlir::Value> x) = 0;
  /// Weights `x` of the slots of a tile, of row `r` of a register tile; adds
  /// them to `total`, lane by lane.
  virtual mlir::Value storeWeights(int64_t r, llvm::ArrayRef<mlir::Value> x,
                                   mlir::Value total) = 0;
  /// 2^x, about as precise as weights are stored.
  virtual mlir::Value exp2(mlir::Value x) = 0;
  /// The tile at element `tileAt` of the cache, of which `slots` slots are
  /// filled: the others have keys that may be anything and values of 0.
  virtual void convert(mlir::Value cells, mlir::Value tileAt,
                       mlir::Value slots) = 0;
  /// Products of `rows` queries from `first` on with `vectors` vectors of keys
  /// from slot `column` of the tile on, row by row.
  virtual llvm::SmallVector<mlir::Value> dotKeys(mlir::Value first,
                                                 mlir::Value column,
                                                 int64_t rows,
                                                 int64_t vectors) = 0;
  /// `sum` of a row and vector plus weighted values: `rows` rows of `vectors`
  /// vectors from vector `begin` of a value on.
  using Sum = llvm::function_ref<mlir::Value(int64_t row, int64_t vector)>;
  virtual llvm::SmallVector<mlir::Value>
  addValues(Sum sum, int64_t rows, int64_t begin, int64_t vectors) = 0;

protected:
  AttendPanels(Emitter &e, AttentionOp op)
      : e(e), layout(op.getCache().getType()), op(op) {}

  Emitter &e;
  CacheLayoutOf layout;
  /// Scratch memory. Numbers without a scale have the first four only.
  mlir::Value queries, weights, keys, values;
  mlir::Value querySums, queryScales, keyScales, valueScales, weightScales;

private:
  AttentionOp op;
};

/// 2^x with a relative error of 8e-5, by instructions of AVX-512.
mlir::Value emitShortExp2(Emitter &e, mlir::Value x);

/// Panels of floats, and of integers of 8 bits.
std::unique_ptr<AttendPanels> createFloatPanels(Emitter &e, AttentionOp op);
std::unique_ptr<AttendPanels>
createIntegerPanels(Emitter &e, AttentionOp op, const CPUTargetOptions &target);

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_KERNELS_ATTENDPANELS_H
