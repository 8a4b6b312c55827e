//===- Shapes.h - shape checks that verifiers share -------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENON_IR_SHAPES_H
#define TENON_DIALECTS_TENON_IR_SHAPES_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"

namespace tenon {

/// Fails with an error on `op` unless `type` has exactly this shape. `what`
/// names the operand or result in the message.
llvm::LogicalResult verifyShape(mlir::Operation *op, llvm::StringRef what,
                                mlir::RankedTensorType type,
                                llvm::ArrayRef<int64_t> shape);

/// Fails unless `type` is `[T, elements]` or `[T, heads, dim]` with
/// `heads * dim == elements`.
llvm::LogicalResult verifyFlattened(mlir::Operation *op, llvm::StringRef what,
                                    mlir::RankedTensorType type,
                                    int64_t elements);

} // namespace tenon

#endif // TENON_DIALECTS_TENON_IR_SHAPES_H
