//===- KernelCache.cpp - compiled kernels in a folder ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names start with "llvmcache-", temporary ones too: that is what LLVM's
// pruning of cache folders takes for its own, so what a killed compiler left
// behind goes with the oldest entries. Times are set by hand on every use,
// because many file systems do not note when a file was read.
//
//===----------------------------------------------------------------------===//

#include "lib/Compiler/KernelCache.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/BLAKE3.h"
#include "llvm/Support/CachePruning.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/Errc.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

#include <fcntl.h>
#include <unistd.h>

using namespace tenon;
namespace fs = llvm::sys::fs;

namespace {

constexpr llvm::StringLiteral kPrefix = "llvmcache-";

/// Start of an entry; the object's bytes and a hash of all before follow.
constexpr llvm::StringLiteral kMagic = "TENONOB1";
constexpr size_t kKeyBytes = std::tuple_size_v<KernelCache::Key>;
constexpr size_t kHeaderBytes = 8 + kKeyBytes + 8 + 8;
/// Longest entry: the code of a kernel is a thousand times shorter.
constexpr uint64_t kMostBytes = 64 << 20;

std::string encode(const KernelCache::Key &key, const cpu::ObjectFile &object) {
  std::string entry = kMagic.str();
  entry.append(reinterpret_cast<const char *>(key.data()), key.size());
  for (uint64_t number : {object.codeBytes, uint64_t(object.data.size())}) {
    char bytes[8];
    llvm::support::endian::write64le(bytes, number);
    entry.append(bytes, sizeof(bytes));
  }
  entry.append(object.data.begin(), object.data.end());
  KernelCache::Key sum = llvm::BLAKE3::hash<kKeyBytes>(
      llvm::arrayRefFromStringRef(llvm::StringRef(entry)));
  entry.append(reinterpret_cast<const char *>(sum.data()), sum.size());
  return entry;
}

std::optional<cpu::ObjectFile> decode(const KernelCache::Key &key,
                                      llvm::StringRef entry) {
  if (entry.size() < kHeaderBytes + kKeyBytes || !entry.starts_with(kMagic))
    return std::nullopt;
  llvm::StringRef body = entry.drop_back(kKeyBytes);
  KernelCache::Key sum =
      llvm::BLAKE3::hash<kKeyBytes>(llvm::arrayRefFromStringRef(body));
  auto same = [](llvm::StringRef bytes, const KernelCache::Key &expected) {
    return llvm::arrayRefFromStringRef(bytes) == llvm::ArrayRef(expected);
  };
  if (!same(entry.take_back(kKeyBytes), sum) ||
      !same(body.substr(kMagic.size(), kKeyBytes), key))
    return std::nullopt;
  const char *numbers = body.data() + kMagic.size() + kKeyBytes;
  llvm::StringRef data = body.drop_front(kHeaderBytes);
  if (llvm::support::endian::read64le(numbers + 8) != data.size())
    return std::nullopt;
  cpu::ObjectFile object;
  object.codeBytes = llvm::support::endian::read64le(numbers);
  object.data.assign(data.begin(), data.end());
  return object;
}

/// The bytes of an entry. Anything may lie in its place, also what would block,
/// never end or fill the memory: the header says how long the file must be.
llvm::ErrorOr<std::string> readEntry(const std::string &path) {
  int descriptor = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0)
    return llvm::errnoAsErrorCode();
  llvm::scope_exit close([&] { ::close(descriptor); });
  const auto damaged = make_error_code(llvm::errc::io_error);
  // Others may change the file meanwhile, so it is read, not mapped.
  auto read = [&](char *to, size_t bytes) {
    llvm::Expected<size_t> got =
        fs::readNativeFile(descriptor, llvm::MutableArrayRef(to, bytes));
    llvm::consumeError(got.takeError());
    return got && *got == bytes;
  };
  fs::file_status status;
  std::string entry(kHeaderBytes, '\0');
  if (fs::status(descriptor, status) ||
      status.type() != fs::file_type::regular_file ||
      !read(entry.data(), kHeaderBytes))
    return damaged;
  uint64_t rest = kKeyBytes + llvm::support::endian::read64le(entry.data() +
                                                              kHeaderBytes - 8);
  if (rest > kMostBytes || status.getSize() != kHeaderBytes + rest)
    return damaged;
  entry.resize(kHeaderBytes + rest);
  if (!read(entry.data() + kHeaderBytes, rest))
    return damaged;
  // It was used now.
  (void)fs::setLastAccessAndModificationTime(descriptor,
                                             std::chrono::system_clock::now());
  return entry;
}

/// Writes a file under another name first: it is whole when it appears.
llvm::Error writeWhole(const std::string &path, const std::string &content) {
  std::string temporary = llvm::formatv(
      "{0}-{1:x-}{2:x-}.tmp", path, llvm::sys::Process::getProcessId(),
      llvm::sys::Process::GetRandomNumber() & 0xffffffu);
  llvm::sys::RemoveFileOnSignal(temporary);
  std::error_code error;
  {
    llvm::raw_fd_ostream stream(temporary, error, fs::CD_CreateNew);
    if (!error) {
      stream << content;
      stream.close();
      error = stream.error();
      stream.clear_error();
    }
  }
  if (!error)
    error = fs::rename(temporary, path);
  if (error)
    fs::remove(temporary);
  llvm::sys::DontRemoveFileOnSignal(temporary);
  return llvm::errorCodeToError(error);
}

} // namespace

llvm::Expected<KernelCache> KernelCache::open(llvm::StringRef folder,
                                              uint64_t limitBytes) {
  if (std::error_code error = fs::create_directories(
          folder, /*IgnoreExisting=*/true, fs::owner_all))
    return llvm::errorCodeToError(error);
  fs::file_status status;
  if (std::error_code error = fs::status(folder, status))
    return llvm::errorCodeToError(error);
  if (status.type() != fs::file_type::directory_file)
    return llvm::createStringError(llvm::errc::not_a_directory,
                                   "it is not a folder");
  // Its files become code: nobody else may put any there.
  if (status.getUser() != ::geteuid() && status.getUser() != 0)
    return llvm::createStringError(llvm::errc::permission_denied,
                                   "it belongs to another user");
  if (status.permissions() & fs::others_write)
    return llvm::createStringError(llvm::errc::permission_denied,
                                   "every user may write to it");
  return KernelCache(folder.str(), limitBytes);
}

std::string KernelCache::entryPath(const Key &key) const {
  llvm::SmallString<128> path(folder);
  llvm::sys::path::append(path, kPrefix + llvm::toHex(key, /*LowerCase=*/true));
  return path.str().str();
}

std::optional<cpu::ObjectFile> KernelCache::load(const Key &key,
                                                 llvm::StringRef name) {
  llvm::ErrorOr<std::string> entry = readEntry(entryPath(key));
  if (!entry) {
    damaged += entry.getError() != llvm::errc::no_such_file_or_directory;
    return std::nullopt;
  }
  std::optional<cpu::ObjectFile> object = decode(key, *entry);
  if (!object) {
    ++damaged;
    return std::nullopt;
  }
  object->name = name.str();
  return object;
}

void KernelCache::store(const Key &key, const cpu::ObjectFile &object) {
  // The next one would most likely fail the same way.
  if (unwritable || object.data.size() > kMostBytes - kKeyBytes)
    return;
  if (llvm::Error error = writeWhole(entryPath(key), encode(key, object)))
    unwritable = llvm::toString(std::move(error));
}

void KernelCache::prune() {
  llvm::CachePruningPolicy policy;
  policy.Interval = std::chrono::seconds(0);
  policy.Expiration = std::chrono::seconds(0);
  policy.MaxSizePercentageOfAvailableSpace = 0;
  policy.MaxSizeBytes = limitBytes;
  llvm::pruneCache(folder, policy);
}

std::vector<std::string> KernelCache::takeProblems() {
  std::vector<std::string> problems;
  if (damaged)
    problems.push_back(std::to_string(damaged) +
                       " of its entries could not be used and were compiled "
                       "anew; if that happens again, remove the folder");
  if (unwritable)
    problems.push_back("it cannot be written: " + *unwritable +
                       "; kernels are compiled anew each time until that is "
                       "mended or another folder is chosen with --cache-dir");
  damaged = 0;
  unwritable.reset();
  return problems;
}
