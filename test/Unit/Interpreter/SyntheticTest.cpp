//===- SyntheticTest.cpp - generated weights ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/Interpreter/WeightSource.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

using namespace tenon;
using namespace tenon::interp;

/// All elements of a generated matrix.
static std::vector<float> generate(WeightSource &source, llvm::StringRef name,
                                   const BlockFormat &format, int64_t rows,
                                   int64_t columns) {
  auto stored = source.load(name, format, {rows, columns});
  EXPECT_TRUE(bool(stored));
  std::vector<float> values(rows * columns);
  for (int64_t r = 0; r < rows; ++r)
    stored->readRow(r, values.data() + r * columns);
  return values;
}

TEST(Synthetic, EveryFormatKeepsMagnitude) {
  auto source = createSyntheticWeights(7);
  constexpr int64_t kRows = 64, kColumns = 512;
  for (const BlockFormat &format : blockFormats()) {
    std::vector<float> values = generate(*source, "w", format, kRows, kColumns);
    double square = 0, mean = 0;
    for (float value : values) {
      ASSERT_TRUE(std::isfinite(value)) << format.name.str();
      square += double(value) * value / values.size();
      mean += double(value) / values.size();
    }
    // A row's product with numbers near 1 stays near 1.
    double size = std::sqrt(square * kColumns);
    EXPECT_GT(size, 0.5) << format.name.str();
    EXPECT_LT(size, 3.0) << format.name.str();
    EXPECT_LT(std::fabs(mean) * std::sqrt(kColumns), 0.7) << format.name.str();
  }
}

TEST(Synthetic, DependsOnSeedAndNameOnly) {
  const BlockFormat &format = *lookupBlockFormat("q4_k");
  auto one = createSyntheticWeights(1), again = createSyntheticWeights(1);
  auto other = createSyntheticWeights(2);
  auto values = generate(*one, "a", format, 2, 256);
  // What was generated before does not matter.
  generate(*again, "b", format, 4, 256);
  EXPECT_EQ(values, generate(*again, "a", format, 2, 256));
  EXPECT_NE(values, generate(*again, "b", format, 2, 256));
  EXPECT_NE(values, generate(*other, "a", format, 2, 256));
}

TEST(Synthetic, VectorsArePositiveUnlessBiases) {
  const BlockFormat &format = *lookupBlockFormat("f32");
  auto source = createSyntheticWeights(3);
  auto negative = [&](llvm::StringRef name) {
    auto stored = source->load(name, format, {256});
    EXPECT_TRUE(bool(stored));
    std::vector<float> values(256);
    stored->readRow(0, values.data());
    int count = 0;
    for (float value : values)
      count += value < 0;
    return count;
  };
  EXPECT_EQ(negative("blk.0.attn_norm.weight"), 0);
  EXPECT_GT(negative("blk.0.attn_q.bias"), 64);
}

TEST(Synthetic, Names) {
  EXPECT_EQ(parseSyntheticArchive("synthetic:12"), 12u);
  EXPECT_FALSE(parseSyntheticArchive("synthetic:"));
  EXPECT_FALSE(parseSyntheticArchive("synthetic:-1"));
  EXPECT_FALSE(parseSyntheticArchive("model.gguf"));
}
