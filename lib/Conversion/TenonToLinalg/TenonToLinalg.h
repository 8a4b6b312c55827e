//===- TenonToLinalg.h - row kernels through linalg -------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels without contractions and caches: norms, rotary positions,
// activations, residual sums, chosen rows. Each row of a result depends on one
// row of each input (that of the chosen index for `tenon.rows`), so all ops of
// a kernel run in one loop over rows.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_CONVERSION_TENONTOLINALG_TENONTOLINALG_H
#define TENON_LIB_CONVERSION_TENONTOLINALG_TENONTOLINALG_H

#include "dialects/Tenon/IR/Tenon.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"

namespace tenon {

struct PipelineOptions;

/// True when `lowerRowKernel` knows every op of the kernel.
bool isRowKernel(KernelOp kernel);

/// The type of the function of a row kernel: a buffer for each input (weight
/// vectors as dense f32), a buffer for each result, then the first and the
/// last (exclusive) row of the results to compute.
mlir::FunctionType getRowKernelType(KernelOp kernel);

/// The dialects that `lowerRowKernel` writes, for a pass to depend on.
void insertRowKernelDialects(mlir::DialectRegistry &registry);

/// Writes the body of `function`, which has the type of `getRowKernelType` and
/// an empty entry block and stands in a module. Inputs and results must not
/// share memory. Errors name the op that a row kernel must not hold.
llvm::LogicalResult lowerRowKernel(KernelOp kernel,
                                   mlir::func::FuncOp function);

/// Adds the passes that turn such a function into vector, scf and memref:
/// fusion of elementwise ops, bufferization without allocations, vectorisation
/// by the lanes of the target.
void buildRowKernelPasses(mlir::OpPassManager &functionManager,
                          const PipelineOptions &options);

/// Registers `tenon-row-kernels-to-vector`: `tenon-convert-row-kernels` and the
/// passes above for vectors of 512 bits.
void registerRowKernelPipeline();

} // namespace tenon

#endif // TENON_LIB_CONVERSION_TENONTOLINALG_TENONTOLINALG_H
