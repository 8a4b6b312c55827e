//===- IntegerProducts.h - integers times integers, then scales -*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What step and chunk contractions of quantised weights and quantised inputs
// share: the products of one sub-block of 16 outputs with several rows of the
// input.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_KERNELS_INTEGERPRODUCTS_H
#define TENON_LIB_TARGET_CPU_KERNELS_INTEGERPRODUCTS_H

#include "dialects/TenonCPU/IR/ActivationLayout.h"
#include "lib/Target/CPU/Kernels/DotProduct.h"

namespace tenon::cpu {

/// Reads rows of scaled integers.
class QuantizedInput {
public:
  /// `memory`: the rows, as `getMemory(type)`.
  QuantizedInput(Emitter &e, mlir::RankedTensorType type, mlir::Value memory)
      : e(e), layout(type), memory(memory) {}

  /// Codes of elements at..at+3 in every 32 bits of a vector of 64 bytes.
  mlir::Value codes4(mlir::Value row, mlir::Value at);
  /// Broadcasts of what is kept for block (or half block) `index`.
  /// @{
  mlir::Value scale(mlir::Value row, mlir::Value index);
  mlir::Value negativeSum(mlir::Value row, mlir::Value index, bool half);
  mlir::Value total(mlir::Value row, mlir::Value index, bool half);
  /// @}

private:
  mlir::Value read(mlir::Value row, int64_t start, mlir::Value index,
                   mlir::Type element);

  Emitter &e;
  ActivationLayout layout;
  mlir::Value memory;
};

/// What sub-blocks that are read side by side meet: the input's element that
/// their first codes meet, the number of its (half) block and that of the whole
/// block.
struct InputPlace {
  mlir::Value element, index, scaleIndex;
};

/// A sub-block of 16 outputs: codes that share a scale.
struct SubBlock {
  /// What codes exceed their meaning by: a power of two, or 0.
  int64_t bias;
  /// Codes of elements i..i+3 of the sub-block, 64 unsigned bytes.
  std::function<mlir::Value(int64_t i)> codes4;
  mlir::Value scale;
  mlir::Value minimum; ///< null: none
  /// No code is above it.
  int64_t largest = 255;
};

/// Adds the products of `blocks`, sub-blocks of `size` codes (16 or 32) of
/// several weights or groups, with the same elements of each of `rows` to
/// `totals` (16 x f32 each; of block b and row r at b * rows + r).
void emitProducts(Emitter &e, const CPUTargetOptions &target,
                  QuantizedInput &input, const InputPlace &place, int64_t size,
                  llvm::ArrayRef<SubBlock> blocks,
                  llvm::ArrayRef<mlir::Value> rows,
                  llvm::MutableArrayRef<mlir::Value> totals);

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_KERNELS_INTEGERPRODUCTS_H
