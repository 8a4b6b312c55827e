//===- Values.h - what values are while the interpreter runs ----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tensors of floats are doubles, whatever their IR type: the interpreter shows
// the meaning of a program, and rounding is only where the meaning has some
// (stored weights, cache formats). A cache is a value: an append copies the
// layer that it changes, so an older version keeps its contents.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENON_INTERPRETER_VALUES_H
#define TENON_DIALECTS_TENON_INTERPRETER_VALUES_H

#include "dialects/Tenon/IR/Tenon.h"
#include "dialects/Tenon/Interpreter/WeightSource.h"

#include <memory>
#include <variant>
#include <vector>

namespace tenon::interp {

/// A tensor of floats, row by row.
struct FloatTensor {
  llvm::SmallVector<int64_t, 3> shape;
  std::vector<double> data;

  FloatTensor() = default;
  /// Zeros of this shape.
  explicit FloatTensor(llvm::ArrayRef<int64_t> shape);

  /// Size of the first dimension; 1 for a scalar.
  int64_t rows() const { return shape.empty() ? 1 : shape.front(); }
  /// Elements of all other dimensions.
  int64_t rowSize() const;
  double *row(int64_t r) { return data.data() + r * rowSize(); }
  const double *row(int64_t r) const { return data.data() + r * rowSize(); }
};

/// Token ids, positions or row numbers: a vector, or several per row.
struct IntTensor {
  std::vector<int32_t> data;
  llvm::SmallVector<int64_t, 2> shape;
  int64_t size() const { return static_cast<int64_t>(data.size()); }
};

/// The slots of one layer: `[slot][head][dim]`, and each slot's position.
struct CacheLayer {
  std::vector<double> key, value;
  std::vector<int32_t> positions;
  int64_t slots() const { return static_cast<int64_t>(positions.size()); }
};

/// A version of a cache; unchanged layers are shared between versions.
struct CacheValue {
  CacheType type;
  std::vector<std::shared_ptr<const CacheLayer>> layers;

  /// An empty cache.
  static CacheValue create(CacheType type);
  /// Adds a slot with keys and values (`heads * dim` each), rounded to the
  /// cache's formats, to a copy of the layer.
  static void addSlot(CacheType type, CacheLayer &layer, const double *key,
                      const double *value, int32_t position);
};

/// Any value of the IR.
using RuntimeValue =
    std::variant<std::monostate, int64_t, double,
                 std::shared_ptr<const FloatTensor>,
                 std::shared_ptr<const IntTensor>, CacheValue, StoredTensor>;

/// `tensor` as a value.
RuntimeValue makeTensor(FloatTensor tensor);
/// `data` as a vector of integers, or with `perRow` of them in each row.
/// @{
RuntimeValue makeInts(llvm::ArrayRef<int32_t> data);
RuntimeValue makeInts(llvm::ArrayRef<int32_t> data, int64_t perRow);
/// @}

/// `value` rounded to the nearest number of `type`, ties to even; beyond its
/// largest number infinity. Types that are not floats give the value back.
double roundToFormat(double value, mlir::Type type);

} // namespace tenon::interp

#endif // TENON_DIALECTS_TENON_INTERPRETER_VALUES_H
