//===- Stream.cpp - ids to text, piece by piece ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Broken bytes become U+FFFD as the Unicode standard recommends (and Python's
// decoder does): one for each maximal subpart, so that the text is the same
// however the bytes are spread over tokens.
//
//===----------------------------------------------------------------------===//

#include "Stream.h"

#include "Utf8.h"

using namespace tenon::text;

static constexpr uint32_t replacement = 0xfffd;

tenon_text_status Stream::push(int32_t id, std::string_view &text) {
  if (auto status = tokenizer.checkId(id))
    return status;
  ready.clear();
  const Token &token = tokenizer.tokens()[id];
  if (token.kind != TokenKind::Control || (flags & TENON_TEXT_SHOW_CONTROL))
    pending += token.bytes;

  std::string_view rest = pending;
  while (!rest.empty()) {
    Utf8Step step = utf8Step(rest);
    if (step.kind == Utf8Step::Unfinished)
      break;
    if (step.kind == Utf8Step::Valid)
      ready.append(rest.substr(0, step.length));
    else
      appendUtf8(replacement, ready);
    rest.remove_prefix(step.length);
  }
  pending.erase(0, pending.size() - rest.size());
  text = ready;
  return TENON_TEXT_OK;
}

std::string_view Stream::flush() {
  ready.clear();
  if (!pending.empty())
    appendUtf8(replacement, ready);
  pending.clear();
  return ready;
}
