//===- WeightFile.h - writes NAME.weights -----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The container of `tenon-rt/abi.h`: a header page, the model's metadata and
// the packed weights. The file is reserved in full and mapped, so that weights
// are packed straight into it and no copy of them is ever in memory.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_COMPILER_WEIGHTFILE_H
#define TENON_LIB_COMPILER_WEIGHTFILE_H

#include "tenon-rt/abi.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"

#include <array>
#include <string>

namespace tenon {

/// 128 bits of XXH3 in canonical byte order, as the runtime computes them.
std::array<uint8_t, 16> hash128(llvm::ArrayRef<uint8_t> bytes);

/// Hexadecimal digits of a hash.
std::string toHex(llvm::ArrayRef<uint8_t> hash);

/// A weight file that is being written. Removing it after an error is up to
/// the owner of the folder.
class WeightFile {
public:
  /// Creates the file, reserves its space on the disk and writes the metadata.
  static llvm::Expected<WeightFile> create(llvm::StringRef path,
                                           llvm::ArrayRef<uint8_t> metadata,
                                           uint64_t packedBytes);

  /// The packed section; zero until written.
  llvm::MutableArrayRef<uint8_t> packed();

  /// Identifies the file by its sections; called once, after packing. The
  /// library that belongs to the file carries this.
  std::array<uint8_t, 16> seal();

  /// Writes the header, which ties the file to its library, and closes it.
  llvm::Error finish(llvm::ArrayRef<uint8_t> library);

private:
  llvm::MutableArrayRef<uint8_t> section(const tenon_rt_section &section);

  std::string path;
  llvm::sys::fs::mapped_file_region mapping;
  tenon_rt_weights_header header = {};
};

} // namespace tenon

#endif // TENON_LIB_COMPILER_WEIGHTFILE_H
