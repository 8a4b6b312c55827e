//===- KernelCalls.h - calls of kernels in a driver -------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_OUTLINE_KERNELCALLS_H
#define TENON_LIB_TARGET_CPU_OUTLINE_KERNELCALLS_H

#include "dialects/TenonRT/IR/TenonRT.h"
#include "lib/Target/CPU/Kernels/Emitter.h"
#include "lib/Target/CPU/Outline/BufferPlan.h"
#include "lib/Target/CPU/Outline/KernelTable.h"

namespace tenon::cpu {

/// The layers of the enclosing stack, and the one that runs.
struct Layers {
  mlir::Value current; ///< null outside of stacks
  int64_t first = 0, last = 0;
};

/// Emits calls of kernels into a driver, a function (job, worker).
class KernelCalls {
public:
  /// With `hasRowSequences` each row belongs to a sequence of its own: kernels
  /// that use a cache are called row by row.
  KernelCalls(const BufferPlan &plan, KernelTable &kernels,
              mlir::ModuleOp drivers, mlir::func::FuncOp driver,
              bool hasRowSequences);

  /// Emits, at the builder's place, the call of `kernel` for this worker's
  /// share of the units.
  llvm::LogicalResult emit(KernelOp kernel, Layers layers);

  /// Emits calls of `kernel` for all units of this worker's rows: of each
  /// `workers` rows one.
  llvm::LogicalResult emitRows(KernelOp kernel, Layers layers);

  mlir::Value job() { return driver.getArgument(0); }

  /// Private memory of a worker that the kernels so far ask for: known when
  /// all are emitted, and then set.
  int64_t getScratchBytes() const;
  void setScratchBytes(int64_t bytes);

  Emitter e;

private:
  mlir::Value worker() { return driver.getArgument(1); }
  mlir::Value number(rt::JobField field, mlir::Value row = {}) {
    return rt::NumberOp::create(e.b, e.b.getIndexType(), field, job(), row);
  }
  mlir::Value buffer(rt::JobField field, mlir::Value offset,
                     mlir::MemRefType type, mlir::ValueRange sizes,
                     mlir::Value row = {}) {
    return rt::BufferOp::create(e.b, type, field, job(), row, offset, sizes);
  }
  mlir::Value rowsOf(mlir::Value tensor);
  /// Memory of all rows, or of one.
  mlir::Value tensorMemory(mlir::Value tensor, mlir::Value row);
  mlir::Value weightMemory(mlir::Value weight, Layers layers);
  void cacheMemory(mlir::Value cache, mlir::Value layer, mlir::Value row,
                   llvm::SmallVectorImpl<mlir::Value> &operands);
  /// What the kernel works on, without the range of units, in all rows or one.
  llvm::SmallVector<mlir::Value> getOperands(KernelOp kernel, KernelShape shape,
                                             Layers layers, mlir::Value row);
  llvm::LogicalResult
  emitByRow(KernelOp kernel, mlir::Value rows, mlir::Value units,
            llvm::function_ref<llvm::LogicalResult(mlir::Value, mlir::Value,
                                                   mlir::Value)>
                emit);
  llvm::LogicalResult emitVariants(KernelOp kernel, KernelShape shape,
                                   llvm::ArrayRef<mlir::Value> operands,
                                   Layers layers,
                                   KernelPart part = KernelPart::Work);
  llvm::LogicalResult emitFinish(KernelOp kernel, KernelShape shape,
                                 llvm::ArrayRef<mlir::Value> operands,
                                 Layers layers);
  void emitCall(mlir::func::FuncOp kernel,
                llvm::ArrayRef<mlir::Value> operands);

  const BufferPlan &plan;
  KernelTable &kernels;
  mlir::ModuleOp drivers;
  mlir::func::FuncOp driver;
  bool hasRowSequences;
  int64_t kernelScratch = 0;
  mlir::arith::ConstantIndexOp scratchStride;
  mlir::Value scratchBase;
};

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_OUTLINE_KERNELCALLS_H
