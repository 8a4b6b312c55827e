//===- Encode.cpp - text to ids -------------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Special tokens are cut out first, what is left is normalized (if the family
// does), cut into words, and each word merged. Text repeats its words: a small
// cache remembers where in the output a word's ids already stand.
//
//===----------------------------------------------------------------------===//

#include "Normalizer.h"
#include "Tokenizer.h"
#include "Utf8.h"

#include <algorithm>
#include <deque>
#include <functional>

using namespace tenon::text;

namespace {
/// Where the ids of words stand in the output: a table in which a newer word
/// replaces an older one of the same slot, so that it never grows.
class WordCache {
public:
  struct Entry {
    std::string_view word;
    size_t start = 0;
    size_t count = 0;
  };

  explicit WordCache(size_t textBytes) {
    size_t size = 16;
    while (size < maxEntries && size < textBytes / 4)
      size *= 2;
    entries.resize(size);
  }

  /// The slot of `word`, whatever it holds now.
  Entry &slot(std::string_view word) {
    return entries[std::hash<std::string_view>()(word) & (entries.size() - 1)];
  }

private:
  static constexpr size_t maxEntries = 1 << 14;
  std::vector<Entry> entries;
};
} // namespace

/// One call of encode().
class Tokenizer::Encoder {
public:
  Encoder(const Tokenizer &tokenizer, size_t textBytes,
          std::vector<int32_t> &ids)
      : tokenizer(tokenizer), ids(ids), merger(tokenizer.merges),
        cache(textBytes) {}

  /// Appends the ids of text without special tokens.
  tenon_text_status plain(std::string_view text);

private:
  void word(std::string_view bytes);
  void newWord(std::string_view bytes);

  const Tokenizer &tokenizer;
  std::vector<int32_t> &ids;
  Merger merger;
  WordCache cache;
  /// Kept for the whole call, because the cache points into them.
  std::deque<std::string> normalized;
  std::vector<std::string_view> words;
};

void Tokenizer::Encoder::newWord(std::string_view bytes) {
  if (tokenizer.preTokenizer.family().wholeWords) {
    int32_t id = tokenizer.find(tokenizer.byteMap.spell(bytes));
    if (id >= 0) {
      ids.push_back(id);
      return;
    }
  }
  size_t start = ids.size();
  for (char c : bytes) {
    int32_t id = tokenizer.byteIds[static_cast<uint8_t>(c)];
    // A vocabulary may lack bytes that its training text never had. They are
    // left out: no id stands for them.
    if (id >= 0)
      ids.push_back(id);
  }
  merger.run(ids, start);
}

void Tokenizer::Encoder::word(std::string_view bytes) {
  constexpr size_t longestCached = 64;
  if (bytes.size() > longestCached)
    return newWord(bytes);
  WordCache::Entry &entry = cache.slot(bytes);
  if (entry.word == bytes) {
    // By index: the output may move while it grows.
    for (size_t i = 0; i < entry.count; ++i) {
      int32_t id = ids[entry.start + i];
      ids.push_back(id);
    }
    return;
  }
  size_t start = ids.size();
  newWord(bytes);
  entry = {bytes, start, ids.size() - start};
}

tenon_text_status Tokenizer::Encoder::plain(std::string_view text) {
  bool ascii = std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<uint8_t>(c) < 0x80;
  });
  if (tokenizer.preTokenizer.family().normalizeNfc && !ascii) {
    if (auto status = toNfc(text, normalized.emplace_back()))
      return status;
    text = normalized.back();
  }
  if (auto status = tokenizer.preTokenizer.cut(text, words))
    return status;
  for (std::string_view bytes : words)
    word(bytes);
  return TENON_TEXT_OK;
}

tenon_text_status Tokenizer::encode(std::string_view text, uint32_t flags,
                                    std::vector<int32_t> &ids) const {
  if (text.size() > INT32_MAX)
    return fail(TENON_TEXT_INVALID_ARGUMENT,
                "encode: expected less than 2 GiB of text, but got " +
                    std::to_string(text.size()) + " bytes");
  size_t invalid = findInvalidUtf8(text);
  if (invalid != std::string_view::npos)
    return fail(TENON_TEXT_INVALID_UTF8,
                "encode: expected UTF-8 text, but got byte " +
                    quote(text.substr(invalid, 1)) + " at offset " +
                    std::to_string(invalid));

  if ((flags & TENON_TEXT_ADD_BOS) && addBos)
    ids.push_back(roles[TENON_TEXT_BOS]);
  Encoder encoder(*this, text.size(), ids);
  for (size_t at = 0; at < text.size();) {
    Specials::Match match =
        specials.find(text, at, flags & TENON_TEXT_PARSE_SPECIAL);
    size_t end = std::min(match.offset, text.size());
    if (end > at)
      if (auto status = encoder.plain(text.substr(at, end - at)))
        return status;
    if (match.id >= 0)
      ids.push_back(match.id);
    at = end + match.length;
  }
  if ((flags & TENON_TEXT_ADD_EOS) && addEos)
    ids.push_back(roles[TENON_TEXT_EOS]);
  return TENON_TEXT_OK;
}
