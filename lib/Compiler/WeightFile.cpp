//===- WeightFile.cpp - writes NAME.weights -------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Space is reserved before the file is mapped: a full disk is then an error
// code here and not a signal at some store of the packer.
//
//===----------------------------------------------------------------------===//

#include "lib/Compiler/WeightFile.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/xxhash.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>

using namespace tenon;
namespace fs = llvm::sys::fs;

std::array<uint8_t, 16> tenon::hash128(llvm::ArrayRef<uint8_t> bytes) {
  llvm::XXH128_hash_t hash = llvm::xxh3_128bits(bytes);
  std::array<uint8_t, 16> canonical;
  llvm::support::endian::write64be(canonical.data(), hash.high64);
  llvm::support::endian::write64be(canonical.data() + 8, hash.low64);
  return canonical;
}

std::string tenon::toHex(llvm::ArrayRef<uint8_t> hash) {
  return llvm::toHex(hash, /*LowerCase=*/true);
}

/// Gives a new file its size, on the disk too. LLVM's resize_file leaves a
/// hole where its build does not know how to reserve; so does this one where
/// the file system does not, or is interrupted again and again.
static std::error_code reserve(int descriptor, uint64_t bytes) {
  constexpr int tries = 16;
  int status = EINTR;
  for (int i = 0; i < tries && status == EINTR; ++i)
    status = ::posix_fallocate(descriptor, 0, static_cast<off_t>(bytes));
  if (status == EOPNOTSUPP || status == EINVAL || status == EINTR)
    return llvm::sys::fs::resize_file(descriptor, bytes);
  return std::error_code(status, std::generic_category());
}

llvm::Expected<WeightFile> WeightFile::create(llvm::StringRef path,
                                              llvm::ArrayRef<uint8_t> metadata,
                                              uint64_t packedBytes) {
  WeightFile file;
  file.path = path.str();
  tenon_rt_weights_header &header = file.header;
  std::memcpy(header.magic, TENON_RT_WEIGHTS_MAGIC, sizeof(header.magic));
  header.abi_version = TENON_RT_ABI_VERSION;
  header.section_count = 2;
  tenon_rt_section &meta = header.sections[0];
  meta.kind = TENON_RT_SECTION_METADATA;
  meta.offset = TENON_RT_PAGE;
  meta.bytes = metadata.size();
  tenon_rt_section &packed = header.sections[1];
  packed.kind = TENON_RT_SECTION_PACKED;
  packed.offset = llvm::alignTo(meta.offset + meta.bytes, TENON_RT_PAGE);
  packed.bytes = packedBytes;
  header.file_bytes = packed.offset + packed.bytes;

  int descriptor;
  if (std::error_code error = fs::openFileForReadWrite(
          path, descriptor, fs::CD_CreateNew, fs::OF_None))
    return llvm::createFileError(path, error);
  std::error_code error = reserve(descriptor, header.file_bytes);
  if (!error)
    file.mapping = fs::mapped_file_region(fs::convertFDToNativeFile(descriptor),
                                          fs::mapped_file_region::readwrite,
                                          header.file_bytes, 0, error);
  fs::file_t handle = fs::convertFDToNativeFile(descriptor);
  std::error_code closeError = fs::closeFile(handle);
  if (!error)
    error = closeError;
  if (error)
    return llvm::createFileError(path, error);
  llvm::copy(metadata, file.section(meta).begin());
  return file;
}

llvm::MutableArrayRef<uint8_t>
WeightFile::section(const tenon_rt_section &section) {
  return {reinterpret_cast<uint8_t *>(mapping.data()) + section.offset,
          section.bytes};
}

llvm::MutableArrayRef<uint8_t> WeightFile::packed() {
  return section(header.sections[1]);
}

std::array<uint8_t, 16> WeightFile::seal() {
  for (uint32_t i = 0; i < header.section_count; ++i) {
    tenon_rt_section &entry = header.sections[i];
    entry.hash = llvm::xxh3_64bits(section(entry));
  }
  std::array<uint8_t, 16> id =
      hash128({reinterpret_cast<const uint8_t *>(header.sections),
               sizeof(header.sections)});
  std::memcpy(header.weights_id, id.data(), id.size());
  return id;
}

llvm::Error WeightFile::finish(llvm::ArrayRef<uint8_t> library) {
  header.library_bytes = library.size();
  std::array<uint8_t, 16> hash = hash128(library);
  std::memcpy(header.library_hash, hash.data(), hash.size());
  header.header_hash =
      llvm::xxh3_64bits({reinterpret_cast<const uint8_t *>(&header),
                         offsetof(tenon_rt_weights_header, header_hash)});
  std::memcpy(mapping.data(), &header, sizeof(header));
  mapping.unmap();
  return llvm::Error::success();
}
