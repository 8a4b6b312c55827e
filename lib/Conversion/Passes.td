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

#endif // TENON_LIB_CONVERSION_PASSES_TD
