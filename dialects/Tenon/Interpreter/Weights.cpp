//===- Weights.cpp - weights, embeddings, contractions --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The contraction is the one loop whose speed matters: it decides whether a
// real model can be interpreted. Its inner loop runs over tokens, so each sum
// is still formed in the order k = 0, 1, ..., on every machine: vectors only
// put eight tokens side by side, and products are rounded before they are
// added.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/Interpreter/Evaluator.h"

#include <cstring>

using namespace mlir;
using namespace tenon;
using namespace tenon::interp;

FailureOr<StoredTensor> Interpreter::loadWeight(Operation *op, WeightOp weight,
                                                int64_t layer) {
  if (layer < 0 || layer >= weight.getCount())
    return op->emitOpError("expected a layer below ")
           << weight.getCount() << ", but got " << layer;
  auto archive = SymbolTable::lookupNearestSymbolFrom<ArchiveOp>(
      weight, weight.getArchiveAttr());
  if (!archive)
    return weight.emitOpError("expected a tenon.archive, but got ")
           << weight.getArchiveAttr();
  std::unique_ptr<WeightSource> &source = sources[archive.getFile()];
  if (!source) {
    llvm::Expected<std::unique_ptr<WeightSource>> opened =
        opener(archive.getFile(), archive.getFingerprint().value_or(""));
    if (!opened)
      return archive.emitOpError() << llvm::toString(opened.takeError());
    source = std::move(*opened);
  }
  llvm::Expected<StoredTensor> stored =
      source->load(weight.getTensorName(layer),
                   weight.getScheme(layer).getFormat(), weight.getShape());
  if (!stored)
    return op->emitOpError() << llvm::toString(stored.takeError());
  return *stored;
}

std::vector<double> Evaluator::readVector(const StoredTensor &weight) {
  std::vector<float> row(weight.columns());
  weight.readRow(0, row.data());
  return {row.begin(), row.end()};
}

LogicalResult Evaluator::evaluate(WeightAtOp op) {
  int64_t layer = 0;
  if (op.getLayer()) {
    std::optional<int64_t> index = getIndex(op, op.getLayer());
    if (!index)
      return failure();
    layer = *index;
  }
  auto weight =
      SymbolTable::lookupNearestSymbolFrom<WeightOp>(op, op.getWeightAttr());
  if (!weight)
    return op.emitOpError("expected a tenon.weight, but got ")
           << op.getWeightAttr();
  FailureOr<StoredTensor> stored = interpreter.loadWeight(op, weight, layer);
  if (failed(stored))
    return failure();
  set(op.getResult(), *stored);
  return success();
}

LogicalResult Evaluator::evaluate(EmbeddingOp op) {
  const IntTensor *ids = getInts(op, op.getIds());
  const StoredTensor *weight = getWeight(op, op.getWeight());
  if (!ids || !weight)
    return failure();
  FailureOr<FloatTensor> result = makeResult(op.getResult(), ids->size());
  if (failed(result))
    return failure();
  std::vector<float> row(weight->columns());
  for (int64_t t = 0; t < ids->size(); ++t) {
    int32_t id = ids->data[t];
    if (id < 0 || id >= weight->rows())
      return op.emitOpError("expected ids below ")
             << weight->rows() << ", but got " << id;
    weight->readRow(id, row.data());
    std::copy(row.begin(), row.end(), result->row(t));
  }
  set(op.getResult(), makeTensor(std::move(*result)));
  return success();
}

//===----------------------------------------------------------------------===//
// Contraction
//===----------------------------------------------------------------------===//

namespace {

/// Tokens side by side, and outputs that share a load of the inputs.
constexpr int64_t kTokens = 8, kOutputs = 4;
using Tokens = double __attribute__((vector_size(kTokens * sizeof(double))));

/// `out[r][t] = sum_k w[r][k] x[k][t]` for kOutputs rows and kTokens tokens.
using Tile = void(const double *x, const double *w, int64_t columns,
                  double *out);

[[gnu::always_inline]] inline void tile(const double *x, const double *w,
                                        int64_t columns, double *out) {
  Tokens sums[kOutputs] = {};
  for (int64_t k = 0; k < columns; ++k) {
    Tokens input;
    std::memcpy(&input, x + k * kTokens, sizeof(input));
    for (int64_t r = 0; r < kOutputs; ++r)
      sums[r] += input * w[r * columns + k];
  }
  std::memcpy(out, sums, sizeof(sums));
}

void tileBase(const double *x, const double *w, int64_t columns, double *out) {
  tile(x, w, columns, out);
}

#if defined(__x86_64__)
[[gnu::target("avx2")]] void tileAVX2(const double *x, const double *w,
                                      int64_t columns, double *out) {
  tile(x, w, columns, out);
}

[[gnu::target("avx512f")]] void tileAVX512(const double *x, const double *w,
                                           int64_t columns, double *out) {
  tile(x, w, columns, out);
}
#endif

/// The widest version that this machine runs; all give the same bits.
Tile *chooseTile() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f"))
    return tileAVX512;
  if (__builtin_cpu_supports("avx2"))
    return tileAVX2;
#endif
  return tileBase;
}

} // namespace

/// `result[t, n] += sum_k input[t, k] weight[n, k]`, elements of the weight
/// rounded to `format`.
static void multiply(const FloatTensor &input, const StoredTensor &weight,
                     Type format, FloatTensor &result) {
  static Tile *const run = chooseTile();
  int64_t tokens = input.rows(), columns = weight.columns();
  int64_t tiles = (tokens + kTokens - 1) / kTokens;
  // Tokens of a tile side by side: [tile][k][token].
  std::vector<double> x(tiles * columns * kTokens);
  for (int64_t t = 0; t < tokens; ++t)
    for (int64_t k = 0; k < columns; ++k)
      x[(t / kTokens * columns + k) * kTokens + t % kTokens] = input.row(t)[k];
  std::vector<float> row(columns);
  std::vector<double> w(kOutputs * columns);
  double out[kOutputs * kTokens];
  for (int64_t first = 0; first < weight.rows(); first += kOutputs) {
    int64_t outputs = std::min(kOutputs, weight.rows() - first);
    for (int64_t r = 0; r < outputs; ++r) {
      weight.readRow(first + r, row.data());
      std::copy(row.begin(), row.end(), w.begin() + r * columns);
      if (!format.isF32())
        for (double &x : MutableArrayRef(w).slice(r * columns, columns))
          x = roundToFormat(x, format);
    }
    for (int64_t i = 0; i < tiles; ++i) {
      run(&x[i * columns * kTokens], w.data(), columns, out);
      int64_t count = std::min(kTokens, tokens - i * kTokens);
      for (int64_t t = 0; t < count; ++t)
        for (int64_t r = 0; r < outputs; ++r)
          result.row(i * kTokens + t)[first + r] += out[r * kTokens + t];
    }
  }
}

LogicalResult Evaluator::evaluate(LinearOp op) {
  const FloatTensor *input = getFloats(op, op.getInput());
  const StoredTensor *weight = getWeight(op, op.getWeight());
  if (!input || !weight)
    return failure();
  FailureOr<FloatTensor> result = makeResult(op.getResult(), input->rows());
  if (failed(result))
    return failure();
  if (op.getBias()) {
    const StoredTensor *bias = getWeight(op, op.getBias());
    if (!bias)
      return failure();
    std::vector<double> values = readVector(*bias);
    for (int64_t t = 0; t < result->rows(); ++t)
      std::copy(values.begin(), values.end(), result->row(t));
  }
  multiply(*input, *weight, op.getInput().getType().getElementType(), *result);
  set(op.getResult(), makeTensor(std::move(*result)));
  return success();
}
