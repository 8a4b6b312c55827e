//===- WeightSource.cpp - generated weights -------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Blocks of any format are generated from its description alone: random codes
// first, then the scale that gives the values the wanted magnitude, found by
// dequantising with scale 1, and the minimum that takes out the mean.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/Interpreter/WeightSource.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/xxhash.h"

#include <cmath>
#include <vector>

using namespace llvm;
using namespace tenon;
using namespace tenon::interp;

WeightSource::~WeightSource() = default;

void StoredTensor::readRow(int64_t r, float *out) const {
  int64_t rowBytes = format->rowBytes(columns());
  dequantizeRow(*format, bytes.data() + r * rowBytes, columns(), out);
}

namespace {

/// Largest generated tensor.
constexpr int64_t kMaxBytes = int64_t(1) << 32;

/// splitmix64: the same numbers everywhere.
class Random {
public:
  explicit Random(uint64_t seed) : state(seed) {}
  uint64_t next() {
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  /// In [low, high).
  double uniform(double low, double high) {
    return low + (high - low) * static_cast<double>(next() >> 11) * 0x1p-53;
  }

private:
  uint64_t state;
};

/// Writes `value`, rounded to the kind.
void writeFloat(FloatKind kind, double value, uint8_t *bytes) {
  APFloat number(value);
  bool lost;
  const fltSemantics &semantics = kind == FloatKind::F16 ? APFloat::IEEEhalf()
                                  : kind == FloatKind::BF16
                                      ? APFloat::BFloat()
                                      : APFloat::IEEEsingle();
  number.convert(semantics, APFloat::rmNearestTiesToEven, &lost);
  uint64_t bits = number.bitcastToAPInt().getZExtValue();
  if (kind == FloatKind::F32)
    support::endian::write32le(bytes, bits);
  else
    support::endian::write16le(bytes, bits);
}

/// Fills one block with values of magnitude `size` around 0.
void fillBlock(const BlockFormat &format, double size, Random &random,
               uint8_t *block) {
  for (int64_t i = 0; i < format.bytes; ++i)
    block[i] = random.next();
  std::vector<float> values(format.elements);
  // Mean and mean square for a given scale and minimum.
  auto measure = [&](double scale, double minimum) {
    if (format.scale.present())
      writeFloat(format.scale.kind, scale, block + format.scale.byteOffset);
    if (format.minimumScale.present())
      writeFloat(format.minimumScale.kind, minimum,
                 block + format.minimumScale.byteOffset);
    dequantizeBlock(format, block, values.data());
    double mean = 0, square = 0;
    for (float value : values) {
      mean += value / format.elements;
      square += double(value) * value / format.elements;
    }
    return std::pair<double, double>(mean, square);
  };
  auto [mean, square] = measure(1, 0);
  double perMinimum = measure(0, 1).first, minimum = 0;
  if (perMinimum != 0) {
    minimum = -mean / perMinimum;
    square = measure(1, minimum).second;
  }
  double scale = square > 0 ? size / std::sqrt(square) : 0;
  measure(scale, minimum * scale);
}

class SyntheticWeights : public WeightSource {
public:
  explicit SyntheticWeights(uint64_t seed) : seed(seed) {}

  Expected<StoredTensor> load(StringRef tensor, const BlockFormat &format,
                              ArrayRef<int64_t> shape) override {
    StoredTensor stored{&format, SmallVector<int64_t, 2>(shape), {}};
    int64_t bytes;
    if (MulOverflow(stored.rows(), format.rowBytes(stored.columns()), bytes) ||
        bytes > kMaxBytes)
      return createStringError("expected a synthetic tensor '" + tensor +
                               "' of at most " + Twine(kMaxBytes) + " bytes");
    std::string key = (tensor + ":" + format.name).str();
    for (int64_t extent : shape)
      key += ":" + std::to_string(extent);
    auto [entry, isNew] = tensors.try_emplace(key);
    if (isNew) {
      entry->second.resize(bytes);
      generate(stored, tensor, xxh3_64bits(key), entry->second.data());
    }
    stored.bytes = entry->second;
    return stored;
  }

private:
  void generate(const StoredTensor &stored, StringRef name, uint64_t hash,
                uint8_t *out) {
    const BlockFormat &format = *stored.format;
    Random random(hash ^ seed * 0x9e3779b97f4a7c15u);
    int64_t blocks = stored.rows() * (stored.columns() / format.elements);
    bool vector = stored.shape.size() == 1;
    // Vectors scale what they meet; matrices keep its magnitude.
    bool positive = vector && !name.ends_with("bias");
    double size = vector ? 0.25 : 1.0 / std::sqrt(double(stored.columns()));
    for (int64_t b = 0; b < blocks; ++b, out += format.bytes) {
      if (format.isPlain()) {
        double value = random.uniform(-1.7, 1.7) * size;
        if (!positive && random.next() % 256 == 0)
          value *= 8;
        writeFloat(format.plain, positive ? 1.0 + value : value, out);
      } else {
        bool outlier = random.next() % 64 == 0;
        fillBlock(format, size * (outlier ? 8 : random.uniform(0.5, 1.5)),
                  random, out);
      }
    }
  }

  uint64_t seed;
  StringMap<std::vector<uint8_t>> tensors;
};

} // namespace

std::unique_ptr<WeightSource> interp::createSyntheticWeights(uint64_t seed) {
  return std::make_unique<SyntheticWeights>(seed);
}

std::optional<uint64_t> interp::parseSyntheticArchive(StringRef file) {
  uint64_t seed;
  if (!file.consume_front("synthetic:") || file.getAsInteger(10, seed))
    return std::nullopt;
  return seed;
}

Expected<std::unique_ptr<WeightSource>>
interp::openSyntheticArchive(StringRef file, StringRef) {
  if (std::optional<uint64_t> seed = parseSyntheticArchive(file))
    return createSyntheticWeights(*seed);
  return createStringError("expected an archive 'synthetic:SEED', but got '" +
                           file + "'");
}
