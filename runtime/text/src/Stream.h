//===- Stream.h - ids to text, piece by piece -------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A token may end in the middle of a character. The stream holds such bytes
// back until the next token completes them or shows that nothing will.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TEXT_SRC_STREAM_H
#define TENON_TEXT_SRC_STREAM_H

#include "Tokenizer.h"

namespace tenon::text {

/// The text of a sequence of ids.
class Stream {
public:
  Stream(const Tokenizer &tokenizer, uint32_t flags)
      : tokenizer(tokenizer), flags(flags) {}

  /// Takes token `id`; `text` is what may be written now.
  tenon_text_status push(int32_t id, std::string_view &text);

  /// Ends the text and makes the stream new.
  std::string_view flush();

private:
  const Tokenizer &tokenizer;
  uint32_t flags;
  std::string pending; ///< an unfinished sequence: at most three bytes
  std::string ready;   ///< what the last call handed out
};

} // namespace tenon::text

#endif // TENON_TEXT_SRC_STREAM_H
