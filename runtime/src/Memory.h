//===- Memory.h - mapped files and zeroed pages ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Owners of memory in pages: a file, mapped or copied, read-only, and anonymous
// memory, which is zero, page-aligned and costs nothing until it is touched. A
// session reserves its whole cache this way.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_RUNTIME_MEMORY_H
#define TENON_RUNTIME_MEMORY_H

#include "Error.h"

#include <cstddef>
#include <cstdint>

namespace tenon::runtime {

/// An open regular file, closed with its owner.
class File {
public:
  File() = default;
  ~File();
  File(const File &) = delete;
  File &operator=(const File &) = delete;

  Error open(const std::string &path);
  uint64_t size() const { return bytes; }

private:
  friend class Mapping;
  std::string path;
  int descriptor = -1;
  uint64_t bytes = 0;
};

/// An owned mapping; empty when default-constructed.
class Mapping {
public:
  Mapping() = default;
  ~Mapping();
  Mapping(Mapping &&other) noexcept;
  Mapping &operator=(Mapping &&other) noexcept;

  /// Maps the regular file at `path` read-only.
  Error openFile(const std::string &path);

  /// Maps a file read-only.
  Error map(const File &file);

  /// Copies a file into huge pages, read-only.
  Error copy(const File &file);

  /// Reserves `bytes` of zeroed memory; `what` names it in the message,
  /// `advice` is its remedy.
  Error
  reserve(uint64_t bytes, const char *what,
          const char *advice = "ask for a shorter context or fewer threads");

  /// The same, starting at a huge page and in huge pages as far as the system
  /// has them: whoever touches a byte pays for its 2 MiB.
  Error reserveHuge(
      uint64_t bytes, const char *what,
      const char *advice = "ask for a shorter context or fewer threads");

  const uint8_t *data() const { return base; }
  uint8_t *data() { return base; }
  uint64_t size() const { return length; }

private:
  /// Takes over `bytes` at `address`, a mapping or null.
  void own(void *address, uint64_t bytes);

  /// What goes back to the system, and the part of it in use.
  uint8_t *mapped = nullptr, *base = nullptr;
  uint64_t mappedBytes = 0, length = 0;
};

/// Whether a file of `bytes` that is read in order again and again should be
/// copied: the system has huge pages, and twice the memory.
bool isWorthCopying(uint64_t bytes);

/// `a * b`, or UINT64_MAX when that does not fit.
inline uint64_t saturatingMultiply(uint64_t a, uint64_t b) {
  uint64_t product;
  return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

} // namespace tenon::runtime

#endif // TENON_RUNTIME_MEMORY_H
