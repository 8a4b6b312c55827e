//===- RowBuilder.h - linalg for one row ------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What each op of a row kernel does to one row. A row is a tensor of static
// shape; every function writes its result into `dest`, a tensor of the
// result's shape, and returns the tensor written.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_CONVERSION_TENONTOLINALG_ROWBUILDER_H
#define TENON_LIB_CONVERSION_TENONTOLINALG_ROWBUILDER_H

#include "dialects/TenonCPU/IR/ActivationLayout.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"

namespace tenon {

class RowBuilder {
public:
  RowBuilder(mlir::OpBuilder &builder, mlir::Location loc)
      : builder(builder), loc(loc) {}

  /// The same elements.
  mlir::Value copy(mlir::Value input, mlir::Value dest);

  /// The elements in the shorter float format of `dest`.
  mlir::Value shorten(mlir::Value input, mlir::Value dest);

  mlir::Value add(mlir::Value lhs, mlir::Value rhs, mlir::Value dest);

  mlir::Value gate(Fn fn, mlir::Value gate, mlir::Value up, mlir::Value dest);

  /// `weight` is a tensor of the last dimension.
  mlir::Value norm(NormKind kind, mlir::FloatAttr eps, mlir::Value input,
                   mlir::Value weight, mlir::Value dest);

  /// `position` is an i32; `frequencies` a buffer of angles per position;
  /// `factors` a tensor or null.
  mlir::Value ropeAngles(mlir::FloatAttr magnitude, mlir::Value position,
                         mlir::Value frequencies, mlir::Value factors,
                         mlir::Value dest);

  mlir::Value rope(RopeStyle style, mlir::Value input, mlir::Value angles,
                   mlir::Value dest);

  /// Rows as bytes of `layout`, with what it says of each block.
  mlir::Value quantize(const cpu::ActivationLayout &layout, mlir::Value input,
                       mlir::Value dest);

private:
  using VectorFn = llvm::function_ref<mlir::Value(mlir::ValueRange indices,
                                                  mlir::Value vector)>;
  using ElementFn = llvm::function_ref<mlir::Value(
      mlir::OpBuilder &, mlir::Location, mlir::ValueRange)>;

  /// Runs `body` for the innermost vectors of `dest`, by the indices of its
  /// leading dimensions.
  mlir::Value forVectors(mlir::Value dest, VectorFn body);

  /// The innermost vector of `tensor` at indices of the leading dimensions.
  mlir::Value vectorAt(mlir::Value tensor, mlir::ValueRange indices);

  /// Runs `body` for each element of vectors.
  mlir::Value elementwise(mlir::ValueRange inputs, mlir::Value dest,
                          ElementFn body);

  /// Sum over a vector of what `body` gives for an element, in any order.
  mlir::Value sum(mlir::Value input, ElementFn body);

  /// A loop over `[0, count)` that carries a tensor.
  mlir::Value
  loop(int64_t count, mlir::Value init,
       llvm::function_ref<mlir::Value(mlir::Value index, mlir::Value carried)>
           body);

  mlir::Value index(int64_t value);
  mlir::Value number(double value, mlir::Type type);
  mlir::Value extract(mlir::Value tensor, mlir::ValueRange indices);
  mlir::Value insert(mlir::Value scalar, mlir::Value tensor,
                     mlir::ValueRange indices);

  mlir::OpBuilder &builder;
  mlir::Location loc;
};

} // namespace tenon

#endif // TENON_LIB_CONVERSION_TENONTOLINALG_ROWBUILDER_H
