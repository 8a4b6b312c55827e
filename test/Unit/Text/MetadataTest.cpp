//===- MetadataTest.cpp - reading GGUF key/value pairs
//---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values of every type come back, and every way to break the encoding is an
// error that says what and where.
//
//===----------------------------------------------------------------------===//

#include "test/Unit/Text/TextFixture.h"

#include <gtest/gtest.h>

using namespace tenon::text::test;

namespace {
/// Opens `blob`, which must outlive the handle; null when that fails.
Handle<tenon_text_metadata> open(const std::string &blob) {
  tenon_text_metadata *metadata = nullptr;
  tenon_text_metadata_open(blob.data(), blob.size(), &metadata);
  return Handle<tenon_text_metadata>(metadata);
}

/// One pair whose value is `type` and `value`.
std::string one(uint32_t type, const std::string &value) {
  return blobOf({{"k", bytesOf(type) + value}});
}

/// Opens `blob`, which must be refused with a text that holds `part`.
void refuses(const std::string &blob, const std::string &part) {
  tenon_text_metadata *metadata = nullptr;
  EXPECT_EQ(tenon_text_metadata_open(blob.data(), blob.size(), &metadata),
            TENON_TEXT_MALFORMED);
  EXPECT_EQ(metadata, nullptr);
  std::string error = tenon_text_last_error();
  EXPECT_NE(error.find(part), std::string::npos) << error;
}
} // namespace

TEST(Metadata, ReadsIntegersOfEveryType) {
  struct Case {
    std::string blob;
    int64_t value;
  };
  const Case cases[] = {{one(0, bytesOf<uint8_t>(255)), 255},
                        {one(1, bytesOf<int8_t>(-128)), -128},
                        {one(2, bytesOf<uint16_t>(65535)), 65535},
                        {one(3, bytesOf<int16_t>(-32768)), -32768},
                        {one(4, bytesOf<uint32_t>(4294967295u)), 4294967295},
                        {one(5, bytesOf<int32_t>(INT32_MIN)), INT32_MIN},
                        {one(10, bytesOf<uint64_t>(INT64_MAX)), INT64_MAX},
                        {one(11, bytesOf<int64_t>(INT64_MIN)), INT64_MIN}};
  for (const Case &expected : cases) {
    auto metadata = open(expected.blob);
    ASSERT_TRUE(metadata) << tenon_text_last_error();
    int64_t number = 7;
    EXPECT_EQ(tenon_text_metadata_i64(metadata.get(), "k", &number),
              TENON_TEXT_OK);
    EXPECT_EQ(number, expected.value);
    uint64_t natural = 7;
    auto status = tenon_text_metadata_u64(metadata.get(), "k", &natural);
    EXPECT_EQ(status,
              expected.value < 0 ? TENON_TEXT_WRONG_TYPE : TENON_TEXT_OK);
    if (!status)
      EXPECT_EQ(natural, static_cast<uint64_t>(expected.value));
    double real = 7;
    EXPECT_EQ(tenon_text_metadata_f64(metadata.get(), "k", &real),
              TENON_TEXT_OK);
    EXPECT_EQ(real, static_cast<double>(expected.value));
  }
}

TEST(Metadata, RefusesAnIntegerThatDoesNotFit) {
  std::string blob = one(10, bytesOf<uint64_t>(UINT64_MAX));
  auto metadata = open(blob);
  int64_t number;
  EXPECT_EQ(tenon_text_metadata_i64(metadata.get(), "k", &number),
            TENON_TEXT_WRONG_TYPE);
  EXPECT_STREQ(tenon_text_last_error(),
               "metadata: expected 'k' below 2^63, but "
               "got 18446744073709551615");
}

TEST(Metadata, ReadsTheOtherTypes) {
  std::string blob = blobOf({{"b", boolValue(true)},
                             {"f", bytesOf(6u) + bytesOf(1.5f)},
                             {"d", bytesOf(12u) + bytesOf(-2.25)},
                             {"s", stringValue("text")},
                             {"n", i32sValue({3, -4})},
                             {"t", stringsValue({"x", "", "yz"})}});
  auto metadata = open(blob);
  ASSERT_TRUE(metadata) << tenon_text_last_error();
  EXPECT_EQ(tenon_text_metadata_count(metadata.get()), 6u);
  int boolean = 0;
  EXPECT_EQ(tenon_text_metadata_bool(metadata.get(), "b", &boolean),
            TENON_TEXT_OK);
  EXPECT_EQ(boolean, 1);
  double real;
  EXPECT_EQ(tenon_text_metadata_f64(metadata.get(), "f", &real), TENON_TEXT_OK);
  EXPECT_EQ(real, 1.5);
  EXPECT_EQ(tenon_text_metadata_f64(metadata.get(), "d", &real), TENON_TEXT_OK);
  EXPECT_EQ(real, -2.25);
  const char *text;
  size_t bytes;
  EXPECT_EQ(tenon_text_metadata_string(metadata.get(), "s", &text, &bytes),
            TENON_TEXT_OK);
  EXPECT_EQ(std::string(text, bytes), "text");
  tenon_text_type element;
  uint64_t count;
  const void *data;
  EXPECT_EQ(tenon_text_metadata_array(metadata.get(), "n", &element, &count,
                                      &data, &bytes),
            TENON_TEXT_OK);
  EXPECT_EQ(element, TENON_TEXT_TYPE_INT32);
  EXPECT_EQ(count, 2u);
  EXPECT_EQ(std::string(static_cast<const char *>(data), bytes),
            bytesOf(3) + bytesOf(-4));
  EXPECT_EQ(tenon_text_metadata_array(metadata.get(), "t", &element, &count,
                                      &data, &bytes),
            TENON_TEXT_OK);
  EXPECT_EQ(count, 3u);
  EXPECT_EQ(std::string(static_cast<const char *>(data), bytes),
            stringOf("x") + stringOf("") + stringOf("yz"));
  tenon_text_type type;
  EXPECT_EQ(tenon_text_metadata_type(metadata.get(), "t", &type),
            TENON_TEXT_OK);
  EXPECT_EQ(type, TENON_TEXT_TYPE_ARRAY);
  EXPECT_EQ(tenon_text_metadata_key(metadata.get(), 0, &text, &bytes),
            TENON_TEXT_OK);
  EXPECT_EQ(std::string(text, bytes), "b");
  EXPECT_EQ(tenon_text_metadata_key(metadata.get(), 6, &text, &bytes),
            TENON_TEXT_INVALID_ARGUMENT);
}

TEST(Metadata, NamesTheKeyThatIsMissingOrOfAnotherType) {
  std::string blob = blobOf({{"s", stringValue("x")}, {"a", i32sValue({1})}});
  auto metadata = open(blob);
  uint64_t number;
  EXPECT_EQ(tenon_text_metadata_u64(metadata.get(), "no", &number),
            TENON_TEXT_NOT_FOUND);
  EXPECT_STREQ(tenon_text_last_error(),
               "metadata: expected key 'no', but there is none");
  EXPECT_EQ(tenon_text_metadata_u64(metadata.get(), "s", &number),
            TENON_TEXT_WRONG_TYPE);
  EXPECT_STREQ(tenon_text_last_error(),
               "metadata: expected 's' of type integer, but got string");
  int boolean;
  EXPECT_EQ(tenon_text_metadata_bool(metadata.get(), "a", &boolean),
            TENON_TEXT_WRONG_TYPE);
  EXPECT_STREQ(tenon_text_last_error(),
               "metadata: expected 'a' of type bool, but got array of int32");
}

TEST(Metadata, RefusesWhatBreaksTheEncoding) {
  const uint64_t huge = uint64_t(1) << 60;
  refuses("", "expected the number of pairs, but the data ends at byte 0 of 0");
  refuses("1234567", "the data ends");
  refuses(bytesOf(huge), "expected 1152921504606846976 pairs");
  refuses(bytesOf<uint64_t>(1), "expected 1 pairs, but got 0 bytes");
  refuses(bytesOf<uint64_t>(1) + bytesOf(huge) + "keykey",
          "bytes of a key, but got 6");
  refuses(bytesOf<uint64_t>(1) + stringOf("k") + bytesOf(~0u) + "x",
          "expected a value type 0..12");
  refuses(one(13, "x"), "expected a value type 0..12, but got 13");
  refuses(one(4, "abc"), "expected 4 bytes of a value, but got 3");
  refuses(one(7, "\2"), "expected a bool of 0 or 1, but got 2");
  refuses(one(8, bytesOf(huge) + "a"), "bytes of a string, but got 1");
  refuses(one(9, bytesOf(99u) + bytesOf(huge)),
          "expected a value type 0..12, but got 99");
  refuses(one(9, bytesOf(9u) + bytesOf<uint64_t>(0)), "an array of arrays");
  refuses(one(9, bytesOf(4u) + bytesOf(huge)),
          "expected 1152921504606846976 elements of 'k'");
  refuses(one(9, bytesOf(10u) + bytesOf(UINT64_MAX)), "elements of 'k'");
  refuses(one(9, bytesOf(8u) + bytesOf(huge)), "strings of 'k'");
  refuses(one(9, bytesOf(8u) + bytesOf<uint64_t>(1) + bytesOf(huge)),
          "bytes of a string of an array, but got 0");
  refuses(one(9, bytesOf(7u) + bytesOf<uint64_t>(2) + "\1\3"),
          "expected a bool of 0 or 1, but got 3");
  refuses(one(0, "ab"), "expected the end after 1 pairs, but got 1 more bytes");
  refuses(blobOf({{"", boolValue(true)}}), "but got an empty string");
  std::string twice = stringOf("k") + boolValue(true);
  refuses(bytesOf<uint64_t>(2) + twice + twice, "but got 'k' again");
}

TEST(Metadata, RefusesEveryTruncation) {
  std::string blob = blobOf(smallTokenizer("qwen2"));
  for (size_t size = 0; size < blob.size(); ++size) {
    tenon_text_metadata *metadata = nullptr;
    // A copy of its own, so that reading past its end is seen.
    std::vector<char> cut(blob.begin(), blob.begin() + size);
    ASSERT_EQ(tenon_text_metadata_open(cut.data() ? cut.data() : "", cut.size(),
                                       &metadata),
              TENON_TEXT_MALFORMED)
        << size;
  }
}

TEST(Metadata, RefusesNullPointers) {
  tenon_text_metadata *metadata;
  EXPECT_EQ(tenon_text_metadata_open(nullptr, 0, &metadata),
            TENON_TEXT_INVALID_ARGUMENT);
  EXPECT_EQ(tenon_text_metadata_open("", 0, nullptr),
            TENON_TEXT_INVALID_ARGUMENT);
  EXPECT_EQ(tenon_text_tokenizer_open(nullptr, nullptr),
            TENON_TEXT_INVALID_ARGUMENT);
  uint64_t number;
  EXPECT_EQ(tenon_text_metadata_u64(nullptr, "k", &number),
            TENON_TEXT_INVALID_ARGUMENT);
  EXPECT_STREQ(tenon_text_last_error(),
               "tenon_text_metadata_u64: expected pointers to objects, but got "
               "null");
  tenon_text_metadata_close(nullptr);
  tenon_text_tokenizer_close(nullptr);
  tenon_text_stream_close(nullptr);
  tenon_text_free(nullptr);
}
