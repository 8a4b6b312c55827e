//===- Npy.cpp - arrays as NumPy files ------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Validation/Npy.h"

#include "llvm/Support/EndianStream.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

Error tenon::writeNpy(StringRef path, ArrayRef<int64_t> shape,
                      ArrayRef<double> data) {
  std::string extents;
  for (int64_t extent : shape)
    extents += std::to_string(extent) + ",";
  std::string header =
      "{'descr': '<f8', 'fortran_order': False, 'shape': (" + extents + "), }";
  // Magic, version, length and header fill a multiple of 64 bytes.
  constexpr size_t prefix = 10;
  header.append(63 - (prefix + header.size()) % 64, ' ');
  header += '\n';
  return writeToOutput(path, [&](raw_ostream &os) -> Error {
    os << "\x93NUMPY" << '\x01' << '\0';
    support::endian::Writer writer(os, endianness::little);
    writer.write<uint16_t>(header.size());
    os << header;
    for (double value : data)
      writer.write(value);
    return Error::success();
  });
}
