//===- Values.cpp - tensors and caches at run time ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/Interpreter/Values.h"

#include "mlir/IR/BuiltinTypes.h"

#include <cmath>

using namespace mlir;
using namespace tenon;
using namespace tenon::interp;

FloatTensor::FloatTensor(ArrayRef<int64_t> shape) : shape(shape) {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  data.assign(count, 0.0);
}

int64_t FloatTensor::rowSize() const {
  int64_t size = 1;
  for (int64_t extent : ArrayRef<int64_t>(shape).drop_front(!shape.empty()))
    size *= extent;
  return size;
}

CacheValue CacheValue::create(CacheType type) {
  auto empty = std::make_shared<const CacheLayer>();
  CacheValue cache{type, {}};
  cache.layers.assign(type.getLayers(), empty);
  return cache;
}

void CacheValue::addSlot(CacheType type, CacheLayer &layer, const double *key,
                         const double *value, int32_t position) {
  int64_t count = type.getHeads() * type.getDim();
  for (int64_t i = 0; i < count; ++i) {
    layer.key.push_back(roundToFormat(key[i], type.getK()));
    layer.value.push_back(roundToFormat(value[i], type.getV()));
  }
  layer.positions.push_back(position);
}

RuntimeValue interp::makeTensor(FloatTensor tensor) {
  return std::make_shared<const FloatTensor>(std::move(tensor));
}

RuntimeValue interp::makeInts(ArrayRef<int32_t> data) {
  return std::make_shared<const IntTensor>(
      IntTensor{data.vec(), {static_cast<int64_t>(data.size())}});
}

RuntimeValue interp::makeInts(ArrayRef<int32_t> data, int64_t perRow) {
  auto rows = static_cast<int64_t>(data.size()) / perRow;
  return std::make_shared<const IntTensor>(
      IntTensor{data.vec(), {rows, perRow}});
}

double interp::roundToFormat(double value, Type type) {
  auto format = dyn_cast<FloatType>(type);
  if (!format || format.isF64() || !std::isfinite(value) || value == 0)
    return value;
  if (format.isF32())
    return static_cast<float>(value);
  // Numbers of the format are multiples of `step` near the value; the division
  // and the product are exact, since `step` is a power of two.
  const llvm::fltSemantics &semantics = format.getFloatSemantics();
  int precision = llvm::APFloat::semanticsPrecision(semantics);
  int exponent = std::max(std::ilogb(value),
                          llvm::APFloat::semanticsMinExponent(semantics));
  double step = std::ldexp(1.0, exponent - precision + 1);
  double rounded = std::nearbyint(value / step) * step;
  double largest = std::ldexp(2.0 - std::ldexp(1.0, 1 - precision),
                              llvm::APFloat::semanticsMaxExponent(semantics));
  if (std::fabs(rounded) > largest)
    return std::copysign(HUGE_VAL, value);
  return rounded;
}
