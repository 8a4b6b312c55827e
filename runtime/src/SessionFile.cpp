//===- SessionFile.cpp - a session as a file ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The file is a header page and the front of the cache, as it lies in memory:
// the tiles of slots that the tokens have begun, so that a short text in a long
// context is a small file. How a tile lies in memory is the compiled library's
// own business, so the file names that library by its hash. Positions are not
// stored: they are the tokens' numbers.
//
//===----------------------------------------------------------------------===//

#include "Session.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <numeric>
#include <sys/stat.h>
#include <unistd.h>

using namespace tenon::runtime;

namespace {

constexpr char kMagic[8] = {'T', 'E', 'N', 'O', 'N', 'S', 'E', 'S'};
constexpr uint32_t kVersion = 2;
constexpr uint64_t kPage = 4096;

struct Header {
  char magic[8];
  uint32_t version;
  uint32_t reserved;
  uint8_t libraryHash[16];
  uint64_t context;
  uint64_t length;
  uint64_t cacheBytes;
  uint64_t cacheHash;
  uint64_t headerHash; // of all bytes before it
};

uint64_t hashOf(const Header &header) {
  return hash64({reinterpret_cast<const uint8_t *>(&header),
                 offsetof(Header, headerHash)});
}

/// A file under a temporary name until it is committed.
class PendingFile {
public:
  explicit PendingFile(const std::string &path)
      : path(path), place(path + "." + std::to_string(getpid()) + ".partial"),
        file(open(place.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                  0666)),
        exists(file >= 0) {}
  ~PendingFile() {
    if (file >= 0)
      close(file);
    if (exists)
      unlink(place.c_str());
  }
  PendingFile(const PendingFile &) = delete;
  PendingFile &operator=(const PendingFile &) = delete;

  bool isOpen() const { return file >= 0; }

  bool write(const void *data, uint64_t bytes, uint64_t offset) {
    const char *at = static_cast<const char *>(data);
    while (bytes > 0) {
      ssize_t done = pwrite(file, at, bytes, static_cast<off_t>(offset));
      if (done < 0 && errno == EINTR)
        continue;
      if (done <= 0)
        return false;
      at += done;
      offset += static_cast<uint64_t>(done);
      bytes -= static_cast<uint64_t>(done);
    }
    return true;
  }

  bool setSize(uint64_t bytes) {
    return ftruncate(file, static_cast<off_t>(bytes)) == 0;
  }

  bool commit() {
    int closing = std::exchange(file, -1);
    if (close(closing) != 0 || rename(place.c_str(), path.c_str()) != 0)
      return false;
    exists = false;
    return true;
  }

private:
  std::string path, place;
  int file;
  bool exists;
};

/// Renaming would put a file in the place of a device or a pipe.
Error checkPlace(const std::string &path) {
  struct stat place;
  if (stat(path.c_str(), &place) != 0 || S_ISREG(place.st_mode))
    return success();
  return failure(TENON_RT_IO, path,
                 ": expected a regular file or none, but got ",
                 S_ISDIR(place.st_mode) ? "a folder" : "a device or a pipe",
                 "; choose another place");
}

Error damaged(const std::string &path, const char *what) {
  return failure(TENON_RT_DAMAGED, path, ": ", what,
                 "; the file is damaged or cut short, save the session again");
}

Error checkHeader(Bytes file, const std::string &path, const Model &model,
                  Header &header) {
  if (file.size < kPage)
    return damaged(path, "expected a header of 4096 bytes");
  std::memcpy(&header, file.data, sizeof(header));
  if (std::memcmp(header.magic, kMagic, sizeof(kMagic)) != 0)
    return failure(TENON_RT_FORMAT, path,
                   ": at byte 0: expected the magic TENONSES; this is no saved "
                   "session, give a file that tenon_rt_session_save wrote");
  if (header.version != kVersion)
    return failure(TENON_RT_ABI, path, ": expected version ", kVersion,
                   ", but got ", header.version,
                   "; save the session again with this runtime");
  if (header.headerHash != hashOf(header))
    return damaged(path, "the header does not match its hash");
  if (std::memcmp(header.libraryHash, model.weights().header.library_hash,
                  sizeof(header.libraryHash)) != 0)
    return failure(TENON_RT_MISMATCH, path,
                   ": was saved with another library than that of ",
                   model.info().name,
                   "; open the library that it was saved with");
  if (header.length > header.context || file.size - kPage != header.cacheBytes)
    return damaged(path, "its sizes do not fit together");
  return success();
}

} // namespace

Error Session::save(const std::string &path) {
  Use use(busy);
  if (Error error = use.check())
    return error;
  if (Error error = checkPlace(path))
    return error;
  Header header = {};
  std::memcpy(header.magic, kMagic, sizeof(kMagic));
  header.version = kVersion;
  std::memcpy(header.libraryHash, model->weights().header.library_hash,
              sizeof(header.libraryHash));
  header.context = limit;
  header.length = used;
  header.cacheBytes = cacheBytes(used);
  header.cacheHash = hash64({cache.data(), header.cacheBytes});
  header.headerHash = hashOf(header);

  PendingFile file(path);
  auto fail = [&] {
    return failure(TENON_RT_IO, path,
                   ": cannot be written: ", std::strerror(errno),
                   "; choose another place");
  };
  if (!file.isOpen() || !file.setSize(kPage) ||
      !file.write(&header, sizeof(header), 0) ||
      !file.write(cache.data(), header.cacheBytes, kPage) || !file.commit())
    return fail();
  return success();
}

Error Session::restore(std::shared_ptr<const Model> model,
                       const std::string &path,
                       tenon_rt_session_options options,
                       std::unique_ptr<Session> &session) {
  Mapping file;
  if (Error error = file.openFile(path))
    return error;
  Header header;
  if (Error error =
          checkHeader({file.data(), file.size()}, path, *model, header))
    return error;
  options.context = header.context;
  std::unique_ptr<Session> made;
  if (Error error = create(std::move(model), options, made))
    return error;
  if (made->cacheBytes(header.length) != header.cacheBytes)
    return damaged(path, "its cache has another size than its length says");
  const uint8_t *contents = file.data() + kPage;
  if (hash64({contents, header.cacheBytes}) != header.cacheHash)
    return damaged(path, "the cache does not match its hash");
  std::copy_n(contents, header.cacheBytes, made->cache.data());
  std::iota(made->slotPositions.begin(),
            made->slotPositions.begin() + header.length, 0);
  made->used = header.length;
  session = std::move(made);
  return success();
}
