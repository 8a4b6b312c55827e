//===- Utf8.h - one step through UTF-8 --------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Validation, decoding of token names and the stream all walk UTF-8 with the
// same step, which also tells an unfinished sequence from a broken one. That
// difference is why a library's decoder does not do.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TEXT_SRC_UTF8_H
#define TENON_TEXT_SRC_UTF8_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tenon::text {

/// What starts at a place of a byte string.
struct Utf8Step {
  enum Kind {
    Valid,      ///< a whole sequence of `length` bytes for `codepoint`
    Unfinished, ///< the rest of the string, `length` bytes, could go on
    Broken      ///< `length` bytes that no continuation makes valid
  };
  Kind kind;
  uint8_t length;
  uint32_t codepoint;
};

/// Looks at the start of `text`, which must not be empty. Overlong forms,
/// surrogates and values above U+10FFFF are broken; the length of a broken step
/// is the maximal ill-formed subpart of the Unicode standard.
Utf8Step utf8Step(std::string_view text);

/// Offset of the first byte that is not part of valid UTF-8, or npos.
size_t findInvalidUtf8(std::string_view text);

/// Appends `codepoint`, a valid one, to `out`.
void appendUtf8(uint32_t codepoint, std::string &out);

} // namespace tenon::text

#endif // TENON_TEXT_SRC_UTF8_H
