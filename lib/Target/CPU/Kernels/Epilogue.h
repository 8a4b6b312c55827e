//===- Epilogue.h - what happens to a contraction's sums --------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_KERNELS_EPILOGUE_H
#define TENON_LIB_TARGET_CPU_KERNELS_EPILOGUE_H

#include "lib/Target/CPU/Kernels/Emitter.h"
#include "lib/Target/CPU/Kernels/Kernels.h"

namespace tenon::cpu {

/// Memory that an output of a contraction reads and writes, as [rows, N].
struct OutputMemory {
  llvm::SmallVector<mlir::Value, 2> biases; ///< null: none
  mlir::Value residual;                     ///< null: none
  mlir::Value result;
  mlir::Value firstColumn; ///< of N, in the result; null: 0
};

/// The arguments of `function` that `output` uses.
OutputMemory getOutputMemory(Emitter &e, const Contraction::Output &output,
                             const KernelArguments &arguments,
                             mlir::func::FuncOp function);

/// Emits bias, activation, residual and the store of 16 outputs of one row:
/// `sums` has one vector per weight; `row` and `column` say where they go.
/// Columns beyond N are not touched.
void emitEpilogue(Emitter &e, const Contraction::Output &output,
                  const OutputMemory &memory, llvm::ArrayRef<mlir::Value> sums,
                  mlir::Value row, mlir::Value column);

/// 16 values of the result: written and read back, without an epilogue.
/// @{
void storeOutputs(Emitter &e, const Contraction::Output &output,
                  const OutputMemory &memory, mlir::Value value,
                  mlir::Value row, mlir::Value column);
mlir::Value loadOutputs(Emitter &e, const Contraction::Output &output,
                        const OutputMemory &memory, mlir::Value row,
                        mlir::Value column);
/// @}

/// fn(x) in vector code.
mlir::Value emitFn(Emitter &e, Fn fn, mlir::Value x);

/// `memory` as [rows, product of the other dimensions].
mlir::Value flatten(Emitter &e, mlir::Value memory);

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_KERNELS_EPILOGUE_H
