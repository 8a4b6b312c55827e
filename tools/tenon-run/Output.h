//===- Output.h - what tenon-run writes, and when it stops ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TOOLS_TENONRUN_OUTPUT_H
#define TENON_TOOLS_TENONRUN_OUTPUT_H

#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>

namespace tenon::run {

/// A failure with a message for people; main prints it and exits with 1.
struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Makes Ctrl-C set a flag, a closed pipe an ordinary failure of a write, and
/// the standard streams open. Called once, first.
void prepareProcess();

/// Whether Ctrl-C was pressed. A second one ends the process at once.
bool interrupted();

/// Writes to standard output at once, unbuffered. Returns false when the
/// reader has closed the pipe, throws when the output cannot be written.
bool writeOut(const char *text, size_t bytes);
inline bool writeOut(const std::string &text) {
  return writeOut(text.data(), text.size());
}

/// printf to a string, with a decimal point in every locale.
std::string format(const char *pattern, ...)
    __attribute__((format(printf, 1, 2)));

/// Measures seconds from its construction.
class Timer {
public:
  double seconds() const {
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start = Clock::now();
};

/// "prefill  12 tokens in 0.050 s, 240.0 tokens/s".
std::string rateLine(const char *what, size_t tokens, double seconds);

/// Tokens per second; 0 when nothing was measured.
double rate(size_t tokens, double seconds);

} // namespace tenon::run

#endif // TENON_TOOLS_TENONRUN_OUTPUT_H
