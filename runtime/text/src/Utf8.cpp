//===- Utf8.cpp - one step through UTF-8 ----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The ranges are those of table 3-7 of the Unicode standard: only the second
// byte has bounds other than 80..BF, and they depend on the first byte.
//
//===----------------------------------------------------------------------===//

#include "Utf8.h"

using namespace tenon::text;

Utf8Step tenon::text::utf8Step(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  uint8_t first = byte(0);
  if (first < 0x80)
    return {Utf8Step::Valid, 1, first};

  uint8_t count = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (first < 0xc2 || first > 0xf4)
    return {Utf8Step::Broken, 1, 0};
  uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;

  uint32_t codepoint = first & (0x7f >> count);
  for (uint8_t i = 1; i < count; ++i) {
    if (i == text.size())
      return {Utf8Step::Unfinished, i, 0};
    if (byte(i) < low || byte(i) > high)
      return {Utf8Step::Broken, i, 0};
    codepoint = codepoint << 6 | (byte(i) & 0x3f);
    low = 0x80;
    high = 0xbf;
  }
  return {Utf8Step::Valid, count, codepoint};
}

size_t tenon::text::findInvalidUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    if (static_cast<uint8_t>(text[i]) < 0x80) {
      ++i;
      continue;
    }
    Utf8Step step = utf8Step(text.substr(i));
    if (step.kind != Utf8Step::Valid)
      return i;
    i += step.length;
  }
  return std::string_view::npos;
}

void tenon::text::appendUtf8(uint32_t codepoint, std::string &out) {
  auto tail = [&](int shift) {
    out += static_cast<char>(0x80 | (codepoint >> shift & 0x3f));
  };
  if (codepoint < 0x80) {
    out += static_cast<char>(codepoint);
  } else if (codepoint < 0x800) {
    out += static_cast<char>(0xc0 | codepoint >> 6);
    tail(0);
  } else if (codepoint < 0x10000) {
    out += static_cast<char>(0xe0 | codepoint >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xf0 | codepoint >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}
