//===- Passes.td - conversions between dialects ------------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_CONVERSION_PASSES_TD
#define TENON_LIB_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def ExpandMathPass : Pass<"tenon-expand-math", "::mlir::func::FuncOp"> {
  let summary = "Writes functions of f32 as polynomials.";
  let description = [{
    `exp`, `log`, `log2`, `log1p`, `expm1`, `tanh` and `erf` of f32 scalars and
    vectors become arithmetic, because LLVM would call libm once per element.
    `exp` is exact to 1e-7 (relative) where the result is normal, 0 below and
    of minus infinity. Functions of f64 stay calls of libm. Rounding divisions
    of integers, for which LLVM has no instruction, are written out too.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect",
                           "::mlir::vector::VectorDialect"];
}

def ConvertRowKernelsPass
    : Pass<"tenon-convert-row-kernels", "::mlir::ModuleOp"> {
  let summary = "Writes a function for each row kernel, through linalg.";
  let description = [{
    For each `tenon.kernel` a nested module of its name with its function:
    a buffer for each input and each result, then the first and the last row to
    compute. The kernels stay where they are.
  }];
}

def BufferizeRowsPass : Pass<"tenon-bufferize-rows", "::mlir::func::FuncOp"> {
  let summary = "Bufferizes a row kernel without allocations.";
  let description = [{
    One-shot bufferization of one function. A value that needs memory of its
    own gets a buffer on the stack in the function's entry block, so that loops
    do not grow the stack; it must have a static size of at most 64 KiB.
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect",
                           "::mlir::memref::MemRefDialect"];
}

def VectorizeRowsPass : Pass<"tenon-vectorize-rows", "::mlir::func::FuncOp"> {
  let summary = "Vectorises linalg ops on rows of static length.";
  let description = [{
    Ops over one parallel dimension are tiled by `lanes`; the remainder becomes
    one narrower vector. Reductions become loops over one scalar, which LLVM
    vectorises where their fast-math flags allow another order.
  }];
  let options = [Option<"lanes", "lanes", "int64_t", "16",
                        "elements of a vector">];
  let dependentDialects = ["::mlir::affine::AffineDialect",
                           "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
}

#endif // TENON_LIB_CONVERSION_PASSES_TD
