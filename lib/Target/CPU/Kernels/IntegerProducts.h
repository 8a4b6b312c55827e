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

/// A sub-block of 16 outputs: `size` (16 or 32) codes that share a scale.
struct SubBlock {
  int64_t size;
  /// What codes exceed their meaning by: a power of two, or 0.
  int64_t bias;
  /// Codes of elements i..i+3 of the sub-block, 64 unsigned bytes.
  std::function<mlir::Value(int64_t i)> codes4;
  mlir::Value scale;
  mlir::Value minimum; ///< null: none
  /// No code is above it.
  int64_t largest = 255;
  /// The input's element that meets the first, the number of its (half) block
  /// and that of the whole block.
  mlir::Value element, index, scaleIndex;
  /// Its sums are added to those at `total` * rows.
  int64_t total = 0;
};

/// Adds the products of `blocks`, sub-blocks of one size, with each of `rows`
/// to `totals` (16 x f32 each). All blocks are read side by side.
void emitProducts(Emitter &e, const CPUTargetOptions &target,
                  QuantizedInput &input, llvm::ArrayRef<SubBlock> blocks,
                  llvm::ArrayRef<mlir::Value> rows,
                  llvm::MutableArrayRef<mlir::Value> totals);

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_KERNELS_INTEGERPRODUCTS_H
