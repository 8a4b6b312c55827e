//===- Logits.cpp - writes logits to a NumPy file -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The file appears under its name only when it is complete: it is written
// beside it and renamed. Names that are no regular file (a device, a pipe) are
// written directly.
//
//===----------------------------------------------------------------------===//

#include "Engine.h"
#include "Modes.h"
#include "Output.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

using namespace tenon::run;

namespace {

/// A file that replaces `path` when it is committed and vanishes when not.
class OutputFile {
public:
  explicit OutputFile(const std::string &path) : path(path), place(path) {
    struct stat facts;
    if (stat(path.c_str(), &facts) != 0 || S_ISREG(facts.st_mode))
      place += format(".%ld.partial", static_cast<long>(getpid()));
    file = std::fopen(place.c_str(), "wb");
    if (!file)
      fail();
  }
  ~OutputFile() {
    if (file)
      std::fclose(file);
    if (!committed && place != path)
      std::remove(place.c_str());
  }

  void write(const void *data, size_t bytes) {
    if (std::fwrite(data, 1, bytes, file) != bytes)
      fail();
  }

  void commit() {
    FILE *closing = std::exchange(file, nullptr);
    if (std::fclose(closing) != 0)
      fail();
    if (place != path && std::rename(place.c_str(), path.c_str()) != 0)
      fail();
    committed = true;
  }

private:
  [[noreturn]] void fail() {
    throw Failure(path + ": cannot be written: " + std::strerror(errno) +
                  "; choose another place for --logits");
  }

  std::string path, place;
  FILE *file = nullptr;
  bool committed = false;
};

/// The header of a NumPy file, version 1.0, padded to whole 64 bytes.
std::string npyHeader(size_t rows, size_t columns) {
  std::string facts =
      format("{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, %zu), }",
             rows, columns);
  size_t total = (10 + facts.size() + 1 + 63) / 64 * 64;
  facts.resize(total - 11, ' ');
  facts += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(facts.size() & 0xff);
  header += static_cast<char>(facts.size() >> 8);
  return header + facts;
}

} // namespace

int tenon::run::writeLogits(const Options &options) {
  Engine engine(options, options.context);
  std::vector<int32_t> ids = engine.prompt(options);
  size_t vocabulary = engine.info().vocabulary;
  OutputFile file(options.logitsFile);
  std::string header = npyHeader(ids.size(), vocabulary);
  file.write(header.data(), header.size());
  // Whole pieces of what one call takes, within bounds of memory.
  size_t piece = std::min<size_t>(engine.info().max_rows, ids.size());
  std::vector<float> logits(piece * vocabulary);
  double seconds = 0;
  for (size_t done = 0; done < ids.size(); done += piece) {
    if (interrupted())
      return kInterruptedCode;
    piece = std::min(piece, ids.size() - done);
    Timer timer;
    engine.step(&ids[done], piece, logits.data());
    seconds += timer.seconds();
    file.write(logits.data(), piece * vocabulary * sizeof(float));
  }
  file.commit();
  if (!options.quiet) {
    std::string text = engine.describe();
    text += rateLine("prefill", ids.size(), seconds);
    std::fputs(text.c_str(), stderr);
  }
  return 0;
}
