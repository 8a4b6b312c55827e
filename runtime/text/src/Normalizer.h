//===- Normalizer.h - canonical composition ---------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Some families (Qwen) were trained on text in NFC and bring every prompt to
// that form first.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TEXT_SRC_NORMALIZER_H
#define TENON_TEXT_SRC_NORMALIZER_H

#include "Error.h"

namespace tenon::text {

/// Sets `out` to `text`, valid UTF-8, in Unicode's normalization form C.
tenon_text_status toNfc(std::string_view text, std::string &out);

} // namespace tenon::text

#endif // TENON_TEXT_SRC_NORMALIZER_H
