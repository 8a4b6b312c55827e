//===- Progress.h - what tenonc tells while it works ------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TOOLS_TENONC_PROGRESS_H
#define TENON_TOOLS_TENONC_PROGRESS_H

#include "tenon/Invocation.h"

namespace tenon::tool {

/// Prints one step to stderr: name, time, memory.
void printStep(const StepReport &step);

/// Prints the files that were written and their sizes to stderr.
void printFiles(const CompileResult &result);

/// Writes text to a file; prints an error and returns false if it cannot.
bool writeText(const std::string &path, const std::string &text);

/// Prints text to stdout; false when nobody takes it.
bool printText(const std::string &text);

/// Streams that were closed when the process started become /dev/null, so that
/// no file of ours gets their number and no message goes into a file.
void openMissingStreams();

/// Ctrl-C and other requests to stop end the process with 128 + signal, after
/// unfinished files were removed; a closed pipe is an error code, not a signal.
void installSignalHandlers();

} // namespace tenon::tool

#endif // TENON_TOOLS_TENONC_PROGRESS_H
