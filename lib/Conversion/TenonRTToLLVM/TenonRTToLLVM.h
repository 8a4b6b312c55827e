//===- TenonRTToLLVM.h - runtime ops in the LLVM dialect --------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How `tenon_rt` becomes loads from `tenon_rt_job`, constants and atomics. The
// conversion is an interface of the dialect: `convert-to-llvm` applies it
// together with the conversions of the upstream dialects.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_CONVERSION_TENONRTTOLLVM_TENONRTTOLLVM_H
#define TENON_LIB_CONVERSION_TENONRTTOLLVM_TENONRTTOLLVM_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"

namespace mlir {
class LLVMTypeConverter;
class RewritePatternSet;
} // namespace mlir

namespace tenon {

/// Makes `convert-to-llvm` convert the `tenon_rt` dialect.
void registerConvertTenonRTToLLVMInterface(mlir::DialectRegistry &registry);

/// Adds the conversion of `!tenon_rt.job` to a pointer.
void populateTenonRTToLLVMTypeConversions(mlir::LLVMTypeConverter &converter);

/// Adds the patterns of all ops that a driver holds.
void populateTenonRTToLLVMPatterns(mlir::LLVMTypeConverter &converter,
                                   mlir::RewritePatternSet &patterns);

/// The address of the field of a `tenon_rt_job` at byte `offset`.
mlir::Value getJobAddress(mlir::OpBuilder &builder, mlir::Location loc,
                          mlir::Value job, size_t offset);

/// The functions of a module's barriers, made when they are not there yet.
/// `tenon_arrive(job)` waits until the barrier's last worker has released the
/// others, and returns false; for that worker it returns true at once.
mlir::LLVM::LLVMFuncOp getOrCreateArrive(mlir::OpBuilder &builder,
                                         mlir::ModuleOp module);

/// `tenon_release(job)` lets the others go on.
mlir::LLVM::LLVMFuncOp getOrCreateRelease(mlir::OpBuilder &builder,
                                          mlir::ModuleOp module);

/// `tenon_barrier(job)` is both: waits until all workers have arrived.
mlir::LLVM::LLVMFuncOp getOrCreateBarrier(mlir::OpBuilder &builder,
                                          mlir::ModuleOp module);

} // namespace tenon

#endif // TENON_LIB_CONVERSION_TENONRTTOLLVM_TENONRTTOLLVM_H
