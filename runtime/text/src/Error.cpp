//===- Error.cpp - error text of the text library -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The last error lives in thread-local storage, so that concurrent users of one
// tokenizer never see each other's text.
//
//===----------------------------------------------------------------------===//

#include "Error.h"

#include <utility>

using namespace tenon::text;

static thread_local std::string lastError;

tenon_text_status tenon::text::fail(tenon_text_status status,
                                    std::string message) noexcept {
  lastError = std::move(message);
  return status;
}

std::string tenon::text::quote(std::string_view text) {
  constexpr size_t limit = 40;
  static const char digits[] = "0123456789abcdef";
  std::string out = "'";
  for (char c : text.substr(0, limit)) {
    auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      out += c;
      continue;
    }
    out += "\\x";
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  if (text.size() > limit)
    out += "...";
  return out + "'";
}

extern "C" const char *tenon_text_last_error(void) { return lastError.c_str(); }
