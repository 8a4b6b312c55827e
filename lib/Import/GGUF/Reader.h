//===- Reader.h - a GGUF file, mapped and checked -----------------*- C++
//-*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Opens GGUF version 3 files. The file is mapped and nothing of it is copied:
// keys, values, names and tensors are views into the mapping. All checks are
// made once, on opening, in time linear in the size of the header (tensors are
// sorted to find overlaps), and nothing is ever allocated by a count that the
// file only claims. The reader knows no model and no IR.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_IMPORT_GGUF_READER_H
#define TENON_LIB_IMPORT_GGUF_READER_H

#include "dialects/Tenon/IR/BlockFormat.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tenon::gguf {

/// Types of metadata values, numbered as in the file.
enum class ValueType : uint32_t {
  UInt8,
  Int8,
  UInt16,
  Int16,
  UInt32,
  Int32,
  Float32,
  Bool,
  String,
  Array,
  UInt64,
  Int64,
  Float64,
};

/// Name of a value type for messages ("uint32").
llvm::StringRef valueTypeName(ValueType type);

/// One metadata value, still encoded: a scalar, or an array of scalars.
struct Value {
  llvm::StringRef key;
  ValueType type; ///< of the scalar or of the array's elements
  bool isArray;
  uint64_t count;                ///< elements; 1 for a scalar
  llvm::ArrayRef<uint8_t> bytes; ///< the elements as the file holds them
  uint64_t offset;               ///< of the value in the file
};

/// One tensor of the file.
struct TensorInfo {
  llvm::StringRef name;
  const BlockFormat *format;
  /// Extents, fastest first, as the file lists them: {columns, rows, ...}.
  llvm::SmallVector<int64_t, 4> dims;
  uint64_t offset;               ///< of the first byte in the file
  llvm::ArrayRef<uint8_t> bytes; ///< the stored blocks

  /// Extents, slowest first: rows before columns.
  llvm::SmallVector<int64_t, 4> shape() const {
    return {dims.rbegin(), dims.rend()};
  }
};

/// A checked GGUF file.
class Reader {
public:
  /// Maps and checks the file at `path`. Errors name the file, the byte or
  /// key or tensor, the rule and the remedy.
  static llvm::Expected<std::unique_ptr<Reader>> open(llvm::StringRef path);

  /// Checks `buffer`, whose identifier stands for the file in messages.
  static llvm::Expected<std::unique_ptr<Reader>>
  read(std::unique_ptr<llvm::MemoryBuffer> buffer);

  /// The path or identifier given on opening.
  llvm::StringRef path() const { return buffer->getBufferIdentifier(); }

  /// Metadata in the order of the file.
  llvm::ArrayRef<Value> values() const { return metadata; }

  /// The value of `key`, or null.
  const Value *find(llvm::StringRef key) const;

  /// Typed access to scalars. A missing key, another type, or for
  /// `getUnsigned` a negative number is an error that says so.
  /// @{
  llvm::Expected<uint64_t> getUnsigned(llvm::StringRef key) const;
  llvm::Expected<double> getFloat(llvm::StringRef key) const;
  llvm::Expected<bool> getBool(llvm::StringRef key) const;
  llvm::Expected<llvm::StringRef> getString(llvm::StringRef key) const;
  /// @}

  /// Integers of an array, or the one integer of a scalar.
  llvm::Expected<std::vector<uint64_t>>
  getUnsignedList(llvm::StringRef key) const;

  /// Tensors in the order of the file.
  llvm::ArrayRef<TensorInfo> tensors() const { return tensorInfos; }

  /// The tensor `name`, or null.
  const TensorInfo *findTensor(llvm::StringRef name) const;

  /// The metadata as the file holds it: its uint64 count, then the pairs.
  llvm::ArrayRef<uint8_t> metadataBytes() const;

  /// 32 hexadecimal digits that identify the file by its header, metadata,
  /// tensor table and size; the weights are not read.
  std::string fingerprint() const;

private:
  class Parser;

  explicit Reader(std::unique_ptr<llvm::MemoryBuffer> buffer)
      : buffer(std::move(buffer)) {}

  llvm::ArrayRef<uint8_t> fileBytes() const;
  llvm::Error keyError(llvm::StringRef key, const llvm::Twine &rule) const;
  llvm::Expected<const Value *> scalar(llvm::StringRef key) const;

  std::unique_ptr<llvm::MemoryBuffer> buffer;
  std::vector<Value> metadata;
  llvm::DenseMap<llvm::StringRef, size_t> valueIndex;
  std::vector<TensorInfo> tensorInfos;
  llvm::DenseMap<llvm::StringRef, size_t> tensorIndex;
  uint64_t metadataEnd = 0; ///< first byte after the metadata
  uint64_t tableEnd = 0;    ///< first byte after the tensor table
};

/// `text` in single quotes with unprintable bytes escaped, cut after 80 bytes.
std::string quoted(llvm::StringRef text);

} // namespace tenon::gguf

#endif // TENON_LIB_IMPORT_GGUF_READER_H
