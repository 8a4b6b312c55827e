//===- Driver.h - an entry as an SPMD function ------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_OUTLINE_DRIVER_H
#define TENON_LIB_TARGET_CPU_OUTLINE_DRIVER_H

#include "lib/Target/CPU/Outline/BufferPlan.h"
#include "lib/Target/CPU/Outline/KernelTable.h"

#include "mlir/IR/SymbolTable.h"

namespace tenon::cpu {

/// What the artifact's table says of an entry.
struct DriverFacts {
  std::string function;
  int64_t maxRows = 0, arenaBytes = 0, scratchBytes = 0;
};

/// Writes the driver of `entry` into `drivers` (the module `driver`). With
/// `hasMarks` it says before and after each kernel which one it is: its number
/// in the order in which a walk over the entry meets kernels.
llvm::FailureOr<DriverFacts> buildDriver(mlir::func::FuncOp entry,
                                         const BufferPlan &plan,
                                         KernelTable &kernels,
                                         mlir::ModuleOp drivers, bool hasMarks);

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_OUTLINE_DRIVER_H
