//===- Layers.cpp - norms, gates, rows, stacks, kernels -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/Interpreter/Evaluator.h"

#include <cmath>

using namespace mlir;
using namespace tenon;
using namespace tenon::interp;

LogicalResult Evaluator::evaluate(NormOp op) {
  const FloatTensor *input = getFloats(op, op.getInput());
  const StoredTensor *weight = getWeight(op, op.getWeight());
  if (!input || !weight)
    return failure();
  std::vector<double> scale = readVector(*weight);
  FloatTensor result = *input;
  int64_t count = input->shape.back();
  double eps = op.getEps().convertToDouble();
  for (size_t start = 0; start < result.data.size(); start += count) {
    double *x = &result.data[start];
    double mean = 0;
    if (op.getKind() == NormKind::Layer) {
      for (int64_t i = 0; i < count; ++i)
        mean += x[i];
      mean /= double(count);
    }
    double square = 0;
    for (int64_t i = 0; i < count; ++i)
      square += (x[i] - mean) * (x[i] - mean);
    double factor = 1.0 / std::sqrt(square / double(count) + eps);
    for (int64_t i = 0; i < count; ++i)
      x[i] = (x[i] - mean) * factor * scale[i];
  }
  set(op.getResult(), makeTensor(std::move(result)));
  return success();
}

/// The function of one element.
static double apply(Fn fn, double x) {
  switch (fn) {
  case Fn::SiLU:
    return x / (1.0 + std::exp(-x));
  case Fn::GELU:
    return 0.5 * x * std::erfc(-x / std::sqrt(2.0));
  case Fn::ReLU:
    return std::max(x, 0.0);
  }
  llvm_unreachable("all functions are listed");
}

LogicalResult Evaluator::evaluate(GateOp op) {
  const FloatTensor *gate = getFloats(op, op.getGate());
  const FloatTensor *up = getFloats(op, op.getUp());
  if (!gate || !up)
    return failure();
  if (gate->shape != up->shape)
    return op.emitOpError("expected gate and up of the same shape");
  FloatTensor result = *up;
  for (size_t i = 0; i < result.data.size(); ++i)
    result.data[i] *= apply(op.getFn(), gate->data[i]);
  set(op.getResult(), makeTensor(std::move(result)));
  return success();
}

LogicalResult Evaluator::evaluate(RowsOp op) {
  const FloatTensor *input = getFloats(op, op.getInput());
  const IntTensor *index = getInts(op, op.getIndex());
  if (!input || !index)
    return failure();
  FailureOr<FloatTensor> result = makeResult(op.getResult(), index->size());
  if (failed(result))
    return failure();
  for (int64_t i = 0; i < index->size(); ++i) {
    int32_t row = index->data[i];
    if (row < 0 || row >= input->rows())
      return op.emitOpError("expected rows below ")
             << input->rows() << ", but got " << row;
    std::copy_n(input->row(row), input->rowSize(), result->row(i));
  }
  set(op.getResult(), makeTensor(std::move(*result)));
  return success();
}

LogicalResult Evaluator::evaluate(TopKOp op) {
  const FloatTensor *input = getFloats(op, op.getInput());
  std::optional<int64_t> count = getIndex(op, op.getCount());
  if (!input || !count)
    return failure();
  int64_t most = op.getValues().getType().getDimSize(1);
  if (*count < 1 || *count > most)
    return op.emitOpError("expected a count of 1 to ")
           << most << ", but got " << *count;
  FailureOr<FloatTensor> values = makeResult(op.getValues(), input->rows());
  if (failed(values))
    return failure();
  llvm::fill(values->data, -std::numeric_limits<double>::infinity());
  std::vector<int32_t> indices(values->data.size(), -1);
  for (int64_t r = 0; r < input->rows(); ++r) {
    const double *row = input->row(r);
    std::vector<int32_t> order;
    for (int64_t i = 0; i < input->rowSize(); ++i)
      if (!std::isnan(row[i]))
        order.push_back(static_cast<int32_t>(i));
    llvm::sort(order, [&](int32_t a, int32_t b) {
      return row[a] != row[b] ? row[a] > row[b] : a < b;
    });
    order.resize(std::min<int64_t>(order.size(), *count));
    for (auto [i, column] : llvm::enumerate(order)) {
      values->row(r)[i] = row[column];
      indices[r * most + i] = column;
    }
  }
  set(op.getValues(), makeTensor(std::move(*values)));
  set(op.getIndices(), makeInts(indices, most));
  return success();
}

/// Rounds a block as `tenon.quantize` says, with its operations in f32.
static void quantizeBlock(double *block, int64_t size) {
  float most = 0;
  bool isFinite = true;
  for (int64_t i = 0; i < size; ++i) {
    auto x = static_cast<float>(block[i]);
    isFinite &= std::isfinite(x);
    most = std::max(most, std::fabs(x));
  }
  if (!isFinite || most < 1e-30f) {
    double value = isFinite ? 0 : std::numeric_limits<double>::quiet_NaN();
    std::fill_n(block, size, value);
    return;
  }
  float scale = most / 127, inverse = 127 / most;
  for (int64_t i = 0; i < size; ++i) {
    float code = std::nearbyint(static_cast<float>(block[i]) * inverse);
    block[i] = double(scale) * std::clamp(code, -127.0f, 127.0f);
  }
}

LogicalResult Evaluator::evaluate(QuantizeOp op) {
  const FloatTensor *input = getFloats(op, op.getInput());
  if (!input)
    return failure();
  RankedTensorType type = op.getResult().getType();
  FloatTensor result = *input;
  if (auto blocks = dyn_cast_or_null<BlocksAttr>(type.getEncoding())) {
    int64_t size = blocks.getSize();
    for (size_t at = 0; at < result.data.size(); at += size)
      quantizeBlock(&result.data[at], size);
  } else {
    for (double &x : result.data)
      x = roundToFormat(x, type.getElementType());
  }
  set(op.getResult(), makeTensor(std::move(result)));
  return success();
}

LogicalResult Evaluator::evaluate(StackOp op) {
  std::vector<RuntimeValue> carried;
  for (Value init : op.getInits()) {
    const RuntimeValue *value = get(op, init);
    if (!value)
      return failure();
    carried.push_back(*value);
  }
  for (int64_t layer = op.getFirst(); layer < (int64_t)op.getLast(); ++layer) {
    std::vector<RuntimeValue> arguments{layer};
    llvm::append_range(arguments, carried);
    Evaluator body(interpreter, this);
    FailureOr<std::vector<RuntimeValue>> next =
        body.run(op.getBody().front(), arguments);
    if (failed(next))
      return failure();
    carried = std::move(*next);
  }
  for (auto [result, value] : llvm::zip(op.getResults(), carried))
    set(result, value);
  return success();
}

LogicalResult Evaluator::evaluate(KernelOp op) {
  std::vector<RuntimeValue> arguments;
  for (Value input : op.getInputs()) {
    const RuntimeValue *value = get(op, input);
    if (!value)
      return failure();
    arguments.push_back(*value);
  }
  // Isolated from above: the body sees its arguments only.
  Evaluator body(interpreter, nullptr);
  FailureOr<std::vector<RuntimeValue>> results =
      body.run(op.getBody().front(), arguments);
  if (failed(results))
    return failure();
  for (auto [result, value] : llvm::zip(op.getResults(), *results))
    set(result, value);
  return success();
}
