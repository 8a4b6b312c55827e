//===- ByteMap.cpp - GPT-2's way to write bytes as characters -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tables are computed: 68 bytes do not print, so the last code point is
// U+0143.
//
//===----------------------------------------------------------------------===//

#include "ByteMap.h"

#include "Utf8.h"

using namespace tenon::text;

/// Whether Latin-1 character `byte` prints, as GPT-2 counts it.
static bool prints(uint32_t byte) {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte != 0xad);
}

ByteMap::ByteMap() {
  bytesOf.fill(-1);
  uint32_t next = 0x100;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    codepoints[byte] = prints(byte) ? byte : next++;
    bytesOf[codepoints[byte]] = static_cast<int16_t>(byte);
  }
}

std::string ByteMap::spell(std::string_view bytes) const {
  std::string out;
  for (char c : bytes)
    appendUtf8(codepoints[static_cast<uint8_t>(c)], out);
  return out;
}

bool ByteMap::unspell(std::string_view spelling, std::string &bytes) const {
  bytes.clear();
  while (!spelling.empty()) {
    Utf8Step step = utf8Step(spelling);
    if (step.kind != Utf8Step::Valid || step.codepoint >= limit ||
        bytesOf[step.codepoint] < 0)
      return false;
    bytes += static_cast<char>(bytesOf[step.codepoint]);
    spelling.remove_prefix(step.length);
  }
  return true;
}
