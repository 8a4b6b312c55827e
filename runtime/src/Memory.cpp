//===- Memory.cpp - mapped files and zeroed pages -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Only regular files are mapped: a pipe or a device has no size to check
// against, and opening one could block. Empty files have no mapping but are
// no failure here; their readers say what they miss.
//
//===----------------------------------------------------------------------===//

#include "Memory.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace tenon::runtime;

Mapping::~Mapping() {
  if (base)
    munmap(base, length);
}

Mapping::Mapping(Mapping &&other) noexcept
    : base(std::exchange(other.base, nullptr)),
      length(std::exchange(other.length, 0)) {}

Mapping &Mapping::operator=(Mapping &&other) noexcept {
  std::swap(base, other.base);
  std::swap(length, other.length);
  return *this;
}

Error Mapping::openFile(const std::string &path) {
  int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0)
    return failure(TENON_RT_IO, path,
                   ": cannot be opened: ", std::strerror(errno));
  struct stat facts;
  if (fstat(file, &facts) != 0) {
    Error error = failure(TENON_RT_IO, path,
                          ": cannot be examined: ", std::strerror(errno));
    close(file);
    return error;
  }
  if (!S_ISREG(facts.st_mode)) {
    close(file);
    return failure(TENON_RT_IO, path, ": expected a regular file");
  }
  uint64_t bytes = static_cast<uint64_t>(facts.st_size);
  void *address = nullptr;
  if (bytes != 0) {
    address = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, file, 0);
    if (address == MAP_FAILED) {
      Error error = failure(TENON_RT_IO, path,
                            ": cannot be mapped: ", std::strerror(errno));
      close(file);
      return error;
    }
  }
  close(file);
  *this = Mapping();
  base = static_cast<uint8_t *>(address);
  length = bytes;
  return success();
}

Error Mapping::reserve(uint64_t bytes, const char *what) {
  *this = Mapping();
  if (bytes == 0)
    return success();
  // Reserved, not committed: a context is often much longer than what a
  // session comes to hold.
  void *address =
      bytes > PTRDIFF_MAX
          ? MAP_FAILED
          : mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED)
    return failure(TENON_RT_MEMORY, "the system refused ", bytes,
                   " bytes for the ", what,
                   "; ask for a shorter context or fewer threads");
  base = static_cast<uint8_t *>(address);
  length = bytes;
  return success();
}

bool tenon::runtime::isZeroPage(const uint8_t *data, uint64_t bytes) {
  static const uint8_t zeros[4096] = {};
  return std::memcmp(data, zeros, bytes) == 0;
}

void Mapping::copyTouchedPages(const uint8_t *source) {
  constexpr uint64_t page = 4096;
  for (uint64_t at = 0; at < length; at += page) {
    uint64_t bytes = length - at < page ? length - at : page;
    if (!isZeroPage(source + at, bytes))
      std::memcpy(base + at, source + at, bytes);
  }
}
