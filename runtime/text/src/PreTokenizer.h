//===- PreTokenizer.h - cuts text into words --------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Before byte pairs are merged, text is cut by the regular expressions of the
// model's family; merges never cross a cut. A family is a row of a table: its
// names in GGUF files, its expressions and the habits that come with it.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TEXT_SRC_PRETOKENIZER_H
#define TENON_TEXT_SRC_PRETOKENIZER_H

#include "Error.h"

#include <memory>
#include <string_view>
#include <vector>

struct pcre2_real_code_8;
struct pcre2_real_match_data_8;
struct pcre2_real_match_context_8;

namespace tenon::text {

/// What a value of `tokenizer.ggml.pre` means.
struct PreTokenizerFamily {
  std::vector<const char *> names;
  /// Applied one after the other, each to every piece the one before left.
  std::vector<const char *> patterns;
  bool normalizeNfc;  ///< text is brought to NFC first
  bool wholeWords;    ///< a word that is a token is not merged from parts
  bool addBosDefault; ///< when the metadata does not say
};

/// A family with compiled expressions. Immutable: threads may share it.
class PreTokenizer {
public:
  PreTokenizer();
  ~PreTokenizer();

  /// Takes the family called `name`; an unknown name is an error that lists
  /// the known ones.
  tenon_text_status open(std::string_view name);

  /// The family.
  const PreTokenizerFamily &family() const { return *chosen; }

  /// Replaces `pieces` by the words of `text`, valid UTF-8, in order and
  /// without gaps.
  tenon_text_status cut(std::string_view text,
                        std::vector<std::string_view> &pieces) const;

private:
  struct Free {
    void operator()(pcre2_real_code_8 *code) const;
    void operator()(pcre2_real_match_data_8 *data) const;
    void operator()(pcre2_real_match_context_8 *context) const;
  };
  using Code = std::unique_ptr<pcre2_real_code_8, Free>;

  tenon_text_status compile(const char *pattern);
  tenon_text_status cutBy(const pcre2_real_code_8 *code, std::string_view text,
                          pcre2_real_match_data_8 *data,
                          std::vector<std::string_view> &pieces) const;

  const PreTokenizerFamily *chosen = nullptr;
  std::vector<Code> codes;
  std::unique_ptr<pcre2_real_match_context_8, Free> context;
};

} // namespace tenon::text

#endif // TENON_TEXT_SRC_PRETOKENIZER_H
