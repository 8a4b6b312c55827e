//===- AttendBase.h - what all attention has in common ----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Inputs, what a query sees, the running maximum and sum over tiles of slots,
// results. Builders for one row and for many differ in what a unit is and in
// how they multiply.
//
// Sources: arXiv:2205.14135 (tiles), arXiv:2305.13245 (grouped heads).
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_KERNELS_ATTENDBASE_H
#define TENON_LIB_TARGET_CPU_KERNELS_ATTENDBASE_H

#include "lib/Target/CPU/Kernels/CacheLayout.h"
#include "lib/Target/CPU/Kernels/Kernels.h"

namespace tenon::cpu {

class AttendBase {
protected:
  AttendBase(KernelOp kernel, mlir::func::FuncOp function);

  /// Vectors of 16 slots of a tile.
  static constexpr int64_t kVectors = kSlotTile / kLanes;
  /// Lower than every score, but finite: differences stay numbers.
  static constexpr double kLowest = -1.0e30;

  mlir::Value input(mlir::Value value, unsigned part = 0);
  /// The next `count` numbers of the worker's scratch memory, from byte `at`.
  mlir::Value take(int64_t &at, int64_t count, mlir::Type type);
  /// Takes sums, totals and maxima of `queries` queries, and scores of `rows`
  /// queries against one tile.
  void takeSums(int64_t &at, int64_t queries, int64_t rows);
  static int64_t sumBytes(const CacheLayoutOf &layout, int64_t queries,
                          int64_t rows);

  /// Elements d to d + 15 of a query; 0 behind its last.
  mlir::Value loadQuery(mlir::Value row, mlir::Value member, int64_t d);
  /// No sums yet for query `m`.
  void clearSums(mlir::Value m);
  /// Which of 16 slots, at `positions`, a row at position `own` sees. `own` is
  /// not read if every row sees every slot.
  mlir::Value isVisible(mlir::Value positions,
                        llvm::function_ref<mlir::Value()> own);
  /// Log-weights of 16 slots, as powers of two.
  mlir::Value loadBias(mlir::Value slot);
  /// Scores of queries `first` to `first + rows` to weights relative to their
  /// maximum. `keep` stores those of a row and adds them to its total. The
  /// maximum may lag behind the largest score by some powers of two; where it
  /// would by more it moves, and old sums are rescaled.
  void emitSoftmax(
      mlir::Value first, int64_t rows,
      llvm::function_ref<mlir::Value(mlir::Value)> exp2,
      llvm::function_ref<mlir::Value(int64_t r, llvm::ArrayRef<mlir::Value>,
                                     mlir::Value total)>
          keep);
  /// Sums of query `m` divided by their total, and its log-sum, to place `to`
  /// of the results.
  void emitResult(mlir::Value m, llvm::ArrayRef<mlir::Value> to);
  /// The same for a part without slots: its log-sum alone.
  void emitNothing(llvm::ArrayRef<mlir::Value> to);
  /// The loop over the units of this call, and the end of the function.
  void emitUnits(llvm::function_ref<void(mlir::Value)> body);

  AttentionOp op;
  mlir::func::FuncOp function;
  KernelArguments arguments;
  CacheLayoutOf layout;
  Emitter e;
  int64_t group = 0;
  /// What scores are still to be multiplied with when powers are taken; 1 if
  /// they are powers already.
  double factor = 1;
  mlir::Value cells, slotPositions, used, query, positions, rows;
  mlir::Value sums, scores, maxima, totals; // scratch memory
  mlir::Value head;                         // of the unit

private:
  void rescale(mlir::Value first, llvm::ArrayRef<mlir::Value> most);
  void storeRow(mlir::Value x, llvm::ArrayRef<mlir::Value> to, int64_t d);
  void storeLogSum(mlir::Value lse, llvm::ArrayRef<mlir::Value> to);
};

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_KERNELS_ATTENDBASE_H
