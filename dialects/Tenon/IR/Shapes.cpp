//===- Shapes.cpp - shape checks that verifiers share ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/IR/Shapes.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

LogicalResult tenon::verifyShape(Operation *op, StringRef what,
                                 RankedTensorType type,
                                 ArrayRef<int64_t> shape) {
  if (type.getShape() == shape)
    return success();
  return op->emitOpError("expected ")
         << what << " of type "
         << RankedTensorType::get(shape, type.getElementType()) << ", but got "
         << type;
}

LogicalResult tenon::verifyFlattened(Operation *op, StringRef what,
                                     RankedTensorType type, int64_t elements) {
  if (type.getRank() != 2 && type.getRank() != 3)
    return op->emitOpError("expected ")
           << what << " of rank 2 or 3, but got " << type;
  int64_t product = 1;
  for (int64_t extent : type.getShape().drop_front()) {
    if (ShapedType::isDynamic(extent))
      return op->emitOpError("expected static sizes after the rows of ")
             << what << ", but got " << type;
    if (llvm::MulOverflow(product, extent, product))
      return op->emitOpError("expected ") << what << " rows of " << elements
                                          << " elements, but got " << type;
  }
  if (product != elements)
    return op->emitOpError("expected ")
           << what << " rows of " << elements << " elements, but got " << type;
  return success();
}
