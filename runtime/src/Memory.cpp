//===- Memory.cpp - mapped files and zeroed pages -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Only regular files are mapped: a pipe or a device has no size to check
// against, and opening one could block. Empty files have no mapping but are
// no failure here; their readers say what they miss.
//
// Pages of a mapped file are small, and so a processor that reads them in order
// starts anew every 4 KiB. Copies lie in huge pages where the system has them.
//
//===----------------------------------------------------------------------===//

#include "Memory.h"

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace tenon::runtime;

Mapping::~Mapping() {
  if (mapped)
    munmap(mapped, mappedBytes);
}

Mapping::Mapping(Mapping &&other) noexcept { *this = std::move(other); }

Mapping &Mapping::operator=(Mapping &&other) noexcept {
  std::swap(mapped, other.mapped);
  std::swap(mappedBytes, other.mappedBytes);
  std::swap(base, other.base);
  std::swap(length, other.length);
  return *this;
}

void Mapping::own(void *address, uint64_t bytes) {
  *this = Mapping();
  base = mapped = static_cast<uint8_t *>(address);
  length = mappedBytes = bytes;
}

namespace {

constexpr uint64_t kHugePage = uint64_t(2) << 20;

/// The first `size` - 1 characters of a file of the system, or nothing.
template <size_t size>
bool readText(const char *path, char (&text)[size]) {
  std::unique_ptr<FILE, int (*)(FILE *)> file(std::fopen(path, "re"), fclose);
  if (!file)
    return false;
  text[std::fread(text, 1, size - 1, file.get())] = 0;
  return true;
}

} // namespace

File::~File() {
  if (descriptor >= 0)
    close(descriptor);
}

Error File::open(const std::string &name) {
  path = name;
  descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    return failure(TENON_RT_IO, path,
                   ": cannot be opened: ", std::strerror(errno));
  struct stat facts;
  if (fstat(descriptor, &facts) != 0)
    return failure(TENON_RT_IO, path,
                   ": cannot be examined: ", std::strerror(errno));
  if (!S_ISREG(facts.st_mode))
    return failure(TENON_RT_IO, path, ": expected a regular file");
  bytes = static_cast<uint64_t>(facts.st_size);
  return success();
}

Error Mapping::openFile(const std::string &path) {
  File file;
  if (Error error = file.open(path))
    return error;
  return map(file);
}

Error Mapping::map(const File &file) {
  void *address = nullptr;
  if (file.bytes != 0) {
    address =
        mmap(nullptr, file.bytes, PROT_READ, MAP_PRIVATE, file.descriptor, 0);
    if (address == MAP_FAILED)
      return failure(TENON_RT_IO, file.path,
                     ": cannot be mapped: ", std::strerror(errno));
  }
  own(address, file.bytes);
  return success();
}

Error Mapping::reserveHuge(uint64_t bytes, const char *what,
                           const char *advice) {
  // Room to start and to end at a huge page; what is never touched costs
  // nothing.
  uint64_t room = bytes > PTRDIFF_MAX ? bytes : bytes + 2 * kHugePage;
  if (Error error = reserve(room, what, advice))
    return error;
  base += -reinterpret_cast<uintptr_t>(base) % kHugePage;
  length = bytes;
  // A wish: small pages work too.
  madvise(base, (length + kHugePage - 1) / kHugePage * kHugePage,
          MADV_HUGEPAGE);
  return success();
}

Error Mapping::copy(const File &file) {
  *this = Mapping();
  if (file.bytes == 0)
    return success();
  if (Error error = reserveHuge(file.bytes, "copy of the weights",
                                "map the file instead"))
    return failure(error.status, file.path, ": ", error.message);
  for (uint64_t at = 0; at < file.bytes;) {
    ssize_t count = pread(file.descriptor, base + at, file.bytes - at, at);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return failure(TENON_RT_IO, file.path, ": cannot be read at byte ", at,
                     ": ",
                     count < 0 ? std::strerror(errno) : "the file ends there");
    at += count;
  }
  mprotect(base, length, PROT_READ);
  return success();
}

bool tenon::runtime::isWorthCopying(uint64_t bytes) {
  char text[4096];
  if (bytes < kHugePage ||
      !readText("/sys/kernel/mm/transparent_hugepage/enabled", text) ||
      std::strstr(text, "[never]") || !readText("/proc/meminfo", text))
    return false;
  const char *line = std::strstr(text, "MemAvailable:");
  uint64_t available = 0;
  if (!line ||
      std::sscanf(line, "MemAvailable: %" SCNu64 " kB", &available) != 1)
    return false;
  available *= 1024;
  // A container's own limit; "max" is none.
  uint64_t limit, used;
  if (readText("/sys/fs/cgroup/memory.max", text) &&
      std::sscanf(text, "%" SCNu64, &limit) == 1 &&
      readText("/sys/fs/cgroup/memory.current", text) &&
      std::sscanf(text, "%" SCNu64, &used) == 1)
    available = std::min(available, limit - std::min(limit, used));
  return bytes <= available / 2;
}

Error Mapping::reserve(uint64_t bytes, const char *what, const char *advice) {
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
                   " bytes for the ", what, "; ", advice);
  own(address, bytes);
  return success();
}
