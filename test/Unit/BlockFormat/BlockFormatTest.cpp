//===- BlockFormatTest.cpp - the format tables are consistent -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The values of every format are compared with another implementation by
// test/Integration/blockformat. Here: properties that hold for any format.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/IR/BlockFormat.h"

#include "gtest/gtest.h"

#include <random>
#include <vector>

using namespace tenon;

namespace {

int64_t product(llvm::ArrayRef<Digit> digits) {
  int64_t result = 1;
  for (const Digit &digit : digits)
    result *= digit.extent;
  return result;
}

/// Counts how often each bit of a block is read.
struct Coverage {
  explicit Coverage(const BlockFormat &format) : uses(format.bytes * 8) {}

  void add(const IntegerField &integer, int64_t count) {
    for (const BitField &field : integer.fields) {
      EXPECT_EQ(product(field.digits), count);
      for (int64_t i = 0; i < count; ++i) {
        BitField::Place at = field.place(i);
        EXPECT_LE(at.bit + field.bits, 8) << "a field crosses a byte";
        for (int64_t bit = 0; bit < field.bits; ++bit)
          ++uses.at(at.byte * 8 + at.bit + bit);
      }
    }
  }
  void add(const FloatField &field) {
    int64_t bytes = field.kind == FloatKind::F32 ? 4 : 2;
    for (int64_t bit = 0; field.present() && bit < bytes * 8; ++bit)
      ++uses.at(field.byteOffset * 8 + bit);
  }

  std::vector<int> uses;
};

TEST(BlockFormat, EveryBitBelongsToOneField) {
  for (const BlockFormat &format : blockFormats()) {
    if (format.isPlain())
      continue;
    SCOPED_TRACE(format.name.str());
    int64_t groups =
        format.subElements ? format.elements / format.subElements : 1;
    Coverage coverage(format);
    coverage.add(format.code, format.elements);
    coverage.add(format.subScale, groups);
    coverage.add(format.subMinimum, groups);
    coverage.add(format.scale);
    coverage.add(format.minimumScale);
    for (size_t bit = 0; bit < coverage.uses.size(); ++bit)
      EXPECT_EQ(coverage.uses[bit], 1) << "bit " << bit;
  }
}

TEST(BlockFormat, OneIntegerEqualsTheWholeBlock) {
  std::mt19937 random(7);
  for (const BlockFormat &format : blockFormats()) {
    if (format.isPlain())
      continue;
    SCOPED_TRACE(format.name.str());
    std::vector<uint8_t> block(format.bytes);
    for (uint8_t &byte : block)
      byte = random();
    // d = 1, m or dmin = 0: values are sub-scale times code.
    block[format.scale.byteOffset] = 0;
    block[format.scale.byteOffset + 1] = 0x3c;
    if (format.minimumScale.present())
      block[format.minimumScale.byteOffset] =
          block[format.minimumScale.byteOffset + 1] = 0;
    std::vector<float> values(format.elements);
    dequantizeBlock(format, block.data(), values.data());
    for (int64_t e = 0; e < format.elements; ++e) {
      int64_t code = readInteger(format.code, block.data(), e);
      if (!format.table.empty())
        code = format.table[code];
      if (format.subElements)
        code *=
            readInteger(format.subScale, block.data(), e / format.subElements);
      EXPECT_EQ(values[e], float(code)) << e;
    }
  }
}

TEST(BlockFormat, LookupByNameAndNumber) {
  ASSERT_EQ(blockFormats().size(), 15u);
  for (const BlockFormat &format : blockFormats()) {
    EXPECT_EQ(lookupBlockFormat(format.name), &format);
    EXPECT_EQ(lookupGGUFType(format.ggufType), &format);
    EXPECT_EQ(ggufTypeName(format.ggufType).lower(), format.name);
  }
  EXPECT_EQ(lookupBlockFormat("q9_9"), nullptr);
  EXPECT_EQ(lookupGGUFType(16), nullptr);
  EXPECT_EQ(ggufTypeName(16), "IQ2_XXS");
  EXPECT_EQ(ggufTypeName(12345), "");
}

TEST(BlockFormat, RowsAreBlocksInOrder) {
  const BlockFormat &format = *lookupBlockFormat("q8_0");
  EXPECT_EQ(format.rowBytes(96), 3 * 34);
  std::vector<uint8_t> row(format.rowBytes(96));
  for (int block = 0; block < 3; ++block) {
    row[block * 34 + 1] = 0x3c;
    row[block * 34 + 2] = uint8_t(-block - 1);
  }
  std::vector<float> values(96);
  dequantizeRow(format, row.data(), 96, values.data());
  for (int e = 0; e < 96; ++e)
    EXPECT_EQ(values[e], e % 32 == 0 ? -float(e / 32 + 1) : 0.0f);
}

} // namespace
