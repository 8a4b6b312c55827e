//===- StreamTest.cpp - text comes out in whole characters
//-----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The small tokenizer has a token for each byte, so that a stream can be cut
// anywhere.
//
//===----------------------------------------------------------------------===//

#include "test/Unit/Text/TextFixture.h"

#include <gtest/gtest.h>

using namespace tenon::text::test;

namespace {
class Stream : public testing::Test {
protected:
  Stream() : small(smallTokenizer("gpt-2")) { open(0); }

  void open(uint32_t flags) {
    tenon_text_stream *opened = nullptr;
    ASSERT_EQ(tenon_text_stream_open(small.tokenizer.get(), flags, &opened),
              TENON_TEXT_OK);
    stream.reset(opened);
  }

  /// What the token of `byte`, or token `id`, brings out.
  std::string push(int32_t id) {
    const char *text = nullptr;
    size_t bytes = 0;
    EXPECT_EQ(tenon_text_stream_push(stream.get(), id, &text, &bytes),
              TENON_TEXT_OK);
    return std::string(text, bytes);
  }

  std::string flush() {
    const char *text = nullptr;
    size_t bytes = 0;
    EXPECT_EQ(tenon_text_stream_flush(stream.get(), &text, &bytes),
              TENON_TEXT_OK);
    return std::string(text, bytes);
  }

  Opened small;
  Handle<tenon_text_stream> stream;
};
} // namespace

static const char replacement[] = "\xef\xbf\xbd";

TEST_F(Stream, HoldsBackAnUnfinishedCharacter) {
  EXPECT_EQ(push('x'), "x");
  EXPECT_EQ(push(0xf0), "");
  EXPECT_EQ(push(0x9f), "");
  EXPECT_EQ(push(0x98), "");
  EXPECT_EQ(push(0x80), "\xf0\x9f\x98\x80");
  EXPECT_EQ(flush(), "");
}

TEST_F(Stream, ReplacesWhatCannotBecomeACharacter) {
  EXPECT_EQ(push(0x80), replacement);
  EXPECT_EQ(push(0xe4), "");
  EXPECT_EQ(push('a'), std::string(replacement) + "a");
  // U+D800 is none: its three bytes are three faults.
  EXPECT_EQ(push(0xed), "");
  EXPECT_EQ(push(0xa0), std::string(replacement) + replacement);
  EXPECT_EQ(push(0x80), replacement);
}

TEST_F(Stream, ReplacesAnUnfinishedCharacterAtTheEnd) {
  EXPECT_EQ(push(0xe4), "");
  EXPECT_EQ(push(0xb8), "");
  EXPECT_EQ(flush(), replacement);
  EXPECT_EQ(push(0xad), replacement);
  EXPECT_EQ(push('y'), "y");
}

TEST_F(Stream, LeavesOutControlTokensUnlessAsked) {
  EXPECT_EQ(push(firstSpecial()), "");
  EXPECT_EQ(push(firstSpecial() + 2), "<tool>");
  open(TENON_TEXT_SHOW_CONTROL);
  EXPECT_EQ(push(firstSpecial()), "<|im_end|>");
}

TEST_F(Stream, RefusesAnIdOutsideTheVocabulary) {
  const char *text = nullptr;
  size_t bytes = 0;
  for (int32_t id : {-1, 269, INT32_MAX, INT32_MIN}) {
    EXPECT_EQ(tenon_text_stream_push(stream.get(), id, &text, &bytes),
              TENON_TEXT_INVALID_ARGUMENT);
    EXPECT_EQ(std::string(tenon_text_last_error()),
              "tokenizer: expected a token id below 269, but got " +
                  std::to_string(id));
    EXPECT_EQ(tenon_text_token_bytes(small.tokenizer.get(), id, &text, &bytes),
              TENON_TEXT_INVALID_ARGUMENT);
  }
}

TEST_F(Stream, GivesTheBytesOfAToken) {
  const char *text = nullptr;
  size_t bytes = 0;
  for (int32_t id = 0; id < 256; ++id) {
    ASSERT_EQ(tenon_text_token_bytes(small.tokenizer.get(), id, &text, &bytes),
              TENON_TEXT_OK);
    EXPECT_EQ(std::string(text, bytes), std::string(1, static_cast<char>(id)));
  }
}
