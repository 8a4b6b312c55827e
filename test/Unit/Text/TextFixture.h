//===- TextFixture.h - metadata blobs for tests of the text library
//--------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writes blobs byte by byte, right or wrong, and a small tokenizer: all 256
// bytes, some merges, some special tokens.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TEST_UNIT_TEXT_TEXTFIXTURE_H
#define TENON_TEST_UNIT_TEXT_TEXTFIXTURE_H

#include "tenon-text/text.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace tenon::text::test {

/// The bytes of `value`, little endian.
template <typename T>
std::string bytesOf(T value) {
  return std::string(reinterpret_cast<const char *>(&value), sizeof(value));
}

/// A string as GGUF writes it.
std::string stringOf(const std::string &text);

/// Values with their type in front.
std::string stringValue(const std::string &text);
std::string boolValue(bool value);
std::string u32Value(uint32_t value);
std::string i32Value(int32_t value);
std::string stringsValue(const std::vector<std::string> &strings);
std::string i32sValue(const std::vector<int32_t> &numbers);

/// Pairs by key; each value starts with its type.
using Pairs = std::map<std::string, std::string>;

/// The blob of `pairs`.
std::string blobOf(const Pairs &pairs);

/// The pairs of the small tokenizer. Ids: byte b is b; 256.. are the results
/// of merges(), then come specials().
Pairs smallTokenizer(const std::string &pre);

/// Merge rules of the small tokenizer.
const std::vector<std::string> &merges();

/// Names of its special tokens: two control tokens, then user-defined ones.
const std::vector<std::string> &specials();

/// Id of the first special token.
int32_t firstSpecial();

struct Closer {
  void operator()(tenon_text_metadata *p) const {
    tenon_text_metadata_close(p);
  }
  void operator()(tenon_text_tokenizer *p) const {
    tenon_text_tokenizer_close(p);
  }
  void operator()(tenon_text_stream *p) const { tenon_text_stream_close(p); }
};
template <typename T>
using Handle = std::unique_ptr<T, Closer>;

/// An opened tokenizer with the blob below it, or the error text.
struct Opened {
  explicit Opened(std::string theBlob);
  explicit Opened(const Pairs &pairs) : Opened(blobOf(pairs)) {}

  /// Ids of `text`; fails the test when there are none.
  std::vector<int32_t> encode(const std::string &text,
                              uint32_t flags = 0) const;

  std::string blob;
  Handle<tenon_text_metadata> metadata;
  Handle<tenon_text_tokenizer> tokenizer;
  tenon_text_status status;
  std::string error;
};

} // namespace tenon::text::test

#endif // TENON_TEST_UNIT_TEXT_TEXTFIXTURE_H
