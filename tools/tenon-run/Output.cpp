//===- Output.cpp - what tenon-run writes, and when it stops --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The program never calls setlocale, so the C library's number formats stay
// those of the "C" locale.
//
//===----------------------------------------------------------------------===//

#include "Output.h"

#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

using namespace tenon::run;

namespace {
volatile std::sig_atomic_t interruptions = 0;

void onInterrupt(int) { interruptions = 1; }
} // namespace

void tenon::run::prepareProcess() {
  // A stream that is closed would be the next file opened.
  for (int stream = 0; stream <= 2; ++stream)
    if (fcntl(stream, F_GETFD) < 0)
      open("/dev/null", stream == 0 ? O_RDONLY : O_WRONLY);
  std::signal(SIGPIPE, SIG_IGN);
  struct sigaction action = {};
  action.sa_handler = onInterrupt;
  action.sa_flags = SA_RESTART | SA_RESETHAND;
  sigaction(SIGINT, &action, nullptr);
}

bool tenon::run::interrupted() { return interruptions != 0; }

bool tenon::run::writeOut(const char *text, size_t bytes) {
  while (bytes > 0) {
    ssize_t written = write(STDOUT_FILENO, text, bytes);
    if (written < 0) {
      if (errno == EINTR)
        continue;
      if (errno == EPIPE)
        return false;
      throw Failure(std::string("standard output: cannot be written: ") +
                    std::strerror(errno));
    }
    text += written;
    bytes -= static_cast<size_t>(written);
  }
  return true;
}

std::string tenon::run::format(const char *pattern, ...) {
  va_list arguments, again;
  va_start(arguments, pattern);
  va_copy(again, arguments);
  int length = std::vsnprintf(nullptr, 0, pattern, arguments);
  va_end(arguments);
  std::string text(static_cast<size_t>(length > 0 ? length : 0), '\0');
  std::vsnprintf(text.data(), text.size() + 1, pattern, again);
  va_end(again);
  return text;
}

double tenon::run::rate(size_t tokens, double seconds) {
  return tokens && seconds > 0 ? static_cast<double>(tokens) / seconds : 0;
}

std::string tenon::run::rateLine(const char *what, size_t tokens,
                                 double seconds) {
  return format("%-8s %zu tokens in %.3f s, %.2f tokens/s\n", what, tokens,
                seconds, rate(tokens, seconds));
}
