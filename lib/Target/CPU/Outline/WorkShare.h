//===- WorkShare.h - which units of a kernel a worker does ------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_OUTLINE_WORKSHARE_H
#define TENON_LIB_TARGET_CPU_OUTLINE_WORKSHARE_H

#include "dialects/Tenon/IR/Tenon.h"
#include "lib/Target/CPU/Kernels/Emitter.h"

#include "llvm/ADT/STLFunctionalExtras.h"

namespace tenon::cpu {

/// One worker's part of the units that workers share out.
struct WorkShare {
  Emitter &e;
  mlir::Value job;
  mlir::Value worker; ///< its number, or the number whose part it does

  /// Emits the work on units [first, last).
  using EmitUnits = llvm::function_ref<llvm::LogicalResult(mlir::Value first,
                                                           mlir::Value last)>;

  /// Emits `emitUnits` for this worker's units of a kernel: a range, pieces
  /// that it claims, or both.
  llvm::LogicalResult emit(KernelOp kernel, mlir::Value units,
                           EmitUnits emitUnits);

  /// The worker's part of `units` as one range.
  std::pair<mlir::Value, mlir::Value> getRange(mlir::Value units);

private:
  mlir::Value getWorkers();
  llvm::LogicalResult emitStream(mlir::Value units, int64_t size,
                                 EmitUnits emitUnits);
  llvm::LogicalResult emitClaims(mlir::Value units, mlir::Value size,
                                 EmitUnits emitUnits);
};

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_OUTLINE_WORKSHARE_H
