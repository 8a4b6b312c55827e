//===- ByteMap.h - GPT-2's way to write bytes as characters -----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Byte-level vocabularies spell every byte as one printable character: bytes
// that print in Latin-1 stand for themselves, the others, in order, take the
// code points from U+0100 on (a space is U+0120).
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TEXT_SRC_BYTEMAP_H
#define TENON_TEXT_SRC_BYTEMAP_H

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace tenon::text {

/// The map in both directions.
class ByteMap {
public:
  ByteMap();

  /// How a vocabulary spells `bytes`.
  std::string spell(std::string_view bytes) const;

  /// The bytes that `spelling`, valid UTF-8, stands for. Returns false when it
  /// holds a character that stands for no byte.
  bool unspell(std::string_view spelling, std::string &bytes) const;

private:
  /// One past the last code point that stands for a byte.
  static constexpr uint32_t limit = 0x144;

  std::array<uint32_t, 256> codepoints;
  std::array<int16_t, limit> bytesOf;
};

} // namespace tenon::text

#endif // TENON_TEXT_SRC_BYTEMAP_H
