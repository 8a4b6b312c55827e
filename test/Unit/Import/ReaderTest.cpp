//===- ReaderTest.cpp - the GGUF reader on good and bad files -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/Unit/Import/GGUFBuilder.h"

#include "llvm/ADT/StringExtras.h"

#include "gtest/gtest.h"

#include <functional>

using namespace tenon;
using namespace tenon::gguf;

namespace {

GGUFBuilder small() {
  GGUFBuilder file;
  file.text("general.architecture", "llama")
      .u32("general.alignment", 32)
      .f32("a.float", 0.5f)
      .scalar<double>("a.double", ValueType::Float64, 0.1)
      .scalar<int8_t>("a.negative", ValueType::Int8, -3)
      .scalar<int64_t>("a.positive", ValueType::Int64, int64_t(1) << 40)
      .scalar<uint8_t>("a.bool", ValueType::Bool, 1)
      .u32s("a.list", {3, 1, 2})
      .texts("a.texts", {"x", "", "yz"});
  file.tensor("first", {64, 3}, "q4_1");
  file.tensor("second", {5});
  file.tensor("third", {256, 2, 2}, "q6_k");
  return file;
}

TEST(Reader, ReadsValuesAndTensors) {
  GGUFBuilder file = small();
  std::string bytes = file.build();
  auto reader = readBytes(bytes);
  ASSERT_TRUE(bool(reader)) << toString(reader.takeError());
  Reader &r = **reader;
  EXPECT_EQ(*r.getString("general.architecture"), "llama");
  EXPECT_EQ(*r.getUnsigned("general.alignment"), 32u);
  EXPECT_EQ(*r.getUnsigned("a.positive"), uint64_t(1) << 40);
  EXPECT_EQ(*r.getFloat("a.float"), 0.5);
  EXPECT_EQ(*r.getFloat("a.double"), 0.1);
  EXPECT_TRUE(*r.getBool("a.bool"));
  EXPECT_EQ(*r.getUnsignedList("a.list"), (std::vector<uint64_t>{3, 1, 2}));
  EXPECT_EQ(*r.getUnsignedList("a.positive"),
            (std::vector<uint64_t>{uint64_t(1) << 40}));
  EXPECT_EQ(r.find("a.texts")->count, 3u);
  EXPECT_EQ(r.find("nothing"), nullptr);

  ASSERT_EQ(r.tensors().size(), 3u);
  const TensorInfo *first = r.findTensor("first");
  EXPECT_EQ(first->format->name, "q4_1");
  EXPECT_EQ(first->shape(), (llvm::SmallVector<int64_t, 4>{3, 64}));
  EXPECT_EQ(first->bytes.size(), 3u * 2 * 20);
  EXPECT_EQ(first->offset, file.dataStart);
  EXPECT_EQ(r.findTensor("second")->offset, file.dataStart + 128);
  EXPECT_EQ(r.findTensor("third")->bytes.size(), 4u * 210);
  EXPECT_EQ(r.findTensor("fourth"), nullptr);

  // The metadata section is the file's own bytes: count, then pairs.
  llvm::ArrayRef<uint8_t> metadata = r.metadataBytes();
  EXPECT_EQ(llvm::toStringRef(metadata).str(),
            bytes.substr(16, metadata.size()));
  EXPECT_EQ(metadata.front(), file.values.size());
}

TEST(Reader, WrongKindsOfValues) {
  auto reader = readBytes(small().build());
  ASSERT_TRUE(bool(reader));
  Reader &r = **reader;
  auto message = [](auto expected) {
    return expected ? std::string() : toString(expected.takeError());
  };
  EXPECT_NE(message(r.getUnsigned("nothing")).find("the file has none"),
            std::string::npos);
  EXPECT_NE(message(r.getUnsigned("a.negative")).find("a negative one"),
            std::string::npos);
  EXPECT_NE(message(r.getUnsigned("a.float")).find("but got a float32"),
            std::string::npos);
  EXPECT_NE(message(r.getUnsigned("a.list")).find("an array of 3"),
            std::string::npos);
  EXPECT_NE(message(r.getFloat("a.bool")).find("but got a bool"),
            std::string::npos);
  EXPECT_NE(message(r.getBool("a.float")).find("expected a bool"),
            std::string::npos);
  EXPECT_NE(message(r.getString("a.bool")).find("expected a string"),
            std::string::npos);
  EXPECT_NE(message(r.getUnsignedList("a.texts")).find("expected integers"),
            std::string::npos);
}

TEST(Reader, FingerprintFollowsTheHeaderAndTheSize) {
  auto print = [](GGUFBuilder file, std::string more = "") {
    auto reader = readBytes(file.build() + more);
    return reader ? (*reader)->fingerprint() : toString(reader.takeError());
  };
  std::string base = print(small());
  EXPECT_EQ(base.size(), 32u);
  EXPECT_EQ(base, print(small()));
  EXPECT_NE(base, print(small(), "x"));
  GGUFBuilder other = small();
  EXPECT_NE(base, print(other.f32("a.float", 0.25f)));
  std::string bytes = small().build();
  bytes.back() = 1; // a weight
  auto reader = readBytes(bytes);
  ASSERT_TRUE(bool(reader));
  EXPECT_EQ(base, (*reader)->fingerprint());
}

TEST(Reader, NoTensorsNoValues) {
  EXPECT_EQ(readError(GGUFBuilder().build()), "");
}

TEST(Reader, EveryTruncationIsAnError) {
  std::string bytes = small().build();
  for (size_t size = 0; size < bytes.size(); ++size) {
    std::string message = readError(bytes.substr(0, size));
    ASSERT_NE(message.find("t.gguf: byte "), std::string::npos) << size;
    ASSERT_NE(message.find("; "), std::string::npos) << message;
  }
}

TEST(Reader, EveryChangedByteIsReadOrRefused) {
  std::string bytes = small().build();
  size_t header = bytes.size() - 4 * 210;
  for (size_t i = 0; i < header; ++i)
    for (int change : {0x01, 0x80, 0xff}) {
      std::string changed = bytes;
      changed[i] ^= char(change);
      readError(changed);
    }
}

TEST(Reader, FilesThatCannotBeOpened) {
  auto message = [](llvm::StringRef path) {
    auto reader = Reader::open(path);
    return reader ? std::string() : toString(reader.takeError());
  };
  EXPECT_NE(message("no/such/file.gguf").find("no/such/file.gguf"),
            std::string::npos);
  EXPECT_NE(message("/").find("expected a regular file"), std::string::npos);
  EXPECT_NE(message("/dev/zero").find("expected a regular file"),
            std::string::npos);
}

/// One broken rule and the parts that its message must have.
struct Case {
  const char *name;
  std::function<void(GGUFBuilder &)> change;
  std::vector<const char *> expected;
};

class BadFile : public testing::TestWithParam<Case> {};

TEST_P(BadFile, IsRefused) {
  GGUFBuilder file = small();
  GetParam().change(file);
  std::string message = readError(file.build());
  EXPECT_EQ(message.rfind("t.gguf: byte ", 0), 0u) << message;
  for (const char *part : GetParam().expected)
    EXPECT_NE(message.find(part), std::string::npos) << message;
  EXPECT_NE(message.find("; "), std::string::npos) << "no remedy: " << message;
}

using B = GGUFBuilder;
constexpr uint64_t huge = uint64_t(1) << 60;

/// The bytes of an array's element type and count.
std::string arrayHead(uint32_t type, uint64_t count) {
  std::string bytes;
  put<uint32_t>(bytes, type);
  put<uint64_t>(bytes, count);
  return bytes;
}
std::string number(uint64_t value) {
  std::string bytes;
  put<uint64_t>(bytes, value);
  return bytes;
}

const Case cases[] = {
    {"magic", [](B &f) { f.magic = "ggjt"; }, {"byte 0", "'ggjt'"}},
    {"magic_zero", [](B &f) { f.magic = std::string(4, '\0'); }, {"'\\00"}},
    {"version_1", [](B &f) { f.version = 1; }, {"byte 4", "but got version 1"}},
    {"version_2", [](B &f) { f.version = 2; }, {"but got version 2"}},
    {"version_4", [](B &f) { f.version = 4; }, {"version 3", "version 4"}},
    {"version_0", [](B &f) { f.version = 0; }, {"endian"}},
    {"big_endian", [](B &f) { f.version = 3u << 24; }, {"big-endian"}},
    {"tensor_count",
     [](B &f) { f.tensorCount = huge; },
     {"byte 8", "1152921504606846976"}},
    {"tensor_count_max", [](B &f) { f.tensorCount = ~0ull; }, {"byte 8"}},
    {"tensor_count_one_more",
     [](B &f) { f.tensorCount = 4; },
     {"the name of tensor 3"}},
    {"value_count", [](B &f) { f.valueCount = huge; }, {"byte 16"}},
    {"value_count_max", [](B &f) { f.valueCount = ~0ull; }, {"byte 16"}},
    {"value_count_one_more",
     [](B &f) { f.valueCount = f.values.size() + 1; },
     {"the name of tensor 0"}},
    {"key_empty", [](B &f) { f.u32("", 1); }, {"1 to 65535", "0 bytes"}},
    {"key_long",
     [](B &f) { f.u32(std::string(70000, 'k'), 1); },
     {"1 to 65535", "70000 bytes"}},
    {"key_not_ascii", [](B &f) { f.u32("k\xff", 1); }, {"ASCII", "k\\FF"}},
    {"key_twice",
     [](B &f) { f.values.push_back(f.values[0]); },
     {"'general.architecture'", "twice"}},
    {"value_type",
     [](B &f) { f.raw("k", 13, "....."); },
     {"'k'", "0 to 12, but got 13"}},
    {"value_type_max", [](B &f) { f.raw("k", ~0u, ""); }, {"4294967295"}},
    {"string_length",
     [](B &f) { f.raw("k", 8, number(huge)); },
     {"'k'", "1152921504606846976"}},
    {"string_length_max", [](B &f) { f.raw("k", 8, number(~0ull)); }, {"'k'"}},
    {"bool_2", [](B &f) { f.raw("k", 7, "\2"); }, {"'k'", "0 or 1"}},
    {"array_count",
     [](B &f) { f.raw("k", 9, arrayHead(4, huge)); },
     {"'k'", "before the end"}},
    {"array_count_overflow",
     [](B &f) { f.raw("k", 9, arrayHead(10, ~0ull / 8 + 2)); },
     {"'k'", "before the end"}},
    {"array_of_strings_count",
     [](B &f) { f.raw("k", 9, arrayHead(8, huge)); },
     {"'k'", "strings"}},
    {"array_string_length",
     [](B &f) { f.raw("k", 9, arrayHead(8, 1) + number(huge)); },
     {"'k'"}},
    {"array_of_arrays",
     [](B &f) { f.raw("k", 9, arrayHead(9, 1) + arrayHead(4, 0)); },
     {"'k'", "array of arrays"}},
    {"array_element_type",
     [](B &f) { f.raw("k", 9, arrayHead(99, 0)); },
     {"'k'", "99"}},
    {"alignment_0",
     [](B &f) { f.u32("general.alignment", 0); },
     {"'general.alignment'", "power of two"}},
    {"alignment_24", [](B &f) { f.u32("general.alignment", 24); }, {"24"}},
    {"alignment_4", [](B &f) { f.u32("general.alignment", 4); }, {"from 8"}},
    {"alignment_huge",
     [](B &f) {
       f.scalar<uint64_t>("general.alignment", ValueType::UInt64, 1ull << 63);
     },
     {"the alignment 9223372036854775808"}},
    {"name_empty",
     [](B &f) { f.tensors[1].name = ""; },
     {"tensor 1", "1 to 64"}},
    {"name_long",
     [](B &f) { f.tensors[1].name = std::string(65, 'n'); },
     {"tensor 1", "65 bytes"}},
    {"name_not_ascii", [](B &f) { f.tensors[1].name = "a\nb"; }, {"'a\\0Ab'"}},
    {"name_twice",
     [](B &f) { f.tensors[1].name = "first"; },
     {"tensor 'first'", "twice"}},
    {"rank_0", [](B &f) { f.tensors[1].rank = 0; }, {"'second'", "1 to 4"}},
    {"rank_5",
     [](B &f) { f.tensors[1].dims = {1, 1, 1, 1, 1}; },
     {"'second'", "but got 5"}},
    {"rank_max", [](B &f) { f.tensors[1].rank = ~0u; }, {"4294967295"}},
    {"dim_0", [](B &f) { f.tensors[1].dims = {0}; }, {"'second'", "got 0"}},
    {"dim_negative", [](B &f) { f.tensors[1].dims = {~0ull}; }, {"2^63"}},
    {"dims_overflow",
     [](B &f) { f.tensors[1].dims = {1ull << 32, 1ull << 32}; },
     {"'second'", "overflow"}},
    {"bytes_overflow",
     [](B &f) { f.tensors[1].dims = {1ull << 31, 1ull << 31}; },
     {"'second'", "overflow"}},
    {"dims_too_large",
     [](B &f) { f.tensors[1].dims = {1ull << 40}; },
     {"'second'", "outside the file"}},
    {"type_unsupported",
     [](B &f) { f.tensors[1].type = 16; },
     {"'second'", "IQ2_XXS (16)", "F32, F16", "IQ4_XS"}},
    {"type_integer", [](B &f) { f.tensors[1].type = 26; }, {"I32 (26)"}},
    {"type_new", [](B &f) { f.tensors[1].type = 39; }, {"MXFP4 (39)"}},
    {"type_unknown", [](B &f) { f.tensors[1].type = 999; }, {"number 999"}},
    {"part_of_a_block",
     [](B &f) { f.tensors[0].dims = {48, 4}; },
     {"'first'", "Q4_1 blocks of 32", "rows of 48"}},
    {"part_of_a_k_block",
     [](B &f) { f.tensors[2].dims = {128, 4}; },
     {"'third'", "Q6_K blocks of 256"}},
    {"offset_misaligned",
     [](B &f) { f.tensors[1].offset = 129; },
     {"'second'", "alignment 32", "129"}},
    {"offset_outside",
     [](B &f) { f.tensors[1].offset = 1 << 20; },
     {"'second'", "outside the file"}},
    {"offset_huge",
     [](B &f) { f.tensors[1].offset = huge; },
     {"'second'", "outside the file"}},
    {"offset_max",
     [](B &f) { f.tensors[1].offset = ~0ull - 31; },
     {"'second'", "outside the file"}},
    {"overlap",
     [](B &f) { f.tensors[1].offset = 96; },
     {"'second'", "'first'", "overlap"}},
    {"overlap_same",
     [](B &f) { f.tensors[2].offset = 0; },
     {"'first'", "'third'", "overlap"}},
};

INSTANTIATE_TEST_SUITE_P(Reader, BadFile, testing::ValuesIn(cases),
                         [](const auto &info) { return info.param.name; });

} // namespace
