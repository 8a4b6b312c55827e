//===- TokenizerTest.cpp - opening and using a small tokenizer
//-------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ids of real vocabularies are compared with another implementation in
// test/Integration/tokenizer; here stand the cases that can be worked out by
// hand, contradictions in the metadata, and texts of hostile shape.
//
//===----------------------------------------------------------------------===//

#include "test/Unit/Text/TextFixture.h"

#include <chrono>
#include <gtest/gtest.h>
#include <thread>

using namespace tenon::text::test;
using Ids = std::vector<int32_t>;

// Results of merges, in their order.
enum : int32_t { AB = 256, ABC, BC, SpaceAB, N12, N123, AA, AAAA };

TEST(Tokenizer, MergesByRankThenFromTheLeft) {
  Opened small(smallTokenizer("gpt-2"));
  ASSERT_TRUE(small.tokenizer) << small.error;
  EXPECT_EQ(small.encode("abc"), (Ids{ABC}));
  EXPECT_EQ(small.encode("bc"), (Ids{BC}));
  EXPECT_EQ(small.encode("aab"), (Ids{'a', AB}));
  EXPECT_EQ(small.encode("aaa"), (Ids{AA, 'a'}));
  EXPECT_EQ(small.encode("aaaaaaa"), (Ids{AAAA, AA, 'a'}));
  EXPECT_EQ(small.encode(" ab"), (Ids{SpaceAB}));
  EXPECT_EQ(small.encode(" abc"), (Ids{' ', ABC}));
  EXPECT_EQ(small.encode(""), Ids{});
  EXPECT_EQ(small.encode(std::string("\0\xc3\xa9", 3)), (Ids{0, 0xc3, 0xa9}));
}

TEST(Tokenizer, CutsAsTheFamilySays) {
  EXPECT_EQ(Opened(smallTokenizer("gpt-2")).encode("123"), (Ids{N123}));
  EXPECT_EQ(Opened(smallTokenizer("smollm")).encode("123"),
            (Ids{'1', '2', '3'}));
  EXPECT_EQ(Opened(smallTokenizer("qwen2")).encode("12"), (Ids{'1', '2'}));
  EXPECT_EQ(Opened(smallTokenizer("llama-bpe")).encode("1212"),
            (Ids{N12, '1', '2'}));
}

TEST(Tokenizer, NormalizesForQwenOnly) {
  const std::string decomposed = "e\xcc\x81";
  EXPECT_EQ(Opened(smallTokenizer("qwen2")).encode(decomposed),
            (Ids{0xc3, 0xa9}));
  EXPECT_EQ(Opened(smallTokenizer("gpt-2")).encode(decomposed),
            (Ids{'e', 0xcc, 0x81}));
  // Marks are put in order before they are composed: U+0327 goes first.
  EXPECT_EQ(Opened(smallTokenizer("qwen2")).encode("c\xcc\x81\xcc\xa7"),
            (Ids{0xe1, 0xb8, 0x89}));
}

TEST(Tokenizer, FindsTheLongestSpecialToken) {
  Opened small(smallTokenizer("gpt-2"));
  int32_t end = firstSpecial(), endX = end + 1, tool = end + 2, tools = end + 3;
  EXPECT_EQ(small.encode("<|im_end|>", TENON_TEXT_PARSE_SPECIAL), (Ids{end}));
  EXPECT_EQ(small.encode("a<|im_end|>xb", TENON_TEXT_PARSE_SPECIAL),
            (Ids{'a', endX, 'b'}));
  EXPECT_EQ(small.encode("<<tool>s<tool>", TENON_TEXT_PARSE_SPECIAL),
            (Ids{'<', tools, tool}));
  // Control tokens are plain text to those who do not ask; user-defined ones
  // never are.
  EXPECT_EQ(small.encode("<tool>"), (Ids{tool}));
  EXPECT_EQ(small.encode("<|im_end|>").size(), 10u);
}

TEST(Tokenizer, KnowsTheEndsOfAGeneration) {
  Pairs pairs = smallTokenizer("gpt-2");
  pairs["tokenizer.ggml.eos_token_id"] = u32Value('z');
  pairs["tokenizer.ggml.eot_token_id"] = i32Value('y');
  Opened small(pairs);
  int32_t end = firstSpecial();
  EXPECT_EQ(tenon_text_role_id(small.tokenizer.get(), TENON_TEXT_EOS), 'z');
  EXPECT_EQ(tenon_text_role_id(small.tokenizer.get(), TENON_TEXT_EOT), 'y');
  EXPECT_EQ(tenon_text_role_id(small.tokenizer.get(), TENON_TEXT_EOM), -1);
  EXPECT_EQ(tenon_text_find_token(small.tokenizer.get(), "<|im_end|>", 10),
            end);
  Ids ends;
  for (int32_t id = -1; id <= end + 6; ++id)
    if (tenon_text_is_end(small.tokenizer.get(), id))
      ends.push_back(id);
  EXPECT_EQ(ends, (Ids{'y', 'z', end, end + 4}));
  EXPECT_TRUE(tenon_text_is_control(small.tokenizer.get(), end));
  EXPECT_FALSE(tenon_text_is_control(small.tokenizer.get(), end + 2));
}

TEST(Tokenizer, DoesNotTakeTextForAnEnd) {
  // "</s>" made by merges is three characters of HTML and a slash.
  Pairs pairs = smallTokenizer("gpt-2");
  pairs.erase("tokenizer.ggml.token_type");
  pairs["tokenizer.ggml.tokens"] =
      stringsValue({"<", "/", "s", ">", "</", "s>", "</s>", "<|im_end|>"});
  pairs["tokenizer.ggml.merges"] = stringsValue({"< /", "s >", "</ s>"});
  Opened html(pairs);
  ASSERT_TRUE(html.tokenizer) << html.error;
  EXPECT_FALSE(tenon_text_is_end(html.tokenizer.get(), 6));
  EXPECT_TRUE(tenon_text_is_end(html.tokenizer.get(), 7));
}

TEST(Tokenizer, LeavesOutBytesTheVocabularyLacks) {
  Pairs pairs = smallTokenizer("gpt-2");
  pairs.erase("tokenizer.ggml.token_type");
  pairs["tokenizer.ggml.tokens"] = stringsValue({"a", "b", "ab"});
  pairs["tokenizer.ggml.merges"] = stringsValue({"a b"});
  EXPECT_EQ(Opened(pairs).encode("a?b?a"), (Ids{0, 1, 0}));
}

TEST(Tokenizer, NamesTheByteThatIsNotUtf8) {
  Opened small(smallTokenizer("smollm"));
  int32_t *ids = nullptr;
  size_t count = 0;
  EXPECT_EQ(
      tenon_text_encode(small.tokenizer.get(), "ab\xc3(", 4, 0, &ids, &count),
      TENON_TEXT_INVALID_UTF8);
  EXPECT_STREQ(tenon_text_last_error(),
               "encode: expected UTF-8 text, but got byte '\\xc3' at offset 2");
  EXPECT_EQ(ids, nullptr);
}

TEST(Tokenizer, RefusesMetadataThatContradictItself) {
  struct Case {
    const char *key;
    std::string value; ///< empty: the key is taken away
    tenon_text_status status;
    const char *part;
  };
  const Case cases[] = {
      {"tokenizer.ggml.model", "", TENON_TEXT_NOT_FOUND,
       "the model carries no tokenizer"},
      {"tokenizer.ggml.model", stringValue("llama"), TENON_TEXT_UNSUPPORTED,
       "to be 'gpt2' (byte-level BPE), but got 'llama'"},
      {"tokenizer.ggml.model", u32Value(2), TENON_TEXT_WRONG_TYPE,
       "expected 'tokenizer.ggml.model' of type string, but got uint32"},
      {"tokenizer.ggml.pre", stringValue("gpt-9"), TENON_TEXT_UNSUPPORTED,
       "qwen2, deepseek-r1-qwen"},
      {"tokenizer.ggml.pre", boolValue(true), TENON_TEXT_WRONG_TYPE,
       "but got bool"},
      {"tokenizer.ggml.tokens", "", TENON_TEXT_NOT_FOUND,
       "expected key 'tokenizer.ggml.tokens'"},
      {"tokenizer.ggml.tokens", stringsValue({}), TENON_TEXT_MALFORMED,
       "to hold 1 to 2^31-1 tokens, but got 0"},
      {"tokenizer.ggml.tokens", i32sValue({1}), TENON_TEXT_WRONG_TYPE,
       "of type array of string, but got array of int32"},
      {"tokenizer.ggml.tokens", stringsValue({"a", "b", "a"}),
       TENON_TEXT_MALFORMED, "but got 'a' as token 0 and token 2"},
      {"tokenizer.ggml.tokens", stringsValue({"a", "\xff"}),
       TENON_TEXT_MALFORMED, "expected tokens in UTF-8, but got token 1"},
      {"tokenizer.ggml.token_type", i32sValue({1, 1}), TENON_TEXT_MALFORMED,
       "one for each token, but got 2"},
      {"tokenizer.ggml.token_type", stringsValue({"a"}), TENON_TEXT_WRONG_TYPE,
       "of type array of int32, but got array of string"},
      {"tokenizer.ggml.token_type", i32sValue(Ids(269, 7)),
       TENON_TEXT_MALFORMED,
       "expected token types 0..6, but got 7 for token 0"},
      {"tokenizer.ggml.merges", "", TENON_TEXT_NOT_FOUND,
       "expected key 'tokenizer.ggml.merges'"},
      {"tokenizer.ggml.merges", stringValue("a b"), TENON_TEXT_WRONG_TYPE,
       "of type array, but got string"},
      {"tokenizer.ggml.merges", stringsValue({"a b", "ab"}),
       TENON_TEXT_MALFORMED,
       "expected merge 1 'ab' to be two tokens with a space between"},
      {"tokenizer.ggml.merges", stringsValue({"a "}), TENON_TEXT_MALFORMED,
       "to be two tokens with a space between"},
      {"tokenizer.ggml.merges", stringsValue({"a zz"}), TENON_TEXT_MALFORMED,
       "to name tokens, but the vocabulary has no 'zz'"},
      {"tokenizer.ggml.merges", stringsValue({"x y"}), TENON_TEXT_MALFORMED,
       "to name tokens, but the vocabulary has no 'xy'"},
      {"tokenizer.ggml.bos_token_id", u32Value(269), TENON_TEXT_MALFORMED,
       "expected tokenizer.ggml.bos_token_id below 269, the number of tokens, "
       "but got 269"},
      {"tokenizer.ggml.eos_token_id", i32Value(-2), TENON_TEXT_MALFORMED,
       "but got -2"},
      {"tokenizer.ggml.eos_token_id", stringValue("2"), TENON_TEXT_WRONG_TYPE,
       "of type integer, but got string"},
      {"tokenizer.ggml.add_bos_token", boolValue(true), TENON_TEXT_MALFORMED,
       "because tokenizer.ggml.add_bos_token is true, but there is none"},
      {"tokenizer.ggml.add_eos_token", u32Value(1), TENON_TEXT_WRONG_TYPE,
       "of type bool, but got uint32"},
      {"tokenizer.chat_template", u32Value(1), TENON_TEXT_WRONG_TYPE,
       "of type string, but got uint32"},
  };
  for (const Case &expected : cases) {
    Pairs pairs = smallTokenizer("gpt-2");
    if (expected.value.empty())
      pairs.erase(expected.key);
    else
      pairs[expected.key] = expected.value;
    Opened opened(pairs);
    EXPECT_FALSE(opened.tokenizer);
    EXPECT_EQ(opened.status, expected.status) << opened.error;
    EXPECT_NE(opened.error.find(expected.part), std::string::npos)
        << opened.error;
  }
}

TEST(Tokenizer, TakesADefaultForWhatOldFilesLack) {
  Pairs pairs = smallTokenizer("gpt-2");
  pairs.erase("tokenizer.ggml.pre");
  EXPECT_EQ(Opened(pairs).encode("1231"), (Ids{N123, '1'}));
}

TEST(Tokenizer, HandsOutTheChatTemplate) {
  Pairs pairs = smallTokenizer("gpt-2");
  const char *text = nullptr;
  size_t bytes = 0;
  EXPECT_EQ(
      tenon_text_chat_template(Opened(pairs).tokenizer.get(), &text, &bytes),
      TENON_TEXT_NOT_FOUND);
  pairs["tokenizer.chat_template"] = stringValue("{{ x }}");
  Opened small(pairs);
  EXPECT_EQ(tenon_text_chat_template(small.tokenizer.get(), &text, &bytes),
            TENON_TEXT_OK);
  EXPECT_EQ(std::string(text, bytes), "{{ x }}");
}

TEST(Tokenizer, LongWordsTakeTimeInProportion) {
  // One word, one run of spaces, of marks, of digits and of special tokens.
  // Quadratic code would take minutes for each.
  Opened small(smallTokenizer("qwen2"));
  struct Case {
    const char *unit;
    size_t count;
  };
  for (Case shape : {Case{"a", 1 << 20}, Case{" ", 1 << 20},
                     Case{"\xcc\x81\xcc\xa7", 1 << 18}, Case{"\n", 1 << 20},
                     Case{"7", 1 << 20}, Case{"<tool>", 1 << 17},
                     Case{"<|im_end|", 1 << 17}, Case{"\r\n ", 1 << 18}}) {
    std::string text;
    for (size_t i = 0; i < shape.count; ++i)
      text += shape.unit;
    auto start = std::chrono::steady_clock::now();
    EXPECT_FALSE(small.encode(text, TENON_TEXT_PARSE_SPECIAL).empty());
    std::chrono::duration<double> seconds =
        std::chrono::steady_clock::now() - start;
    EXPECT_LT(seconds.count(), 20.0) << shape.unit;
  }
}

TEST(Tokenizer, ServesManyThreadsAtOnce) {
  Opened small(smallTokenizer("llama-bpe"));
  const std::string text = "abc 1234 \xc3\xa9 <tool>s aaaa\r\n  x ";
  Ids expected = small.encode(text);
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (int &count : wrong)
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        count += small.encode(text) != expected;
        // Errors are of the thread that made them.
        int32_t *ids;
        size_t size;
        tenon_text_encode(small.tokenizer.get(), "\xff", 1, 0, &ids, &size);
        count += !*tenon_text_last_error();
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}
