//===- Tokenizer.cpp - a tokenizer from its metadata ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Opens the tokenizer that the keys `tokenizer.*` describe and refuses one that
// contradicts itself: ids outside the vocabulary, counts that differ, merges of
// tokens that do not exist. What may be missing gets the meaning that files in
// the wild rely on.
//
//===----------------------------------------------------------------------===//

#include "Tokenizer.h"

#include "Utf8.h"

using namespace tenon::text;

static tenon_text_status malformed(const std::string &what) {
  return fail(TENON_TEXT_MALFORMED, "tokenizer: " + what);
}

tenon_text_status Tokenizer::openVocabulary(const Metadata &metadata) {
  std::vector<std::string_view> names;
  if (auto status = metadata.getStrings("tokenizer.ggml.tokens", names))
    return status;
  if (names.empty() || names.size() > INT32_MAX)
    return malformed("expected tokenizer.ggml.tokens to hold 1 to 2^31-1 "
                     "tokens, but got " +
                     std::to_string(names.size()));
  vocabulary.resize(names.size());
  for (size_t i = 0; i < names.size(); ++i) {
    if (findInvalidUtf8(names[i]) != std::string_view::npos)
      return malformed("expected tokens in UTF-8, but got token " +
                       std::to_string(i) + " " + quote(names[i]));
    vocabulary[i].name = names[i];
    if (names[i].empty())
      continue;
    auto [known, isNew] = ids.emplace(names[i], static_cast<int32_t>(i));
    if (!isNew)
      return malformed("expected each token once, but got " + quote(names[i]) +
                       " as token " + std::to_string(known->second) +
                       " and token " + std::to_string(i));
  }
  return TENON_TEXT_OK;
}

tenon_text_status Tokenizer::openKinds(const Metadata &metadata) {
  constexpr const char *key = "tokenizer.ggml.token_type";
  if (!metadata.find(key))
    return TENON_TEXT_OK;
  const Pair *pair;
  if (auto status = metadata.get(key, TENON_TEXT_TYPE_ARRAY, pair))
    return status;
  if (pair->element != TENON_TEXT_TYPE_INT32 &&
      pair->element != TENON_TEXT_TYPE_UINT32)
    return fail(TENON_TEXT_WRONG_TYPE,
                "tokenizer: expected tokenizer.ggml.token_type of type array "
                "of int32, but got array of " +
                    std::string(typeName(pair->element)));
  if (pair->count != vocabulary.size())
    return malformed("expected tokenizer.ggml.token_type to hold " +
                     std::to_string(vocabulary.size()) +
                     " elements, one for each token, but got " +
                     std::to_string(pair->count));
  for (size_t i = 0; i < vocabulary.size(); ++i) {
    auto kind = loadAs<int32_t>(pair->data.data() + i * sizeof(int32_t));
    if (kind < 0 || kind > static_cast<int32_t>(TokenKind::Byte))
      return malformed("expected token types 0..6, but got " +
                       std::to_string(kind) + " for token " +
                       std::to_string(i));
    vocabulary[i].kind = static_cast<TokenKind>(kind);
  }
  return TENON_TEXT_OK;
}

tenon_text_status Tokenizer::openRoles(const Metadata &metadata) {
  static const char *const keys[roleCount] = {
      "tokenizer.ggml.bos_token_id",     "tokenizer.ggml.eos_token_id",
      "tokenizer.ggml.eot_token_id",     "tokenizer.ggml.eom_token_id",
      "tokenizer.ggml.unknown_token_id", "tokenizer.ggml.padding_token_id"};
  for (size_t role = 0; role < roleCount; ++role) {
    roles[role] = -1;
    if (!metadata.find(keys[role]))
      continue;
    uint64_t id;
    bool negative;
    if (auto status = metadata.getInteger(keys[role], id, negative))
      return status;
    if (negative || id >= vocabulary.size())
      return malformed("expected " + std::string(keys[role]) + " below " +
                       std::to_string(vocabulary.size()) +
                       ", the number of tokens, but got " +
                       (negative ? "-" : "") + std::to_string(id));
    roles[role] = static_cast<int32_t>(id);
  }
  return TENON_TEXT_OK;
}

/// Reads the bool of `key` if there is one. `value` keeps what it is if not.
static tenon_text_status readBool(const Metadata &metadata, const char *key,
                                  bool &value) {
  if (!metadata.find(key))
    return TENON_TEXT_OK;
  const Pair *pair;
  if (auto status = metadata.get(key, TENON_TEXT_TYPE_BOOL, pair))
    return status;
  value = pair->data[0] != 0;
  return TENON_TEXT_OK;
}

tenon_text_status Tokenizer::openFlags(const Metadata &metadata) {
  addBos = preTokenizer.family().addBosDefault && roles[TENON_TEXT_BOS] >= 0;
  if (auto status = readBool(metadata, "tokenizer.ggml.add_bos_token", addBos))
    return status;
  if (auto status = readBool(metadata, "tokenizer.ggml.add_eos_token", addEos))
    return status;
  if (addBos && roles[TENON_TEXT_BOS] < 0)
    return malformed("expected tokenizer.ggml.bos_token_id because "
                     "tokenizer.ggml.add_bos_token is true, but there is none");
  if (addEos && roles[TENON_TEXT_EOS] < 0)
    return malformed("expected tokenizer.ggml.eos_token_id because "
                     "tokenizer.ggml.add_eos_token is true, but there is none");
  if (metadata.find("tokenizer.chat_template"))
    return metadata.getString("tokenizer.chat_template", chat);
  return TENON_TEXT_OK;
}

/// Marks the tokens that end a generation. Chat models end a turn by a token
/// that is often not the EOS of the metadata, and some files do not even mark
/// it as a control token, so these are known by name. A token that merges make
/// is ordinary text, though ("</s>" is also HTML).
void Tokenizer::findEnds() {
  // <|end_of_sentence|> with U+FF5C for the bars and U+2581 for the lines.
  static const char deepSeekEnd[] = "<\xef\xbd\x9c"
                                    "end\xe2\x96\x81of\xe2\x96\x81"
                                    "sentence\xef\xbd\x9c>";
  static const char *const endNames[] = {
      "<|eot_id|>",      "<|im_end|>",    "<|end|>",       "<|return|>",
      "<|call|>",        "<end_of_turn>", "<|eom_id|>",    "<|endoftext|>",
      "<|end_of_text|>", "<EOT>",         "_<EOT>",        "[EOT]",
      "[EOS]",           "</s>",          "<eos>",         "<end_of_utterance>",
      "<|fim_pad|>",     "<|fim_repo|>",  "<|repo_name|>", "<reponame>",
      "<|file_sep|>",    deepSeekEnd,
  };
  for (const char *name : endNames) {
    int32_t id = find(name);
    if (id < 0 || vocabulary[id].merged)
      continue;
    vocabulary[id].end = true;
    vocabulary[id].kind = TokenKind::Control;
  }
  // Where a message is closed by <|return|> or <|call|>, <|end|> only closes a
  // part of it.
  int32_t part = find("<|end|>");
  if (part >= 0 && find("<|return|>") >= 0 && find("<|call|>") >= 0)
    vocabulary[part].end = false;
  for (tenon_text_role role : {TENON_TEXT_EOS, TENON_TEXT_EOT, TENON_TEXT_EOM})
    if (roles[role] >= 0)
      vocabulary[roles[role]].end = true;
}

/// Finds out what bytes each token stands for and which token a byte is.
void Tokenizer::spellOut() {
  for (size_t i = 0; i < vocabulary.size(); ++i) {
    Token &token = vocabulary[i];
    bool whole = token.kind == TokenKind::Control ||
                 token.kind == TokenKind::UserDefined ||
                 token.kind == TokenKind::Unknown;
    if (whole)
      specials.add(token.name, static_cast<int32_t>(i),
                   token.kind != TokenKind::UserDefined);
    if (whole || !byteMap.unspell(token.name, token.bytes))
      token.bytes = token.name;
  }
  for (size_t byte = 0; byte < byteIds.size(); ++byte) {
    char c = static_cast<char>(byte);
    byteIds[byte] = find(byteMap.spell({&c, 1}));
  }
}

tenon_text_status Tokenizer::openMerges(const Metadata &metadata) {
  std::vector<std::string_view> rules;
  if (auto status = metadata.getStrings("tokenizer.ggml.merges", rules))
    return status;
  if (rules.size() > UINT32_MAX)
    return malformed("expected fewer than 2^32 merges, but got " +
                     std::to_string(rules.size()));
  merges.reserve(rules.size());
  std::string joined;
  for (size_t i = 0; i < rules.size(); ++i) {
    std::string_view rule = rules[i];
    auto refuse = [&](const std::string &what) {
      return malformed("expected merge " + std::to_string(i) + " " +
                       quote(rule) + " to " + what);
    };
    // No spelling holds a space, but a part may start with one in files that
    // were written carelessly.
    size_t space = rule.find(' ', 1);
    if (space == std::string_view::npos || space + 1 == rule.size())
      return refuse("be two tokens with a space between");
    std::string_view left = rule.substr(0, space);
    std::string_view right = rule.substr(space + 1);
    joined.assign(left).append(right);
    int32_t parts[] = {find(left), find(right), find(joined)};
    const std::string_view names[] = {left, right, joined};
    for (int part = 0; part < 3; ++part)
      if (parts[part] < 0)
        return refuse("name tokens, but the vocabulary has no " +
                      quote(names[part]));
    merges.add(parts[0], parts[1], {static_cast<uint32_t>(i), parts[2]});
    vocabulary[parts[2]].merged = true;
  }
  return TENON_TEXT_OK;
}

tenon_text_status Tokenizer::open(const Metadata &metadata) {
  constexpr const char *modelKey = "tokenizer.ggml.model";
  constexpr const char *preKey = "tokenizer.ggml.pre";
  if (!metadata.find(modelKey))
    return fail(TENON_TEXT_NOT_FOUND,
                "tokenizer: expected key tokenizer.ggml.model, but there is "
                "none: the model carries no tokenizer");
  std::string_view model;
  if (auto status = metadata.getString(modelKey, model))
    return status;
  if (model != "gpt2")
    return fail(TENON_TEXT_UNSUPPORTED,
                "tokenizer: expected tokenizer.ggml.model to be 'gpt2' "
                "(byte-level BPE), but got " +
                    quote(model));
  // Files from before the key existed mean "default".
  std::string_view pre = "default";
  if (metadata.find(preKey))
    if (auto status = metadata.getString(preKey, pre))
      return status;
  if (auto status = preTokenizer.open(pre))
    return status;
  if (auto status = openVocabulary(metadata))
    return status;
  if (auto status = openKinds(metadata))
    return status;
  if (auto status = openRoles(metadata))
    return status;
  if (auto status = openFlags(metadata))
    return status;
  if (auto status = openMerges(metadata))
    return status;
  findEnds();
  spellOut();
  return TENON_TEXT_OK;
}

int32_t Tokenizer::find(std::string_view name) const {
  auto found = ids.find(name);
  return found == ids.end() ? -1 : found->second;
}

tenon_text_status Tokenizer::checkId(int32_t id) const {
  if (holds(id))
    return TENON_TEXT_OK;
  return fail(TENON_TEXT_INVALID_ARGUMENT,
              "tokenizer: expected a token id below " +
                  std::to_string(vocabulary.size()) + ", but got " +
                  std::to_string(id));
}
