//===- AttendPanels.h - a tile of a cache as arithmetic wants it *- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What attention of many rows multiplies, in the worker's scratch memory: the
// queries of a block, one tile of keys and values, the weights of a register
// tile. As f32, or in pairs of bf16 that one instruction multiplies and adds:
// pairs of elements for scores, pairs of slots for values.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_KERNELS_ATTENDPANELS_H
#define TENON_LIB_TARGET_CPU_KERNELS_ATTENDPANELS_H

#include "dialects/TenonCPU/IR/TenonCPU.h"
#include "lib/Target/CPU/Kernels/CacheLayout.h"

namespace tenon::cpu {

/// Bytes of scratch memory of attention of many rows.
int64_t getAttendScratch(AttentionOp op, AttendAttr schedule);

class AttendPanels {
public:
  AttendPanels(Emitter &e, const CacheLayoutOf &layout, bool isBf16)
      : e(e), layout(layout), isPaired(isBf16),
        depth(isBf16 ? llvm::alignTo(layout.dim, 2) : layout.dim) {}

  /// Bytes of scratch memory for blocks of `queries` queries, `rows` of them
  /// in a register tile.
  static int64_t bytes(const CacheLayoutOf &layout, bool isBf16,
                       int64_t queries, int64_t rows);
  /// Takes the first bytes of the scratch memory; returns how many.
  int64_t map(mlir::Value scratch, int64_t queries, int64_t rows);

  /// Elements d to d + 15 of query `m`.
  void storeQuery(mlir::Value m, int64_t d, mlir::Value x);
  /// Weights `x` of the slots of a tile, of row `r` of a register tile; adds
  /// them, as they are multiplied, to `total`, lane by lane.
  mlir::Value storeWeights(int64_t r, llvm::ArrayRef<mlir::Value> x,
                           mlir::Value total);
  /// 2^x, about as precise as weights are stored.
  mlir::Value exp2(mlir::Value x);
  /// The tile at element `tileAt` of the cache, of which `slots` slots are
  /// filled: the others have keys that may be anything and values of 0.
  void convert(mlir::Value cells, mlir::Value tileAt, mlir::Value slots);
  /// Products of `rows` queries from `first` on with `vectors` vectors of keys
  /// from slot `column` of the tile on, row by row.
  llvm::SmallVector<mlir::Value> dotKeys(mlir::Value first, mlir::Value column,
                                         int64_t rows, int64_t vectors);
  /// `sums` plus weighted values: `rows` rows of `vectors` vectors from vector
  /// `begin` of a value on.
  llvm::SmallVector<mlir::Value> addValues(llvm::ArrayRef<mlir::Value> sums,
                                           int64_t rows, int64_t begin,
                                           int64_t vectors);

private:
  /// Numbers that one step of a product takes.
  int64_t step() const { return isPaired ? 2 : 1; }
  mlir::Value pair(mlir::Value low, mlir::Value high);
  mlir::Value loadPanel(mlir::Value panel, mlir::Value at);
  void storePanel(mlir::Value x, mlir::Value panel, mlir::Value at);
  /// The number, or pair of numbers, at place `at` in all lanes.
  mlir::Value spread(mlir::Value numbers, mlir::Value at);
  mlir::Value multiply(mlir::Value x, mlir::Value y, mlir::Value sum);

  Emitter &e;
  const CacheLayoutOf &layout;
  bool isPaired;
  int64_t depth; ///< elements of a key, in whole steps
  mlir::Value queries, weights, keys, values;
};

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_KERNELS_ATTENDPANELS_H
