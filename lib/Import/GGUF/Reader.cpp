//===- Reader.cpp - opening a GGUF file and reading its metadata ----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values stay encoded until somebody asks for one: a vocabulary of 150000
// strings costs nothing here but the check that they lie in the file.
//
//===----------------------------------------------------------------------===//

#include "lib/Import/GGUF/Reader.h"

#include "lib/Import/GGUF/Parser.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"

using namespace llvm;
using namespace llvm::support;

namespace tenon::gguf {

StringRef valueTypeName(ValueType type) {
  static const char *const names[] = {
      "uint8", "int8",   "uint16", "int16",  "uint32", "int32",  "float32",
      "bool",  "string", "array",  "uint64", "int64",  "float64"};
  return names[uint32_t(type)];
}

std::string quoted(StringRef text) {
  constexpr size_t limit = 80;
  std::string result;
  raw_string_ostream stream(result);
  stream << '\'';
  printEscapedString(text.take_front(limit), stream);
  stream << (text.size() > limit ? "...'" : "'");
  return result;
}

//===----------------------------------------------------------------------===//
// Opening
//===----------------------------------------------------------------------===//

Expected<std::unique_ptr<Reader>> Reader::open(StringRef path) {
  auto fail = [&](std::error_code error) {
    return createStringError(
        error, path + ": cannot open the model: " + error.message() +
                   "; check the path and its permissions");
  };
  sys::fs::file_status status;
  if (std::error_code error = sys::fs::status(path, status))
    return fail(error);
  // A pipe or a device has no end that could be checked.
  if (status.type() != sys::fs::file_type::regular_file)
    return createStringError(path +
                             ": expected a regular file, but got a folder, "
                             "pipe or device; give the path of a GGUF file");
  ErrorOr<std::unique_ptr<MemoryBuffer>> buffer =
      MemoryBuffer::getFile(path, /*IsText=*/false,
                            /*RequiresNullTerminator=*/false);
  if (std::error_code error = buffer.getError())
    return fail(error);
  return read(std::move(*buffer));
}

Expected<std::unique_ptr<Reader>>
Reader::read(std::unique_ptr<MemoryBuffer> buffer) {
  std::unique_ptr<Reader> reader(new Reader(std::move(buffer)));
  if (Error error = Parser(*reader).run())
    return std::move(error);
  return std::move(reader);
}

ArrayRef<uint8_t> Reader::fileBytes() const {
  return arrayRefFromStringRef(buffer->getBuffer());
}

ArrayRef<uint8_t> Reader::metadataBytes() const {
  // Magic, version and tensor count come first.
  return fileBytes().slice(16, metadataEnd - 16);
}

std::string Reader::fingerprint() const {
  XXH128_hash_t hash = xxh3_128bits(fileBytes().take_front(tableEnd));
  uint8_t bytes[24];
  endian::write64le(bytes, hash.low64);
  endian::write64le(bytes + 8, hash.high64);
  endian::write64le(bytes + 16, fileBytes().size());
  hash = xxh3_128bits(bytes);
  return utohexstr(hash.high64, /*LowerCase=*/true, /*Width=*/16) +
         utohexstr(hash.low64, /*LowerCase=*/true, /*Width=*/16);
}

//===----------------------------------------------------------------------===//
// Typed access
//===----------------------------------------------------------------------===//

const Value *Reader::find(StringRef key) const {
  auto it = valueIndex.find(key);
  return it == valueIndex.end() ? nullptr : &metadata[it->second];
}

const TensorInfo *Reader::findTensor(StringRef name) const {
  auto it = tensorIndex.find(name);
  return it == tensorIndex.end() ? nullptr : &tensorInfos[it->second];
}

Error Reader::keyError(StringRef key, const Twine &rule) const {
  return createStringError(path() + ": key " + quoted(key) + ": " + rule +
                           "; convert the model again with its metadata");
}

Expected<const Value *> Reader::scalar(StringRef key) const {
  const Value *value = find(key);
  if (!value)
    return keyError(key, "expected the key, but the file has none");
  if (value->isArray)
    return keyError(key, "expected one value, but got an array of " +
                             Twine(value->count));
  return value;
}

static bool isInteger(ValueType type) {
  return type != ValueType::Float32 && type != ValueType::Float64 &&
         type != ValueType::Bool && type != ValueType::String &&
         type != ValueType::Array;
}

/// The integer at `data`, or none when it is negative.
static std::optional<uint64_t> decodeUnsigned(ValueType type,
                                              const uint8_t *data) {
  int64_t number = 0;
  switch (type) {
  case ValueType::UInt8:
    return *data;
  case ValueType::UInt16:
    return endian::read16le(data);
  case ValueType::UInt32:
    return endian::read32le(data);
  case ValueType::UInt64:
    return endian::read64le(data);
  case ValueType::Int8:
    number = int8_t(*data);
    break;
  case ValueType::Int16:
    number = int16_t(endian::read16le(data));
    break;
  case ValueType::Int32:
    number = int32_t(endian::read32le(data));
    break;
  default:
    number = int64_t(endian::read64le(data));
    break;
  }
  if (number < 0)
    return std::nullopt;
  return uint64_t(number);
}

Expected<uint64_t> Reader::getUnsigned(StringRef key) const {
  Expected<const Value *> value = scalar(key);
  if (!value)
    return value.takeError();
  if (!isInteger((*value)->type))
    return keyError(key, "expected an integer, but got a " +
                             valueTypeName((*value)->type));
  std::optional<uint64_t> number =
      decodeUnsigned((*value)->type, (*value)->bytes.data());
  if (!number)
    return keyError(key, "expected a number from 0, but got a negative one");
  return *number;
}

Expected<std::vector<uint64_t>> Reader::getUnsignedList(StringRef key) const {
  const Value *value = find(key);
  if (!value)
    return keyError(key, "expected the key, but the file has none");
  if (!isInteger(value->type))
    return keyError(key,
                    "expected integers, but got " + valueTypeName(value->type));
  std::vector<uint64_t> result;
  uint64_t size = scalarBytes(value->type);
  for (uint64_t i = 0; i < value->count; ++i) {
    std::optional<uint64_t> number =
        decodeUnsigned(value->type, value->bytes.data() + i * size);
    if (!number)
      return keyError(key, "expected numbers from 0, but got a negative one");
    result.push_back(*number);
  }
  return result;
}

Expected<double> Reader::getFloat(StringRef key) const {
  Expected<const Value *> value = scalar(key);
  if (!value)
    return value.takeError();
  const uint8_t *data = (*value)->bytes.data();
  if ((*value)->type == ValueType::Float32)
    return bit_cast<float>(endian::read32le(data));
  if ((*value)->type == ValueType::Float64)
    return bit_cast<double>(endian::read64le(data));
  return keyError(key, "expected a float32 or float64, but got a " +
                           valueTypeName((*value)->type));
}

Expected<bool> Reader::getBool(StringRef key) const {
  Expected<const Value *> value = scalar(key);
  if (!value)
    return value.takeError();
  if ((*value)->type != ValueType::Bool)
    return keyError(key, "expected a bool, but got a " +
                             valueTypeName((*value)->type));
  return (*value)->bytes.front() != 0;
}

Expected<StringRef> Reader::getString(StringRef key) const {
  Expected<const Value *> value = scalar(key);
  if (!value)
    return value.takeError();
  if ((*value)->type != ValueType::String)
    return keyError(key, "expected a string, but got a " +
                             valueTypeName((*value)->type));
  return toStringRef((*value)->bytes.drop_front(8));
}

} // namespace tenon::gguf
