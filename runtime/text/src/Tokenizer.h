//===- Tokenizer.h - byte-level BPE -----------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A vocabulary with its merge rules and its pre-tokenizer: text to ids, and
// the bytes and role of each id. Immutable once opened.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TEXT_SRC_TOKENIZER_H
#define TENON_TEXT_SRC_TOKENIZER_H

#include "ByteMap.h"
#include "Merges.h"
#include "Metadata.h"
#include "PreTokenizer.h"
#include "Specials.h"

namespace tenon::text {

/// Kinds of tokens, numbered as in `tokenizer.ggml.token_type`.
enum class TokenKind : uint8_t {
  Undefined = 0,
  Normal = 1,
  Unknown = 2,
  Control = 3,
  UserDefined = 4,
  Unused = 5,
  Byte = 6,
};

/// One token of the vocabulary.
struct Token {
  std::string_view name; ///< as the vocabulary spells it, in the blob
  std::string bytes;     ///< what it stands for
  TokenKind kind = TokenKind::Normal;
  bool merged = false; ///< some merge makes it
  bool end = false;    ///< ends a generation
};

/// The tokenizer that a model's metadata describe.
class Tokenizer {
public:
  /// Reads the keys `tokenizer.*`. The blob below `metadata` must outlive this
  /// object; `metadata` itself need not.
  tenon_text_status open(const Metadata &metadata);

  /// Appends the ids of `text` to `ids`; `flags` as tenon_text_encode_flags.
  tenon_text_status encode(std::string_view text, uint32_t flags,
                           std::vector<int32_t> &ids) const;

  /// The tokens by id.
  const std::vector<Token> &tokens() const { return vocabulary; }

  /// Whether `id` is one.
  bool holds(int32_t id) const {
    return id >= 0 && static_cast<size_t>(id) < vocabulary.size();
  }

  /// Refuses an `id` that is none.
  tenon_text_status checkId(int32_t id) const;

  /// Id of the token spelled `name`, or -1.
  int32_t find(std::string_view name) const;

  /// Id of the token with `role`, or -1.
  int32_t roleId(tenon_text_role role) const { return roles[role]; }

  /// The chat template; null data when there is none.
  std::string_view chatTemplate() const { return chat; }

private:
  static constexpr size_t roleCount = TENON_TEXT_PAD + 1;

  // Parts of open(), in this order.
  tenon_text_status openVocabulary(const Metadata &metadata);
  tenon_text_status openKinds(const Metadata &metadata);
  tenon_text_status openRoles(const Metadata &metadata);
  tenon_text_status openFlags(const Metadata &metadata);
  tenon_text_status openMerges(const Metadata &metadata);
  void findEnds();
  void spellOut();

  class Encoder;

  ByteMap byteMap;
  PreTokenizer preTokenizer;
  std::vector<Token> vocabulary;
  std::unordered_map<std::string_view, int32_t> ids;
  std::array<int32_t, 256> byteIds; ///< -1: the vocabulary lacks the byte
  MergeTable merges;
  Specials specials;
  std::array<int32_t, roleCount> roles;
  bool addBos = false;
  bool addEos = false;
  std::string_view chat;
};

} // namespace tenon::text

#endif // TENON_TEXT_SRC_TOKENIZER_H
