//===- PreTokenizer.cpp - cuts text into words ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// PCRE2 runs the expressions and knows the Unicode classes. They are written
// with an explicit class for white space: PCRE2's \s also holds U+180E, which
// is no white space since Unicode 6.3 and is none to the models. All else of
// the syntax means the same as where the expressions come from.
//
//===----------------------------------------------------------------------===//

#define PCRE2_CODE_UNIT_WIDTH 8
#include "PreTokenizer.h"

#include <pcre2.h>

using namespace tenon::text;

// Members of \s and \S, for use between brackets.
#define SPACE "\\t-\\r\\x{85}\\p{Z}"
// \s+(?!\S)|\s+: a run of white space leaves its last character to the word.
#define SPACE_RUN "[" SPACE "]+(?![^" SPACE "])"
#define CONTRACTION "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define LETTERS "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+"
#define LINES "[" SPACE "]*[\\r\\n]+"
#define UPPER "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define LOWER "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
// A word whose capitals come first, and one of capitals only.
#define CASED_A "[^\\r\\n\\p{L}\\p{N}]?" UPPER "*" LOWER "+"
#define CASED_B "[^\\r\\n\\p{L}\\p{N}]?" UPPER "+" LOWER "*"

#define GPT2                                                                   \
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^" SPACE                     \
  "\\p{L}\\p{N}]+|" SPACE_RUN "|[" SPACE "]+"
#define LLAMA3                                                                 \
  CONTRACTION "|" LETTERS "|\\p{N}{1,3}| ?[^" SPACE                            \
              "\\p{L}\\p{N}]+[\\r\\n]*|" LINES "|" SPACE_RUN "|[" SPACE "]+"
#define QWEN2                                                                  \
  CONTRACTION "|" LETTERS "|\\p{N}| ?[^" SPACE                                 \
              "\\p{L}\\p{N}]+[\\r\\n]*|" LINES "|" SPACE_RUN "|[" SPACE "]+"
#define TEKKEN                                                                 \
  CASED_A "|" CASED_B "|\\p{N}| ?[^" SPACE "\\p{L}\\p{N}]+[\\r\\n/]*|" LINES   \
          "|" SPACE_RUN "|[" SPACE "]+"
#define GPT4O                                                                  \
  CASED_A CONTRACTION "?|" CASED_B CONTRACTION "?|\\p{N}{1,3}| ?[^" SPACE      \
                      "\\p{L}\\p{N}]+[\\r\\n/]*|" LINES "|" SPACE_RUN          \
                      "|[" SPACE "]+"

static const std::vector<PreTokenizerFamily> &families() {
  static const std::vector<PreTokenizerFamily> table = {
      // names, patterns, NFC, whole words, BOS
      {{"default"},
       {"[\\p{P}$+<=>^~|]+", GPT2, "\\p{N}+", "[0-9][0-9][0-9]"},
       false,
       false,
       false},
      {{"gpt-2", "phi-2", "olmo"}, {GPT2}, false, false, false},
      {{"smollm", "starcoder", "refact", "codeshell"},
       {"\\p{N}", GPT2},
       false,
       false,
       false},
      {{"llama-bpe", "llama3", "llama-v3"}, {LLAMA3}, false, true, true},
      {{"smaug-bpe"}, {LLAMA3}, false, false, false},
      {{"qwen2", "deepseek-r1-qwen"}, {QWEN2}, true, false, false},
      {{"deepseek-coder"},
       {"[\\r\\n]", "[" SPACE "]?\\p{L}+", "[" SPACE "]?\\p{P}+",
        "[\\x{4e00}-\\x{9fa5}\\x{800}-\\x{4e00}\\x{ac00}-\\x{d7ff}]+",
        "\\p{N}"},
       false,
       false,
       false},
      {{"tekken"}, {TEKKEN}, false, true, true},
      {{"gpt-4o"}, {GPT4O}, false, false, false},
  };
  return table;
}

/// PCRE2's text for `code`.
static std::string pcreMessage(int code) {
  PCRE2_UCHAR buffer[256];
  if (pcre2_get_error_message(code, buffer, sizeof(buffer)) < 0)
    return "error " + std::to_string(code);
  return reinterpret_cast<const char *>(buffer);
}

void PreTokenizer::Free::operator()(pcre2_real_code_8 *code) const {
  pcre2_code_free(code);
}
void PreTokenizer::Free::operator()(pcre2_real_match_data_8 *data) const {
  pcre2_match_data_free(data);
}
void PreTokenizer::Free::operator()(pcre2_real_match_context_8 *context) const {
  pcre2_match_context_free(context);
}

PreTokenizer::PreTokenizer() = default;
PreTokenizer::~PreTokenizer() = default;

tenon_text_status PreTokenizer::compile(const char *pattern) {
  int error;
  PCRE2_SIZE place;
  Code code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern),
                          PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_UCP, &error,
                          &place, nullptr));
  if (!code)
    return fail(TENON_TEXT_INTERNAL,
                "pre-tokenizer: pcre2 refuses " + std::string(pattern) +
                    " at " + std::to_string(place) + ": " + pcreMessage(error));
  // Machine code if this machine allows it; matching is the same without.
  pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);
  codes.push_back(std::move(code));
  return TENON_TEXT_OK;
}

tenon_text_status PreTokenizer::open(std::string_view name) {
  std::string known;
  for (const PreTokenizerFamily &family : families()) {
    for (const char *candidate : family.names) {
      if (name == candidate)
        chosen = &family;
      known += (known.empty() ? "" : ", ") + std::string(candidate);
    }
  }
  if (!chosen)
    return fail(TENON_TEXT_UNSUPPORTED,
                "tokenizer: expected tokenizer.ggml.pre to be one of " + known +
                    ", but got " + quote(name));

  context.reset(pcre2_match_context_create(nullptr));
  if (!context)
    return fail(TENON_TEXT_OUT_OF_MEMORY, "tokenizer: out of memory");
  // The limit counts steps of one match. No expression of the table takes more
  // steps than a small multiple of the text, so that only the text's length
  // would ever hit a limit.
  pcre2_set_match_limit(context.get(), UINT32_MAX);
  for (const char *pattern : chosen->patterns)
    if (auto status = compile(pattern))
      return status;
  return TENON_TEXT_OK;
}

tenon_text_status
PreTokenizer::cutBy(const pcre2_real_code_8 *code, std::string_view text,
                    pcre2_real_match_data_8 *data,
                    std::vector<std::string_view> &pieces) const {
  auto subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  const PCRE2_SIZE *bounds = pcre2_get_ovector_pointer(data);
  size_t done = 0;
  while (done < text.size()) {
    int count = pcre2_match(code, subject, text.size(), done,
                            PCRE2_NO_UTF_CHECK, data, context.get());
    if (count == PCRE2_ERROR_NOMATCH)
      break;
    if (count == PCRE2_ERROR_NOMEMORY)
      return fail(TENON_TEXT_OUT_OF_MEMORY, "pre-tokenizer: out of memory");
    if (count < 0)
      return fail(TENON_TEXT_INTERNAL, "pre-tokenizer: pcre2 failed at byte " +
                                           std::to_string(done) + " of " +
                                           std::to_string(text.size()) + ": " +
                                           pcreMessage(count));
    if (bounds[0] > done)
      pieces.push_back(text.substr(done, bounds[0] - done));
    // No expression of the table matches nothing, so this goes on.
    pieces.push_back(text.substr(bounds[0], bounds[1] - bounds[0]));
    done = bounds[1];
  }
  if (done < text.size())
    pieces.push_back(text.substr(done));
  return TENON_TEXT_OK;
}

tenon_text_status
PreTokenizer::cut(std::string_view text,
                  std::vector<std::string_view> &pieces) const {
  std::unique_ptr<pcre2_real_match_data_8, Free> data(
      pcre2_match_data_create(1, nullptr));
  if (!data)
    return fail(TENON_TEXT_OUT_OF_MEMORY, "pre-tokenizer: out of memory");
  pieces.assign(1, text);
  std::vector<std::string_view> before;
  for (const Code &code : codes) {
    before.swap(pieces);
    pieces.clear();
    for (std::string_view piece : before)
      if (auto status = cutBy(code.get(), piece, data.get(), pieces))
        return status;
  }
  return TENON_TEXT_OK;
}
