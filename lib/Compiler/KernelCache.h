//===- KernelCache.h - compiled kernels in a folder -------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A folder of object files by content hash, shared by all compilers of a user.
// It may vanish, fill up, be damaged or belong to somebody else at any time:
// nothing but time depends on it. An entry appears under its name when it is
// whole, carries a checksum of all its bytes, and is checked before it is used.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_COMPILER_KERNELCACHE_H
#define TENON_LIB_COMPILER_KERNELCACHE_H

#include "lib/Target/CPU/EmitObject.h"

#include <array>
#include <optional>
#include <string>

namespace tenon {

class KernelCache {
public:
  /// Hash of all that decides the bytes of an object file.
  using Key = std::array<uint8_t, 32>;

  /// Opens the folder and makes it if it is not there. Fails if there is no
  /// such folder to be had, or if others than its owner and the user who asks
  /// could put code into it.
  static llvm::Expected<KernelCache> open(llvm::StringRef folder,
                                          uint64_t limitBytes);

  /// The object of this key, which gets `name`; nothing if there is none or if
  /// its entry is damaged.
  std::optional<cpu::ObjectFile> load(const Key &key, llvm::StringRef name);

  /// Keeps an object. That this may fail is told by `takeProblems`.
  void store(const Key &key, const cpu::ObjectFile &object);

  /// Removes entries that were not used for the longest time until the folder
  /// keeps its limit.
  void prune();

  /// What a user may want to see to, and nothing the second time: damaged
  /// entries, a folder that cannot be written.
  std::vector<std::string> takeProblems();

  /// The path of an entry.
  std::string entryPath(const Key &key) const;

private:
  KernelCache(std::string folder, uint64_t limitBytes)
      : folder(std::move(folder)), limitBytes(limitBytes) {}

  std::string folder;
  uint64_t limitBytes;
  unsigned damaged = 0;
  std::optional<std::string> unwritable;
};

} // namespace tenon

#endif // TENON_LIB_COMPILER_KERNELCACHE_H
