//===- Modes.h - what tenon-run can do ------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One function per mode, one file per function. Each returns the exit code
// and throws a Failure when it cannot do its work.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TOOLS_TENONRUN_MODES_H
#define TENON_TOOLS_TENONRUN_MODES_H

#include "Options.h"

namespace tenon::run {

/// Exit code after Ctrl-C.
constexpr int kInterruptedCode = 130;

/// Continues the prompt on standard output.
int generate(const Options &options);

/// Writes the logits of the prompt to a NumPy file.
int writeLogits(const Options &options);

/// Scores a text; the perplexity is the last line of standard output.
int perplexity(const Options &options);

/// Continues the prompts of a file, several at a time.
int batch(const Options &options);

/// Times prefill and decoding.
int bench(const Options &options);

/// Times each kernel of a decoding step and of a chunk.
int profile(const Options &options);

} // namespace tenon::run

#endif // TENON_TOOLS_TENONRUN_MODES_H
