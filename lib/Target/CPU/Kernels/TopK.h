//===- TopK.h - the best outputs of a contraction ---------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A worker keeps a list of the best outputs of each row in its scratch memory,
// from call to call. Outputs are written to a tile beside the lists, which
// stays in the first-level cache, and ranked from there, some groups at a time.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_KERNELS_TOPK_H
#define TENON_LIB_TARGET_CPU_KERNELS_TOPK_H

#include "lib/Target/CPU/Kernels/Epilogue.h"

namespace tenon::cpu {

/// Groups of 16 outputs that a tile of a step holds.
constexpr int64_t kTopKGroups = 16;

/// Bytes of a worker's lists and tile for up to `rows` rows, in a kernel whose
/// tiles have `groups` groups.
int64_t getTopKBytes(int64_t k, int64_t rows, int64_t groups);

/// Ranks the outputs of one worker.
class TopKBuilder {
public:
  /// `scratchStart`: where lists begin in the kernel's scratch memory, a
  /// multiple of 64.
  TopKBuilder(Emitter &e, const Contraction::Output &output,
              const KernelArguments &arguments, mlir::func::FuncOp function,
              int64_t scratchStart, mlir::Value rows)
      : e(e), output(output), arguments(arguments), function(function),
        scratchStart(scratchStart), rows(rows) {}

  /// The outputs from `column` on go to a tile of `groups` groups.
  void useTile(OutputMemory &memory, mlir::Value column, int64_t groups);
  /// Ranks `groups` groups of outputs of a tile, some beyond N perhaps.
  void emitRank(const OutputMemory &memory, mlir::Value groups);

  /// Bodies of the other parts of the kernel: empty lists, and the best of all
  /// workers' lists. The arguments are those of `KernelPart`.
  /// @{
  void emitPrologue();
  void emitFinish();
  /// @}

private:
  /// Entries of a row, the best first: (values[row, i], ids[row, idStart + i]).
  struct List {
    mlir::Value values, ids, row;
    int64_t idStart;
  };
  List viewList(mlir::Value start, mlir::Value row);
  mlir::Value isBetter(mlir::Value value, mlir::Value id, const List &list,
                       mlir::Value at);
  void emitEmpty(const List &list);
  void emitInsert(const List &list, mlir::Value value, mlir::Value id);
  mlir::Value count();
  mlir::Value rowBytes();

  Emitter &e;
  const Contraction::Output &output;
  const KernelArguments &arguments;
  mlir::func::FuncOp function;
  int64_t scratchStart;
  mlir::Value rows;
};

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_KERNELS_TOPK_H
