//===- Parser.h - checks the bytes of a GGUF file -----------------*- C++
//-*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Walks header, metadata and tensor table once and fills a `Reader`. Every
// read is bounded by what is left of the file, so a claimed count or length
// can neither lead outside the file nor make the parser allocate.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_IMPORT_GGUF_PARSER_H
#define TENON_LIB_IMPORT_GGUF_PARSER_H

#include "lib/Import/GGUF/Reader.h"

namespace tenon::gguf {

/// Bytes of one scalar of `type`; 0 for strings, arrays and unknown numbers.
uint64_t scalarBytes(ValueType type);

/// The parser of one file; used once.
class Reader::Parser {
public:
  explicit Parser(Reader &reader) : reader(reader), file(reader.fileBytes()) {}

  /// Checks the whole file and fills the reader.
  llvm::Error run();

private:
  /// An error at byte `at` of the file.
  llvm::Error fail(uint64_t at, const llvm::Twine &text) const;
  /// An error that concerns a metadata key or a tensor by name.
  llvm::Error fail(llvm::StringRef what, llvm::StringRef name, uint64_t at,
                   const llvm::Twine &text) const;

  /// Steps over `bytes` bytes and returns them; `what` they hold is named when
  /// the file ends before.
  llvm::Expected<llvm::ArrayRef<uint8_t>> take(uint64_t bytes,
                                               const llvm::Twine &what);
  llvm::Expected<uint32_t> take32(const llvm::Twine &what);
  llvm::Expected<uint64_t> take64(const llvm::Twine &what);
  /// A length and that many bytes.
  llvm::Expected<llvm::StringRef> takeString(const llvm::Twine &what);
  /// A key or tensor name: 1 to `limit` printable ASCII characters.
  llvm::Expected<llvm::StringRef> takeName(const llvm::Twine &what,
                                           uint64_t limit);

  llvm::Error parseHeader();
  llvm::Error parseMetadata();
  llvm::Error parseValue(Value &value);
  llvm::Error parseAlignment();
  llvm::Error parseTable();
  llvm::Error parseTensor(TensorInfo &tensor);
  llvm::Error checkData();
  llvm::Error checkOverlap();

  Reader &reader;
  llvm::ArrayRef<uint8_t> file;
  uint64_t at = 0;
  uint64_t tensorCount = 0;
  uint64_t valueCount = 0;
  uint64_t alignment = 32;
};

} // namespace tenon::gguf

#endif // TENON_LIB_IMPORT_GGUF_PARSER_H
