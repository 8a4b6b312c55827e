//===- Attention.cpp - rotations, appends, attention, merges --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/Interpreter/Evaluator.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace mlir;
using namespace tenon;
using namespace tenon::interp;

/// Fails unless caches of this type have a meaning here.
static LogicalResult checkCache(Operation *op, CacheType type) {
  auto refuse = [&](StringRef axis, StringRef got) {
    return op->emitOpError("expected a cache of axis ")
           << axis << ", but got " << got
           << "; nothing of that axis is implemented yet";
  };
  if (type.getStore() != CacheStore::KV)
    return refuse("store = kv", stringifyCacheStore(type.getStore()));
  if (type.getRope() != RopeState::Post)
    return refuse("rope = post", stringifyRopeState(type.getRope()));
  if (type.getPos() != PositionKind::Original)
    return refuse("pos = original", stringifyPositionKind(type.getPos()));
  if (type.getLayout() != CacheLayout::Contiguous)
    return refuse("layout = contiguous",
                  stringifyCacheLayout(type.getLayout()));
  if (!isa<FloatType>(type.getK()) || !isa<FloatType>(type.getV()))
    return refuse("k and v = a float", "integers");
  return success();
}

/// The layer of a cache that an op reads, or null with an error.
static const CacheLayer *getLayer(Operation *op, const CacheValue &cache,
                                  int64_t layer) {
  if (layer < 0 || layer >= static_cast<int64_t>(cache.layers.size())) {
    op->emitOpError("expected a layer of the cache below ")
        << cache.layers.size() << ", but got " << layer;
    return nullptr;
  }
  return cache.layers[layer].get();
}

/// Fails unless `got` rows are `expected`.
static LogicalResult checkRows(Operation *op, StringRef what, int64_t got,
                               int64_t expected) {
  if (got == expected)
    return success();
  return op->emitOpError("expected ")
         << expected << " rows of " << what << ", but got " << got;
}

LogicalResult Evaluator::evaluate(RopeAnglesOp op) {
  const IntTensor *positions = getInts(op, op.getPositions());
  if (!positions)
    return failure();
  int64_t pairs = op.getDims() / 2;
  std::vector<double> factors(pairs, 1.0);
  if (op.getFactors()) {
    const StoredTensor *weight = getWeight(op, op.getFactors());
    if (!weight)
      return failure();
    factors = readVector(*weight);
  }
  FailureOr<FloatTensor> angles = makeResult(op.getResult(), positions->size());
  if (failed(angles))
    return failure();
  double base = op.getBase().convertToDouble();
  double scale = op.getFrequencyScale().convertToDouble();
  double magnitude = op.getMagnitude().convertToDouble();
  for (int64_t t = 0; t < positions->size(); ++t)
    for (int64_t i = 0; i < pairs; ++i) {
      double frequency =
          std::pow(base, -2.0 * double(i) / double(op.getDims()));
      double angle = positions->data[t] * scale * frequency / factors[i];
      angles->row(t)[2 * i] = magnitude * std::cos(angle);
      angles->row(t)[2 * i + 1] = magnitude * std::sin(angle);
    }
  set(op.getResult(), makeTensor(std::move(*angles)));
  return success();
}

LogicalResult Evaluator::evaluate(RopeOp op) {
  const FloatTensor *input = getFloats(op, op.getInput());
  const FloatTensor *angles = getFloats(op, op.getAngles());
  if (!input || !angles ||
      failed(checkRows(op, "angles", angles->rows(), input->rows())))
    return failure();
  if (2 * angles->shape[1] > input->shape[2])
    return op.emitOpError("expected at most ")
           << input->shape[2] / 2 << " pairs, but got " << angles->shape[1];
  FloatTensor result = *input;
  int64_t heads = input->shape[1], dim = input->shape[2];
  int64_t pairs = angles->shape[1];
  bool interleaved = op.getStyle() == RopeStyle::Interleaved;
  for (int64_t t = 0; t < input->rows(); ++t)
    for (int64_t h = 0; h < heads; ++h) {
      const double *in = input->row(t) + h * dim;
      double *out = result.row(t) + h * dim;
      for (int64_t i = 0; i < pairs; ++i) {
        double c = angles->row(t)[2 * i], s = angles->row(t)[2 * i + 1];
        int64_t first = interleaved ? 2 * i : i;
        int64_t second = interleaved ? 2 * i + 1 : i + pairs;
        out[first] = in[first] * c - in[second] * s;
        out[second] = in[first] * s + in[second] * c;
      }
    }
  set(op.getResult(), makeTensor(std::move(result)));
  return success();
}

LogicalResult Evaluator::evaluate(CacheAppendOp op) {
  const CacheValue *cache = getCache(op, op.getCache());
  std::optional<int64_t> layer = getIndex(op, op.getLayer());
  const FloatTensor *key = getFloats(op, op.getKey());
  const FloatTensor *value = getFloats(op, op.getValue());
  const IntTensor *positions = getInts(op, op.getPositions());
  if (!cache || !layer || !key || !value || !positions ||
      failed(checkCache(op, cache->type)) ||
      failed(checkRows(op, "keys", key->rows(), positions->size())) ||
      failed(checkRows(op, "values", value->rows(), positions->size())))
    return failure();
  const CacheLayer *old = getLayer(op, *cache, *layer);
  if (!old)
    return failure();
  auto changed = std::make_shared<CacheLayer>(*old);
  for (int64_t t = 0; t < positions->size(); ++t)
    CacheValue::addSlot(cache->type, *changed, key->row(t), value->row(t),
                        positions->data[t]);
  CacheValue result = *cache;
  result.layers[*layer] = std::move(changed);
  set(op.getResult(), std::move(result));
  return success();
}

/// The largest absolute number of a vector; no number if one is not finite.
static double largestOf(ArrayRef<double> vector) {
  double largest = 0;
  for (double x : vector) {
    if (!std::isfinite(x))
      return std::numeric_limits<double>::quiet_NaN();
    largest = std::max(largest, std::abs(x));
  }
  return largest;
}

/// The integer that stands for `x` where `limit` stands for `largest`, ties to
/// even. The quotient is one of f32: elements half way between two integers are
/// common where vectors are of f16, and one of them can change a sharp softmax.
static double roundToInteger(double x, double largest, float limit) {
  return std::nearbyint(
      x * double(limit / std::max(static_cast<float>(largest), 1e-30f)));
}

/// Vectors one after the other, each as integers of 8 bits times its scale.
static std::vector<double> quantizeVectors(ArrayRef<double> vectors,
                                           int64_t dim) {
  std::vector<double> result;
  for (; !vectors.empty(); vectors = vectors.drop_front(dim)) {
    double largest = largestOf(vectors.take_front(dim));
    for (double x : vectors.take_front(dim))
      result.push_back(roundToInteger(x, largest, 127) * largest / 127);
  }
  return result;
}

/// Weights of a tile times their values' scales as integers in 0..255 times
/// 1/255 of the largest, and without those scales again.
static void roundWeights(MutableArrayRef<double> weights,
                         ArrayRef<double> scales) {
  SmallVector<double> products;
  for (auto [weight, scale] : llvm::zip(weights, scales))
    products.push_back(weight == 0 ? 0 : weight * scale);
  double largest = largestOf(products);
  for (auto [weight, product, scale] : llvm::zip(weights, products, scales))
    if (weight != 0 && scale != 0)
      weight = roundToInteger(product, largest, 255) * largest / 255 / scale;
}

LogicalResult Evaluator::evaluate(AttentionOp op) {
  const CacheValue *cache = getCache(op, op.getCache());
  std::optional<int64_t> index = getIndex(op, op.getLayer());
  const FloatTensor *query = getFloats(op, op.getQuery());
  const IntTensor *positions = getInts(op, op.getPositions());
  if (!cache || !index || !query || !positions ||
      failed(checkCache(op, cache->type)) ||
      failed(checkRows(op, "queries", query->rows(), positions->size())))
    return failure();
  const CacheLayer *layer = getLayer(op, *cache, *index);
  if (!layer)
    return failure();
  const FloatTensor *bias = nullptr;
  if (op.getKeyBias()) {
    bias = getFloats(op, op.getKeyBias());
    if (!bias ||
        failed(checkRows(op, "key bias", bias->rows(), layer->slots())))
      return failure();
  }
  FailureOr<FloatTensor> output = makeResult(op.getOutput(), query->rows());
  FailureOr<FloatTensor> lse = makeResult(op.getLse(), query->rows());
  if (failed(output) || failed(lse))
    return failure();

  int64_t heads = query->shape[1], dim = query->shape[2];
  int64_t cacheHeads = cache->type.getHeads(), group = heads / cacheHeads;
  double scale = op.getScale().convertToDouble();
  bool causal = op.getMask() == MaskKind::Causal;
  int64_t parts = op.getParts().value_or(1);
  int64_t tiles = llvm::divideCeil(layer->slots(), kPartTile);
  // Numbers that are multiplied, as the op rounds them.
  bool isInteger = op.getProducts() && op.getProducts()->isInteger(8);
  auto factor = [&](double x) {
    return op.getProducts() && !isInteger ? roundToFormat(x, *op.getProducts())
                                          : x;
  };
  ArrayRef<double> queries = query->data;
  ArrayRef<double> keys(layer->key), values(layer->value);
  std::vector<double> roundedQueries, roundedKeys, roundedValues, valueScales;
  if (isInteger) {
    for (size_t at = 0; at < values.size(); at += dim)
      valueScales.push_back(largestOf(values.slice(at, dim)) / 127);
    queries = roundedQueries = quantizeVectors(queries, dim);
    keys = roundedKeys = quantizeVectors(keys, dim);
    values = roundedValues = quantizeVectors(values, dim);
  }
  std::vector<double> scores(layer->slots()), weights(layer->slots());
  for (int64_t t = 0; t < query->rows(); ++t)
    for (int64_t place = 0; place < heads * parts; ++place) {
      int64_t h = place / parts, part = place % parts;
      int64_t first = tiles * part / parts * kPartTile;
      int64_t last = std::min(tiles * (part + 1) / parts * kPartTile,
                              int64_t(layer->slots()));
      const double *q = &queries[(t * heads + h) * dim];
      double *o = output->row(t) + place * dim;
      double largest = -std::numeric_limits<double>::infinity();
      for (int64_t j = first; j < last; ++j) {
        scores[j] = -std::numeric_limits<double>::infinity();
        if (causal && layer->positions[j] > positions->data[t])
          continue;
        const double *k = &keys[(j * cacheHeads + h / group) * dim];
        double dot = 0;
        for (int64_t i = 0; i < dim; ++i)
          dot += factor(q[i]) * factor(k[i]);
        scores[j] = scale * dot + (bias ? bias->data[j] : 0.0);
        // A score that is no number stays the largest.
        if (!std::isnan(largest) && !(scores[j] <= largest))
          largest = scores[j];
      }
      if (std::isinf(largest) && largest < 0) {
        lse->row(t)[place] = largest;
        continue;
      }
      double sum = 0;
      for (int64_t j = first; j < last; ++j)
        sum += weights[j] = factor(std::exp(scores[j] - largest));
      lse->row(t)[place] = largest + std::log(sum);
      for (int64_t from = first; isInteger && from < last; from += kPartTile) {
        int64_t to = std::min<int64_t>(from + kPartTile, last);
        std::vector<double> scales;
        for (int64_t j = from; j < to; ++j)
          scales.push_back(valueScales[j * cacheHeads + h / group]);
        roundWeights(MutableArrayRef(weights).slice(from, to - from), scales);
      }
      for (int64_t j = first; j < last; ++j) {
        double weight = weights[j] / sum;
        if (weight == 0)
          continue;
        const double *v = &values[(j * cacheHeads + h / group) * dim];
        for (int64_t i = 0; i < dim; ++i)
          o[i] += weight * factor(v[i]);
      }
    }
  set(op.getOutput(), makeTensor(std::move(*output)));
  set(op.getLse(), makeTensor(std::move(*lse)));
  return success();
}

LogicalResult Evaluator::evaluate(MergeOp op) {
  const FloatTensor *lhs = getFloats(op, op.getLhs());
  const FloatTensor *rhs = getFloats(op, op.getRhs());
  const FloatTensor *lhsLse = getFloats(op, op.getLhsLse());
  const FloatTensor *rhsLse = getFloats(op, op.getRhsLse());
  if (!lhs || !rhs || !lhsLse || !rhsLse)
    return failure();
  if (lhs->shape != rhs->shape || lhsLse->shape != rhsLse->shape ||
      ArrayRef<int64_t>(lhs->shape).drop_back() !=
          ArrayRef<int64_t>(lhsLse->shape))
    return op.emitOpError("expected two sides of the same shape");
  FloatTensor output(lhs->shape), lse(lhsLse->shape);
  int64_t dim = lhs->shape.back();
  for (size_t row = 0; row < lse.data.size(); ++row) {
    double a = lhsLse->data[row], b = rhsLse->data[row];
    double largest = std::max(a, b);
    bool empty = std::isinf(largest) && largest < 0;
    double sum = empty ? 0 : std::exp(a - largest) + std::exp(b - largest);
    lse.data[row] = empty ? largest : largest + std::log(sum);
    double wa = empty ? 0 : std::exp(a - largest) / sum;
    double wb = empty ? 0 : std::exp(b - largest) / sum;
    for (int64_t i = 0; i < dim; ++i)
      output.data[row * dim + i] =
          wa * lhs->data[row * dim + i] + wb * rhs->data[row * dim + i];
  }
  set(op.getOutput(), makeTensor(std::move(output)));
  set(op.getLse(), makeTensor(std::move(lse)));
  return success();
}

LogicalResult Evaluator::evaluate(MergePartsOp op) {
  const FloatTensor *parts = getFloats(op, op.getParts());
  const FloatTensor *partLse = getFloats(op, op.getPartLse());
  if (!parts || !partLse ||
      failed(checkRows(op, "log-sums", partLse->rows(), parts->rows())))
    return failure();
  FailureOr<FloatTensor> output = makeResult(op.getOutput(), parts->rows());
  FailureOr<FloatTensor> lse = makeResult(op.getLse(), parts->rows());
  if (failed(output) || failed(lse))
    return failure();
  int64_t count = parts->shape[2], dim = parts->shape[3];
  for (size_t place = 0; place < lse->data.size(); ++place) {
    const double *sums = &partLse->data[place * count];
    double largest = *std::max_element(sums, sums + count);
    lse->data[place] = largest;
    if (std::isinf(largest) && largest < 0)
      continue;
    double total = 0;
    for (int64_t p = 0; p < count; ++p)
      total += std::exp(sums[p] - largest);
    lse->data[place] = largest + std::log(total);
    for (int64_t p = 0; p < count; ++p) {
      double weight = std::exp(sums[p] - largest) / total;
      if (weight == 0)
        continue;
      for (int64_t i = 0; i < dim; ++i)
        output->data[place * dim + i] +=
            weight * parts->data[(place * count + p) * dim + i];
    }
  }
  set(op.getOutput(), makeTensor(std::move(*output)));
  set(op.getLse(), makeTensor(std::move(*lse)));
  return success();
}
