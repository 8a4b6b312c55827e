//===- Weights.cpp - reader of the .weights container ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Order of the checks: magic and ABI version (which say whether this is a
// weight file of ours at all), the header's own hash, the file's size, the
// table of sections, then every byte: sections by hash, the rest must be zero.
// So a flipped byte is found wherever it is.
//
//===----------------------------------------------------------------------===//

#include "Weights.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <iomanip>
#include <vector>

#define XXH_INLINE_ALL
#include <xxhash.h>

using namespace tenon::runtime;

static_assert(sizeof(tenon_rt_weights_header) <= TENON_RT_PAGE,
              "the header fits the first page");

uint64_t tenon::runtime::hash64(Bytes bytes) {
  return XXH3_64bits(bytes.data, bytes.size);
}

std::array<uint8_t, 16> tenon::runtime::hash128(Bytes bytes) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes.data, bytes.size));
  std::array<uint8_t, 16> result;
  std::memcpy(result.data(), canonical.digest, result.size());
  return result;
}

namespace {

constexpr const char *kDamaged =
    "; the file is damaged or cut short, copy or compile it again";
constexpr uint32_t kMaxSections =
    sizeof(tenon_rt_weights_header::sections) / sizeof(tenon_rt_section);

const char *sectionName(uint32_t kind) {
  switch (kind) {
  case TENON_RT_SECTION_METADATA:
    return "metadata";
  case TENON_RT_SECTION_PACKED:
    return "packed";
  }
  return nullptr;
}

/// Hash in hexadecimal, for messages.
std::string hex(uint64_t value) {
  std::ostringstream text;
  text << "0x" << std::hex << std::setw(16) << std::setfill('0') << value;
  return text.str();
}

Error checkHeader(Bytes file, const std::string &path,
                  tenon_rt_weights_header &header) {
  if (file.size < sizeof(header))
    return failure(TENON_RT_FORMAT, path, ": expected a header of ",
                   sizeof(header), " bytes, but the file has ", file.size,
                   kDamaged);
  std::memcpy(&header, file.data, sizeof(header));
  if (std::memcmp(header.magic, TENON_RT_WEIGHTS_MAGIC, sizeof(header.magic)))
    return failure(TENON_RT_FORMAT, path,
                   ": at byte 0: expected the magic " TENON_RT_WEIGHTS_MAGIC
                   "; this is no weight file, give the .weights that tenonc "
                   "wrote");
  if (header.abi_version != TENON_RT_ABI_VERSION)
    return failure(TENON_RT_ABI, path, ": expected ABI version ",
                   TENON_RT_ABI_VERSION, ", but got ", header.abi_version,
                   "; compile the model again with the tenonc of this runtime");
  uint64_t expected =
      hash64({file.data, offsetof(tenon_rt_weights_header, header_hash)});
  if (header.header_hash != expected)
    return failure(TENON_RT_DAMAGED, path, ": header: expected hash ",
                   hex(header.header_hash), ", but got ", hex(expected),
                   kDamaged);
  if (header.file_bytes != file.size)
    return failure(TENON_RT_FORMAT, path, ": expected ", header.file_bytes,
                   " bytes, but the file has ", file.size, kDamaged);
  if (header.section_count > kMaxSections)
    return failure(TENON_RT_FORMAT, path, ": expected at most ", kMaxSections,
                   " sections, but got ", header.section_count, kDamaged);
  return success();
}

/// Checks one entry of the section table and files it in `weights`.
Error checkSection(Bytes file, const std::string &path, uint32_t index,
                   Weights &weights) {
  const tenon_rt_section &section = weights.header.sections[index];
  const char *name = sectionName(section.kind);
  if (!name)
    return failure(TENON_RT_FORMAT, path, ": section ", index,
                   ": unknown kind ", section.kind,
                   "; a newer tenonc wrote the file, update the runtime");
  auto place = [&] { return path + ": " + name + " section"; };
  if (section.reserved != 0)
    return failure(TENON_RT_FORMAT, place(),
                   ": expected a reserved field of 0, but got ",
                   section.reserved, kDamaged);
  if (section.offset % TENON_RT_PAGE != 0 || section.offset < TENON_RT_PAGE)
    return failure(TENON_RT_FORMAT, place(),
                   ": expected an offset that is a multiple of ", TENON_RT_PAGE,
                   " after the header, but got ", section.offset, kDamaged);
  if (section.offset > file.size || section.bytes > file.size - section.offset)
    return failure(TENON_RT_FORMAT, place(), ": expected ", section.bytes,
                   " bytes from byte ", section.offset,
                   ", but the file ends at ", file.size, kDamaged);
  Bytes &slot = section.kind == TENON_RT_SECTION_METADATA ? weights.metadata
                                                          : weights.packed;
  if (slot.data)
    return failure(TENON_RT_FORMAT, place(), ": appears twice", kDamaged);
  slot = {file.data + section.offset, section.bytes};
  return success();
}

Error checkHash(const std::string &path, const tenon_rt_section &section,
                Bytes bytes) {
  uint64_t actual = hash64(bytes);
  if (actual == section.hash)
    return success();
  return failure(TENON_RT_DAMAGED, path, ": ", sectionName(section.kind),
                 " section at byte ", section.offset, ": expected hash ",
                 hex(section.hash), ", but got ", hex(actual), kDamaged);
}

/// Checks that the bytes of `file` in [first, last) are zero.
Error checkZero(Bytes file, uint64_t first, uint64_t last,
                const std::string &path) {
  for (uint64_t at = first; at < last; ++at)
    if (file.data[at] != 0)
      return failure(TENON_RT_DAMAGED, path, ": at byte ", at,
                     ": expected padding of zeros, but got ",
                     static_cast<unsigned>(file.data[at]), kDamaged);
  return success();
}

} // namespace

Error tenon::runtime::readWeights(Bytes file, const std::string &path,
                                  Weights &weights) {
  weights = {};
  if (Error error = checkHeader(file, path, weights.header))
    return error;
  const tenon_rt_weights_header &header = weights.header;
  std::vector<tenon_rt_section> sections(
      header.sections, header.sections + header.section_count);
  for (uint32_t i = 0; i < header.section_count; ++i)
    if (Error error = checkSection(file, path, i, weights))
      return error;
  for (uint32_t kind : {TENON_RT_SECTION_METADATA, TENON_RT_SECTION_PACKED})
    if (std::none_of(sections.begin(), sections.end(),
                     [&](const auto &s) { return s.kind == kind; }))
      return failure(TENON_RT_FORMAT, path, ": expected a ", sectionName(kind),
                     " section, but the file has none", kDamaged);

  std::sort(sections.begin(), sections.end(),
            [](const auto &a, const auto &b) { return a.offset < b.offset; });
  uint64_t end = sizeof(header);
  for (const tenon_rt_section &section : sections) {
    if (section.offset < end)
      return failure(TENON_RT_FORMAT, path, ": ", sectionName(section.kind),
                     " section at byte ", section.offset,
                     ": overlaps the one before it, which ends at ", end,
                     kDamaged);
    end = section.offset + section.bytes;
  }
  end = sizeof(header);
  for (const tenon_rt_section &section : sections) {
    if (Error error = checkZero(file, end, section.offset, path))
      return error;
    Bytes bytes = {file.data + section.offset, section.bytes};
    if (Error error = checkHash(path, section, bytes))
      return error;
    end = section.offset + section.bytes;
  }
  return checkZero(file, end, file.size, path);
}

Error tenon::runtime::checkLibrary(Bytes library, const std::string &path,
                                   const tenon_rt_weights_header &header,
                                   const std::string &weightsPath) {
  constexpr const char *remedy =
      "; the library is damaged or of another compilation, copy both files "
      "again or compile the model again";
  if (library.size != header.library_bytes)
    return failure(TENON_RT_MISMATCH, path, ": expected ", header.library_bytes,
                   " bytes as ", weightsPath, " says, but got ", library.size,
                   remedy);
  std::array<uint8_t, 16> actual = hash128(library);
  if (std::memcmp(actual.data(), header.library_hash, actual.size()) != 0)
    return failure(TENON_RT_MISMATCH, path, ": its hash is not the one that ",
                   weightsPath, " names", remedy);
  return success();
}
