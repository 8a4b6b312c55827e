//===- Progress.cpp - what tenonc tells while it works --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain lines, the same with and without a terminal. Numbers are printed by
// snprintf in the C locale, in which the process stays: a decimal comma never
// gets into them.
//
//===----------------------------------------------------------------------===//

#include "tools/tenonc/Progress.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <initializer_list>
#include <unistd.h>

using namespace tenon;

void tool::printStep(const StepReport &step) {
  std::fprintf(stderr, "%-16s %8.3f s %8.1f MB%s%s\n", step.name.c_str(),
               step.seconds, step.anonymousBytes / 1e6,
               step.note.empty() ? "" : "  ", step.note.c_str());
}

void tool::printFiles(const CompileResult &result) {
  double seconds = 0;
  uint64_t anonymous = 0;
  for (const StepReport &step : result.steps) {
    seconds += step.seconds;
    anonymous = std::max(anonymous, step.anonymousBytes);
  }
  std::fprintf(stderr, "%-16s %8.3f s %8.1f MB (most anonymous memory)\n",
               "total", seconds, anonymous / 1e6);
  if (result.codeBytes)
    std::fprintf(stderr, "%.1f kB of code, %.1f MB of weights\n",
                 result.codeBytes / 1e3, result.weightBytes / 1e6);
  for (const std::string &file : result.files)
    std::fprintf(stderr, "wrote %s\n", file.c_str());
}

bool tool::writeText(const std::string &path, const std::string &text) {
  std::FILE *file = std::fopen(path.c_str(), "we");
  bool written =
      file && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (file)
    written &= std::fclose(file) == 0;
  if (!written)
    std::fprintf(stderr, "tenonc: error: %s: cannot write the file: %s\n",
                 path.c_str(), std::strerror(errno));
  return written;
}

bool tool::printText(const std::string &text) {
  bool written =
      std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (std::fflush(stdout) == 0 && written)
    return true;
  std::fprintf(stderr, "tenonc: error: cannot write to stdout: %s\n",
               std::strerror(errno));
  return false;
}

void tool::openMissingStreams() {
  for (int descriptor : {0, 1, 2})
    if (::fcntl(descriptor, F_GETFD) == -1 && errno == EBADF)
      (void)::open("/dev/null", descriptor == 0 ? O_RDONLY : O_WRONLY);
}

void tool::installSignalHandlers() {
  // The compiler's own handlers, which remove unfinished files, come before
  // these and then raise the signal again.
  for (int signal : {SIGINT, SIGTERM, SIGHUP})
    if (std::signal(signal, [](int number) { ::_exit(128 + number); }) ==
        SIG_IGN)
      std::signal(signal, SIG_IGN); // as nohup and background jobs ask for
  std::signal(SIGPIPE, SIG_IGN);
  // A limit on the size of files becomes an error code as well.
  std::signal(SIGXFSZ, SIG_IGN);
}
