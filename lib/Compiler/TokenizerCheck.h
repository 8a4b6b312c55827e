//===- TokenizerCheck.h - does the artifact's tokenizer work? ---*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_COMPILER_TOKENIZERCHECK_H
#define TENON_LIB_COMPILER_TOKENIZERCHECK_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>

namespace tenon {

/// Opens the tokenizer of `metadata` (GGUF's encoding) as the runtime will, and
/// fails, naming `file`, if that fails or if it has more tokens than the
/// `vocabulary` of the code.
llvm::Error checkTokenizer(llvm::ArrayRef<uint8_t> metadata, int64_t vocabulary,
                           llvm::StringRef file);

} // namespace tenon

#endif // TENON_LIB_COMPILER_TOKENIZERCHECK_H
