//===- ActivationLayout.h - how tensors lie between kernels ----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A tensor without encoding is dense. A row of scaled integers
// (`#tenon.blocks`) is a run of bytes: the codes in order, then, block by
// block, what kernels need of each block, so that it is computed once:
//
//   codes   K x i8
//   scale   K/size x f32      d
//   sum     K/size x i32      minus the sum of the block's codes
//   half    2K/size x i32     minus the sums of the codes of each half block
//   total   K/size x f32      d times the sum of the codes
//   halves  2K/size x f32     d times the sums of each half block
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENONCPU_IR_ACTIVATIONLAYOUT_H
#define TENON_DIALECTS_TENONCPU_IR_ACTIVATIONLAYOUT_H

#include "dialects/Tenon/IR/Tenon.h"

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/Support/MathExtras.h"

namespace tenon::cpu {

/// Byte offsets within a row of `elements` scaled integers.
struct ActivationLayout {
  int64_t elements, size;

  explicit ActivationLayout(mlir::RankedTensorType type)
      : elements(
            mlir::ShapedType::getNumElements(type.getShape().drop_front())),
        size(llvm::cast<BlocksAttr>(type.getEncoding()).getSize()) {}

  int64_t blocks() const { return elements / size; }
  int64_t scale() const { return elements; }
  int64_t sum() const { return scale() + 4 * blocks(); }
  int64_t half() const { return sum() + 4 * blocks(); }
  int64_t total() const { return half() + 8 * blocks(); }
  int64_t halves() const { return total() + 4 * blocks(); }
  /// Bytes from row to row, a multiple of a cache line.
  int64_t rowBytes() const {
    return llvm::alignTo(halves() + 8 * blocks(), 64);
  }
};

/// True for tensors of scaled integers.
inline bool isQuantized(mlir::RankedTensorType type) {
  return llvm::isa_and_nonnull<BlocksAttr>(type.getEncoding());
}

/// The memory of a tensor: dense, or rows of bytes.
inline mlir::MemRefType getMemory(mlir::RankedTensorType type) {
  if (!isQuantized(type))
    return mlir::MemRefType::get(type.getShape(), type.getElementType());
  return mlir::MemRefType::get(
      {type.getDimSize(0), ActivationLayout(type).rowBytes()},
      mlir::IntegerType::get(type.getContext(), 8));
}

/// Bytes of a row of a tensor's memory.
inline int64_t getRowBytes(mlir::RankedTensorType type) {
  mlir::MemRefType memory = getMemory(type);
  return mlir::ShapedType::getNumElements(memory.getShape().drop_front()) *
         (memory.getElementTypeBitWidth() / 8);
}

} // namespace tenon::cpu

#endif // TENON_DIALECTS_TENONCPU_IR_ACTIVATIONLAYOUT_H
