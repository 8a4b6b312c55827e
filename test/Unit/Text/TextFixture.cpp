//===- TextFixture.cpp - metadata blobs for tests of the text library
//------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The spelling of bytes is written down here a second time, so that a fault in
// the library's own map shows.
//
//===----------------------------------------------------------------------===//

#include "test/Unit/Text/TextFixture.h"

#include <gtest/gtest.h>

using namespace tenon::text::test;

std::string tenon::text::test::stringOf(const std::string &text) {
  return bytesOf<uint64_t>(text.size()) + text;
}

static std::string typed(uint32_t type, const std::string &value) {
  return bytesOf(type) + value;
}

std::string tenon::text::test::stringValue(const std::string &text) {
  return typed(TENON_TEXT_TYPE_STRING, stringOf(text));
}
std::string tenon::text::test::boolValue(bool value) {
  return typed(TENON_TEXT_TYPE_BOOL, bytesOf<uint8_t>(value));
}
std::string tenon::text::test::u32Value(uint32_t value) {
  return typed(TENON_TEXT_TYPE_UINT32, bytesOf(value));
}
std::string tenon::text::test::i32Value(int32_t value) {
  return typed(TENON_TEXT_TYPE_INT32, bytesOf(value));
}

static std::string arrayHead(uint32_t element, uint64_t count) {
  return typed(TENON_TEXT_TYPE_ARRAY, bytesOf(element) + bytesOf(count));
}

std::string
tenon::text::test::stringsValue(const std::vector<std::string> &strings) {
  std::string out = arrayHead(TENON_TEXT_TYPE_STRING, strings.size());
  for (const std::string &string : strings)
    out += stringOf(string);
  return out;
}

std::string tenon::text::test::i32sValue(const std::vector<int32_t> &numbers) {
  std::string out = arrayHead(TENON_TEXT_TYPE_INT32, numbers.size());
  for (int32_t number : numbers)
    out += bytesOf(number);
  return out;
}

std::string tenon::text::test::blobOf(const Pairs &pairs) {
  std::string out = bytesOf<uint64_t>(pairs.size());
  for (const auto &[key, value] : pairs)
    out += stringOf(key) + value;
  return out;
}

/// How a vocabulary spells `byte`.
static std::string spell(int byte) {
  int codepoint = byte;
  if (byte <= 0x20)
    codepoint = 0x100 + byte;
  else if (byte >= 0x7f && byte <= 0xa0)
    codepoint = 0x121 + byte - 0x7f;
  else if (byte == 0xad)
    codepoint = 0x143;
  if (codepoint < 0x80)
    return std::string(1, static_cast<char>(codepoint));
  return {static_cast<char>(0xc0 | codepoint >> 6),
          static_cast<char>(0x80 | (codepoint & 0x3f))};
}

const std::vector<std::string> &tenon::text::test::merges() {
  // U+0120 is the space. "ab c" wins over "b c" only by rank.
  static const std::vector<std::string> rules = {
      "a b", "ab c", "b c", "\u0120 ab", "1 2", "12 3", "a a", "aa aa"};
  return rules;
}

const std::vector<std::string> &tenon::text::test::specials() {
  static const std::vector<std::string> names = {"<|im_end|>", "<|im_end|>x",
                                                 "<tool>", "<tool>s", "</s>"};
  return names;
}

int32_t tenon::text::test::firstSpecial() {
  return static_cast<int32_t>(256 + merges().size());
}

Pairs tenon::text::test::smallTokenizer(const std::string &pre) {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte)
    tokens.push_back(spell(byte));
  for (const std::string &rule : merges()) {
    size_t space = rule.find(' ');
    tokens.push_back(rule.substr(0, space) + rule.substr(space + 1));
  }
  std::vector<int32_t> types(tokens.size(), 1);
  for (const std::string &name : specials()) {
    tokens.push_back(name);
    types.push_back(types.size() < firstSpecial() + 2u ? 3 : 4);
  }
  return {{"tokenizer.ggml.model", stringValue("gpt2")},
          {"tokenizer.ggml.pre", stringValue(pre)},
          {"tokenizer.ggml.tokens", stringsValue(tokens)},
          {"tokenizer.ggml.token_type", i32sValue(types)},
          {"tokenizer.ggml.merges", stringsValue(merges())}};
}

Opened::Opened(std::string theBlob) : blob(std::move(theBlob)) {
  tenon_text_metadata *openMetadata = nullptr;
  status = tenon_text_metadata_open(blob.data(), blob.size(), &openMetadata);
  metadata.reset(openMetadata);
  if (!status) {
    tenon_text_tokenizer *openTokenizer = nullptr;
    status = tenon_text_tokenizer_open(metadata.get(), &openTokenizer);
    tokenizer.reset(openTokenizer);
  }
  if (status)
    error = tenon_text_last_error();
}

std::vector<int32_t> Opened::encode(const std::string &text,
                                    uint32_t flags) const {
  int32_t *ids = nullptr;
  size_t count = 0;
  EXPECT_EQ(tenon_text_encode(tokenizer.get(), text.data(), text.size(), flags,
                              &ids, &count),
            TENON_TEXT_OK)
      << tenon_text_last_error();
  std::vector<int32_t> out(ids, ids + count);
  tenon_text_free(ids);
  return out;
}
