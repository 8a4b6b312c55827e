//===- PackingTest.cpp - order of a packed weight's bytes -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/Packing.h"

#include "gtest/gtest.h"

#include <random>
#include <vector>

using namespace tenon;
using namespace tenon::cpu;

namespace {

std::vector<uint8_t> randomBytes(size_t count) {
  std::mt19937 random(7);
  std::vector<uint8_t> bytes(count);
  for (uint8_t &byte : bytes)
    byte = random();
  return bytes;
}

TEST(Packing, UnitsCoverEveryFormat) {
  for (const BlockFormat &format : blockFormats()) {
    std::vector<int> covered(format.bytes, 0);
    for (PackUnit unit : getPackUnits(format))
      for (int64_t i = 0; i < unit.bytes; ++i)
        ++covered.at(unit.offset + i);
    EXPECT_EQ(covered, std::vector<int>(format.bytes, 1)) << format.name.str();
  }
}

// Reading all codes asks for new units in their packed order.
TEST(Packing, UnitsAreReadInOrder) {
  for (const BlockFormat &format : blockFormats()) {
    if (format.isPlain())
      continue;
    std::vector<int64_t> numberOf(format.bytes, -1);
    for (auto [number, unit] : llvm::enumerate(getPackUnits(format)))
      numberOf[unit.offset] = number;
    int64_t size = getSubBlockSize(format);
    // After the scales, which are read first.
    int64_t latest = *llvm::min_element(
                         llvm::map_range(getPackedFormat(format).code.fields,
                                         [&](const BitField &field) {
                                           return numberOf[field.place(0).byte];
                                         })) -
                     1;
    for (llvm::ArrayRef<int64_t> together : getReadOrder(format))
      for (int64_t i = 0; i < size; i += 4)
        for (int64_t sub : together) {
          // New ones follow those before without a gap.
          llvm::SmallVector<int64_t> fresh;
          for (const BitField &field : getPackedFormat(format).code.fields)
            if (int64_t number = numberOf[field.place(sub * size + i).byte];
                number > latest)
              fresh.push_back(number);
          llvm::sort(fresh);
          for (int64_t number : fresh)
            EXPECT_EQ(number, ++latest) << format.name.str();
        }
    EXPECT_EQ(latest + 1, int64_t(getPackUnits(format).size()))
        << format.name.str();
  }
}

TEST(Packing, SubBlocksThatShareUnitsAreReadTogether) {
  using Order = llvm::SmallVector<llvm::SmallVector<int64_t>>;
  auto order = [](llvm::StringRef name) {
    return getReadOrder(*lookupBlockFormat(name));
  };
  EXPECT_EQ(order("q4_0"), Order({{0}}));
  // Low and high halves of bytes.
  EXPECT_EQ(order("q4_k"), Order({{0, 1}, {2, 3}, {4, 5}, {6, 7}}));
  // The same, of sub-blocks that are not neighbours.
  EXPECT_EQ(order("q6_k"), Order({{0, 4},
                                  {1, 5},
                                  {2, 6},
                                  {3, 7},
                                  {8, 12},
                                  {9, 13},
                                  {10, 14},
                                  {11, 15}}));
  // Two bits of each of four sub-blocks in a byte.
  EXPECT_EQ(
      order("q2_k"),
      Order({{0, 2, 4, 6}, {1, 3, 5, 7}, {8, 10, 12, 14}, {9, 11, 13, 15}}));
}

TEST(Packing, FloatFieldsStayWhole) {
  // Q4_1: d and m of two bytes, then 16 bytes of codes, four at a time.
  llvm::SmallVector<PackUnit> units = getPackUnits(*lookupBlockFormat("q4_1"));
  ASSERT_EQ(units.size(), 6u);
  EXPECT_EQ(units[0].bytes, 2);
  EXPECT_EQ(units[1].bytes, 2);
  EXPECT_EQ(units[2].bytes, 4);
  // Q6_K has 16 bytes of scales and d at its end: first when packed, the
  // scales four at a time.
  units = getPackUnits(*lookupBlockFormat("q6_k"));
  EXPECT_EQ(units[0].offset, 192);
  EXPECT_EQ(units[0].bytes, 4);
  EXPECT_EQ(units[4].offset, 208);
  EXPECT_EQ(units[4].bytes, 2);
  EXPECT_EQ(getPackUnits(*lookupBlockFormat("f32")).front().bytes, 4);
}

// The layout that kernels read, written out for one small case.
TEST(Packing, UnitsOfAllRowsStandSideBySide) {
  const BlockFormat &format = *lookupBlockFormat("q8_0"); // 2 + 32 bytes
  const int64_t rows = 3, columns = 64;
  std::vector<uint8_t> stored = randomBytes(rows * format.rowBytes(columns));
  std::vector<uint8_t> packed(getPackedBytes(format, rows, columns, 16), 0xee);
  ASSERT_EQ(packed.size(), 16u * 2 * 34);
  packGroups(format, rows, columns, 16, stored.data(), packed.data(), 0, 1);
  for (int64_t block = 0; block < 2; ++block)
    for (int64_t row = 0; row < 16; ++row) {
      auto source = [&](int64_t byte) -> uint8_t {
        return row < rows ? stored[row * 68 + block * 34 + byte] : 0;
      };
      const uint8_t *at = packed.data() + block * 34 * 16;
      EXPECT_EQ(at[row * 2], source(0));
      EXPECT_EQ(at[row * 2 + 1], source(1));
      for (int64_t code = 0; code < 32; ++code)
        EXPECT_EQ(at[32 + code / 4 * 64 + row * 4 + code % 4],
                  source(2 + code));
    }
}

// What dot products of bytes rely on: elements i to i + 3 lie at the same bits
// of four bytes that stay together.
TEST(Packing, CodesOfFourElementsShareAUnit) {
  for (const BlockFormat &format : blockFormats()) {
    std::vector<int64_t> unitOf(format.bytes, -1);
    for (PackUnit unit : getPackUnits(format))
      if (unit.bytes == 4 && !format.isPlain())
        std::fill_n(unitOf.begin() + unit.offset, 4, unit.offset);
    for (const BitField &field : getPackedFormat(format).code.fields)
      for (int64_t i = 0; i < format.elements; ++i) {
        BitField::Place first = field.place(i / 4 * 4), own = field.place(i);
        EXPECT_EQ(unitOf[first.byte], first.byte) << format.name.str();
        EXPECT_EQ(own.byte, first.byte + i % 4) << format.name.str();
        EXPECT_EQ(own.bit, first.bit) << format.name.str();
      }
  }
}

// Q5_0 has the high bits of eight consecutive elements in a byte.
TEST(Packing, BitsOfConsecutiveElementsAreSpread) {
  const BlockFormat &format = *lookupBlockFormat("q5_0");
  std::vector<uint8_t> stored = randomBytes(format.bytes);
  std::vector<uint8_t> packed(getPackedBytes(format, 1, 32, 16));
  packGroups(format, 1, 32, 16, stored.data(), packed.data(), 0, 1);
  for (int64_t i = 0; i < 32; ++i)
    EXPECT_EQ(packed[2 * 16 + i % 4] >> (i / 4) & 1,
              stored[2 + i / 8] >> (i % 8) & 1)
        << i;
}

// Whatever bits moved, packed fields find every code.
TEST(Packing, CodesAreThoseStored) {
  for (const BlockFormat &format : blockFormats()) {
    if (format.isPlain())
      continue;
    const BlockFormat &reordered = getPackedFormat(format);
    std::vector<uint8_t> stored = randomBytes(format.bytes);
    std::vector<uint8_t> packed(getPackedBytes(format, 1, format.elements, 16));
    packGroups(format, 1, format.elements, 16, stored.data(), packed.data(), 0,
               1);
    // The only row's units, back at their places in the block.
    std::vector<uint8_t> block(format.bytes);
    const uint8_t *from = packed.data();
    for (PackUnit unit : getPackUnits(format)) {
      std::copy_n(from, unit.bytes, block.begin() + unit.offset);
      from += 16 * unit.bytes;
    }
    auto expectSame = [&](const IntegerField &before, const IntegerField &after,
                          int64_t count) {
      for (int64_t i = 0; before.present() && i < count; ++i)
        EXPECT_EQ(readInteger(before, stored.data(), i),
                  readInteger(after, block.data(), i))
            << format.name.str() << " " << i;
    };
    int64_t subs = format.elements / getSubBlockSize(format);
    expectSame(format.code, reordered.code, format.elements);
    expectSame(format.subScale, reordered.subScale, subs);
    expectSame(format.subMinimum, reordered.subMinimum, subs);
  }
}

// Both codes of a byte have their other bits side by side: one shift puts them
// above the lower code and below the higher one.
TEST(Packing, BitsElsewhereLieSideBySide) {
  for (llvm::StringRef name : {"q5_k", "q6_k"}) {
    const BlockFormat &format = getPackedFormat(*lookupBlockFormat(name));
    const BitField &half = format.code.fields[0], &rest = format.code.fields[1];
    for (int64_t i = 0; i < format.elements; ++i)
      for (int64_t j = 0; j < format.elements; ++j) {
        BitField::Place low = half.place(i), high = half.place(j);
        if (low.byte != high.byte || low.bit != 0 || high.bit != 4)
          continue;
        EXPECT_EQ(low.shift, 0) << name.str();
        EXPECT_EQ(high.shift, rest.bits) << name.str();
        EXPECT_EQ(rest.place(i).byte, rest.place(j).byte) << name.str();
        EXPECT_EQ(rest.place(i).shift, 4) << name.str();
        EXPECT_EQ(rest.place(j).shift, 0) << name.str();
        EXPECT_EQ(rest.place(i).bit, rest.place(j).bit + rest.bits)
            << name.str();
      }
  }
}

TEST(Packing, RoundTripOfEveryFormat) {
  for (const BlockFormat &format : blockFormats())
    for (int64_t rows : {1, 15, 16, 17, 37})
      for (int64_t interleave : {8, 16}) {
        const int64_t columns = 3 * format.elements;
        const int64_t rowBytes = format.rowBytes(columns);
        std::vector<uint8_t> stored = randomBytes(rows * rowBytes);
        std::vector<uint8_t> packed(
            getPackedBytes(format, rows, columns, interleave), 0xee);
        const int64_t groups = (rows + interleave - 1) / interleave;
        // In two pieces, the last one first.
        packGroups(format, rows, columns, interleave, stored.data(),
                   packed.data(), groups / 2, groups);
        packGroups(format, rows, columns, interleave, stored.data(),
                   packed.data(), 0, groups / 2);
        std::vector<uint8_t> row(rowBytes);
        for (int64_t i = 0; i < rows; ++i) {
          unpackRow(format, columns, interleave, packed.data(), i, row.data());
          EXPECT_TRUE(
              std::equal(row.begin(), row.end(), stored.data() + i * rowBytes))
              << format.name.str() << " row " << i << " of " << rows;
        }
      }
}

} // namespace
