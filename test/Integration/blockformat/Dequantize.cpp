//===- Dequantize.cpp - dequantises raw blocks from stdin to stdout -------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `tenon-dequantize FORMAT < blocks > floats`: whole blocks of one stored
// format in, f32 little endian out. It lets another implementation, in any
// language, be compared with the tables of BlockFormat.cpp bit by bit.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/IR/BlockFormat.h"

#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <vector>

int main(int argc, char **argv) {
  if (argc != 2) {
    llvm::errs() << "usage: tenon-dequantize FORMAT < blocks > floats\n";
    return 2;
  }
  const tenon::BlockFormat *format = tenon::lookupBlockFormat(argv[1]);
  if (!format) {
    llvm::errs() << "expected a stored format, but got '" << argv[1] << "'\n";
    return 1;
  }
  auto input = llvm::MemoryBuffer::getSTDIN();
  if (!input || (*input)->getBufferSize() % format->bytes != 0) {
    llvm::errs() << "expected whole blocks of " << format->bytes
                 << " bytes on stdin\n";
    return 1;
  }
  int64_t columns =
      (*input)->getBufferSize() / format->bytes * format->elements;
  std::vector<float> out(columns);
  tenon::dequantizeRow(
      *format, reinterpret_cast<const uint8_t *>((*input)->getBufferStart()),
      columns, out.data());
  llvm::outs().write(reinterpret_cast<const char *>(out.data()),
                     out.size() * sizeof(float));
  return 0;
}
