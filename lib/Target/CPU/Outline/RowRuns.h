//===- RowRuns.h - kernels that one worker can do for a row -----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_OUTLINE_ROWRUNS_H
#define TENON_LIB_TARGET_CPU_OUTLINE_ROWRUNS_H

#include "dialects/Tenon/IR/Tenon.h"
#include "lib/Target/CPU/Kernels/Emitter.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tenon::cpu {

/// Kernels that follow each other, from the first to the last.
using RowRun = llvm::SmallVector<KernelOp>;

/// The runs of a block of an entry whose rows belong to sequences of their
/// own: kernels that read and write, for a row, nothing of another row, some of
/// them with the cache of the row's sequence. Where no two rows belong to one
/// sequence, workers may do a run for whole rows, with no barrier inside.
llvm::SmallVector<RowRun> findRowRuns(mlir::Block &block);

/// True when `kernel` is in a run.
bool isInRowRun(KernelOp kernel);

/// True, at run time, when whole rows are sequences of their own, and shared
/// out among the workers about as well as their parts would be. All workers of
/// `job` get the same answer.
mlir::Value emitSharesRows(Emitter &e, mlir::Value job);

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_OUTLINE_ROWRUNS_H
