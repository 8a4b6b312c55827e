//===- Parser.cpp - checks the bytes of a GGUF file -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The order is that of the file: header, metadata, tensor table, tensor data.
// The limits on names are those of the format's description; arrays of arrays
// are refused, since no key of a model uses them and they would need a stack.
//
//===----------------------------------------------------------------------===//

#include "lib/Import/GGUF/Parser.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>

using namespace llvm;

namespace tenon::gguf {

/// The smallest encodings of a metadata pair and of a tensor description.
constexpr uint64_t minValueBytes = 8 + 1 + 4 + 1;
constexpr uint64_t minTensorBytes = 8 + 1 + 4 + 8 + 4 + 8;
constexpr uint64_t maxKeyBytes = 65535;

static const char truncated[] =
    "the file is truncated or damaged; download or convert it again";

uint64_t scalarBytes(ValueType type) {
  switch (type) {
  case ValueType::UInt8:
  case ValueType::Int8:
  case ValueType::Bool:
    return 1;
  case ValueType::UInt16:
  case ValueType::Int16:
    return 2;
  case ValueType::UInt32:
  case ValueType::Int32:
  case ValueType::Float32:
    return 4;
  case ValueType::UInt64:
  case ValueType::Int64:
  case ValueType::Float64:
    return 8;
  case ValueType::String:
  case ValueType::Array:
    break;
  }
  return 0;
}

//===----------------------------------------------------------------------===//
// Errors and bounded reads
//===----------------------------------------------------------------------===//

Error Reader::Parser::fail(uint64_t at, const Twine &text) const {
  return createStringError(reader.path() + ": byte " + Twine(at) + ": " + text);
}

Error Reader::Parser::fail(StringRef what, StringRef name, uint64_t at,
                           const Twine &text) const {
  return fail(at, what + " " + quoted(name) + ": " + text);
}

Expected<ArrayRef<uint8_t>> Reader::Parser::take(uint64_t bytes,
                                                 const Twine &what) {
  uint64_t left = file.size() - at;
  if (bytes > left)
    return fail(at, "expected " + Twine(bytes) + " bytes of " + what +
                        ", but got " + Twine(left) +
                        " before the end of the file; " + truncated);
  ArrayRef<uint8_t> result = file.slice(at, bytes);
  at += bytes;
  return result;
}

Expected<uint32_t> Reader::Parser::take32(const Twine &what) {
  Expected<ArrayRef<uint8_t>> bytes = take(4, what);
  if (!bytes)
    return bytes.takeError();
  return support::endian::read32le(bytes->data());
}

Expected<uint64_t> Reader::Parser::take64(const Twine &what) {
  Expected<ArrayRef<uint8_t>> bytes = take(8, what);
  if (!bytes)
    return bytes.takeError();
  return support::endian::read64le(bytes->data());
}

Expected<StringRef> Reader::Parser::takeString(const Twine &what) {
  Expected<uint64_t> length = take64("the length of " + what);
  if (!length)
    return length.takeError();
  Expected<ArrayRef<uint8_t>> bytes = take(*length, what);
  if (!bytes)
    return bytes.takeError();
  return toStringRef(*bytes);
}

Expected<StringRef> Reader::Parser::takeName(const Twine &what,
                                             uint64_t limit) {
  uint64_t start = at;
  Expected<StringRef> name = takeString(what);
  if (!name)
    return name;
  if (name->empty() || name->size() > limit)
    return fail(start, "expected " + what + " of 1 to " + Twine(limit) +
                           " bytes, but got " + Twine(name->size()) +
                           " bytes; the file is damaged or not a model");
  if (!all_of(*name, isPrint))
    return fail(start, "expected " + what + " in printable ASCII, but got " +
                           quoted(*name) +
                           "; the file is damaged or not a model");
  return name;
}

//===----------------------------------------------------------------------===//
// Header
//===----------------------------------------------------------------------===//

Error Reader::Parser::run() {
  if (Error error = parseHeader())
    return error;
  if (Error error = parseMetadata())
    return error;
  reader.metadataEnd = at;
  if (Error error = parseAlignment())
    return error;
  if (Error error = parseTable())
    return error;
  reader.tableEnd = at;
  if (Error error = checkData())
    return error;
  return checkOverlap();
}

Error Reader::Parser::parseHeader() {
  Expected<ArrayRef<uint8_t>> magic = take(4, "the magic 'GGUF'");
  if (!magic)
    return magic.takeError();
  if (std::memcmp(magic->data(), "GGUF", 4) != 0)
    return fail(0, "expected the magic 'GGUF', but got " +
                       quoted(toStringRef(*magic)) +
                       "; give a model in the GGUF format");

  Expected<uint32_t> version = take32("the version");
  if (!version)
    return version.takeError();
  if (*version != 3 && byteswap(*version) <= 3)
    return fail(4, "expected a little-endian file, but got a big-endian one "
                   "(version " +
                       Twine(byteswap(*version)) +
                       "); convert it with gguf-convert-endian");
  if (*version != 3)
    return fail(4, "expected GGUF version 3, but got version " +
                       Twine(*version) +
                       "; convert the model again with a converter that "
                       "writes version 3");

  Expected<uint64_t> tensors = take64("the tensor count");
  if (!tensors)
    return tensors.takeError();
  Expected<uint64_t> values = take64("the metadata count");
  if (!values)
    return values.takeError();
  uint64_t left = file.size() - at;
  if (*values > left / minValueBytes)
    return fail(16, "expected at most " + Twine(left / minValueBytes) +
                        " metadata pairs in the " + Twine(left) +
                        " bytes left, but got a count of " + Twine(*values) +
                        "; " + truncated);
  if (*tensors > left / minTensorBytes)
    return fail(8, "expected at most " + Twine(left / minTensorBytes) +
                       " tensors in the " + Twine(left) +
                       " bytes left, but got a count of " + Twine(*tensors) +
                       "; " + truncated);
  tensorCount = *tensors;
  valueCount = *values;
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Metadata
//===----------------------------------------------------------------------===//

Error Reader::Parser::parseMetadata() {
  for (uint64_t i = 0; i < valueCount; ++i) {
    uint64_t start = at;
    Value value;
    Expected<StringRef> key =
        takeName("the key of metadata pair " + Twine(i), maxKeyBytes);
    if (!key)
      return key.takeError();
    value.key = *key;
    if (Error error = parseValue(value))
      return error;
    if (!reader.valueIndex.try_emplace(*key, reader.metadata.size()).second)
      return fail("key", *key, start,
                  "expected each key once, but got it twice; remove one of "
                  "the two");
    reader.metadata.push_back(value);
  }
  return Error::success();
}

Error Reader::Parser::parseValue(Value &value) {
  std::string what = "the value of key " + quoted(value.key);
  uint64_t typeAt = at;
  Expected<uint32_t> type = take32("the type of key " + quoted(value.key));
  if (!type)
    return type.takeError();
  value.isArray = *type == uint32_t(ValueType::Array);
  value.count = 1;
  if (value.isArray) {
    typeAt = at;
    type = take32("the element type of key " + quoted(value.key));
    if (!type)
      return type.takeError();
    Expected<uint64_t> count =
        take64("the element count of key " + quoted(value.key));
    if (!count)
      return count.takeError();
    value.count = *count;
    if (*type == uint32_t(ValueType::Array))
      return fail("key", value.key, typeAt,
                  "expected an array of scalars or strings, but got an array "
                  "of arrays, which no model key uses; remove the key");
  }
  if (*type > uint32_t(ValueType::Float64))
    return fail("key", value.key, typeAt,
                "expected a value type of 0 to 12, but got " + Twine(*type) +
                    "; the file is damaged or newer than this program");

  value.type = ValueType(*type);
  value.offset = at;
  if (value.type != ValueType::String) {
    // A count that overflows the product is larger than any file.
    std::optional<uint64_t> bytes =
        checkedMulUnsigned(value.count, scalarBytes(value.type));
    Expected<ArrayRef<uint8_t>> taken = take(bytes.value_or(UINT64_MAX), what);
    if (!taken)
      return taken.takeError();
    value.bytes = *taken;
    if (value.type == ValueType::Bool &&
        !all_of(value.bytes, [](uint8_t byte) { return byte <= 1; }))
      return fail("key", value.key, value.offset,
                  "expected booleans to be 0 or 1, but got another value; " +
                      Twine(truncated));
    return Error::success();
  }
  if (value.count > (file.size() - at) / 8)
    return fail("key", value.key, at,
                "expected at most " + Twine((file.size() - at) / 8) +
                    " strings in the bytes left, but got a count of " +
                    Twine(value.count) + "; " + truncated);
  for (uint64_t i = 0; i < value.count; ++i)
    if (Expected<StringRef> text = takeString(what); !text)
      return text.takeError();
  value.bytes = file.slice(value.offset, at - value.offset);
  return Error::success();
}

Error Reader::Parser::parseAlignment() {
  const StringRef key = "general.alignment";
  const Value *value = reader.find(key);
  if (!value)
    return Error::success();
  Expected<uint64_t> number = reader.getUnsigned(key);
  if (!number)
    return number.takeError();
  alignment = *number;
  if (alignment < 8 || !isPowerOf2_64(alignment))
    return fail("key", key, value->offset,
                "expected a power of two from 8, but got " + Twine(alignment) +
                    "; convert the model again");
  return Error::success();
}

} // namespace tenon::gguf
