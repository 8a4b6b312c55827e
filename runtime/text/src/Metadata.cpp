//===- Metadata.cpp - GGUF key/value pairs --------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// No number of the blob is believed: lengths and counts are compared with the
// bytes that are left before anything is done with them, and nothing is
// reserved by a count. Strings of arrays are walked here once, so that later
// readers need no checks.
//
//===----------------------------------------------------------------------===//

#include "Metadata.h"

using namespace tenon::text;

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "GGUF's encoding is read in place");

/// Bytes of a value of fixed size; 0 for strings, arrays and unknown types.
static size_t typeSize(uint32_t type) {
  switch (type) {
  case TENON_TEXT_TYPE_UINT8:
  case TENON_TEXT_TYPE_INT8:
  case TENON_TEXT_TYPE_BOOL:
    return 1;
  case TENON_TEXT_TYPE_UINT16:
  case TENON_TEXT_TYPE_INT16:
    return 2;
  case TENON_TEXT_TYPE_UINT32:
  case TENON_TEXT_TYPE_INT32:
  case TENON_TEXT_TYPE_FLOAT32:
    return 4;
  case TENON_TEXT_TYPE_UINT64:
  case TENON_TEXT_TYPE_INT64:
  case TENON_TEXT_TYPE_FLOAT64:
    return 8;
  default:
    return 0;
  }
}

const char *tenon::text::typeName(tenon_text_type type) {
  static const char *const names[] = {
      "uint8", "int8",   "uint16", "int16",  "uint32", "int32",  "float32",
      "bool",  "string", "array",  "uint64", "int64",  "float64"};
  return names[type];
}

namespace {
/// Walks the blob and knows how to say where it stands.
class Reader {
public:
  Reader(std::string_view blob) : blob(blob) {}

  size_t left() const { return blob.size() - offset; }

  tenon_text_status malformed(const std::string &what) const {
    return fail(TENON_TEXT_MALFORMED, "metadata: " + what + " at byte " +
                                          std::to_string(offset) + " of " +
                                          std::to_string(blob.size()));
  }

  template <typename T>
  tenon_text_status read(const char *what, T &value) {
    if (left() < sizeof(T))
      return malformed(std::string("expected ") + what + ", but the data ends");
    value = loadAs<T>(blob.data() + offset);
    offset += sizeof(T);
    return TENON_TEXT_OK;
  }

  tenon_text_status bytes(const char *what, uint64_t count,
                          std::string_view &value) {
    if (count > left())
      return malformed(std::string("expected ") + std::to_string(count) +
                       " bytes of " + what + ", but got " +
                       std::to_string(left()));
    value = blob.substr(offset, count);
    offset += count;
    return TENON_TEXT_OK;
  }

  tenon_text_status string(const char *what, std::string_view &value) {
    uint64_t length = 0;
    if (auto status = read("a string length", length))
      return status;
    return bytes(what, length, value);
  }

  tenon_text_status type(tenon_text_type &type) {
    uint32_t raw = 0;
    if (auto status = read("a value type", raw))
      return status;
    if (raw > TENON_TEXT_TYPE_FLOAT64)
      return malformed("expected a value type 0..12, but got " +
                       std::to_string(raw));
    type = static_cast<tenon_text_type>(raw);
    return TENON_TEXT_OK;
  }

  tenon_text_status value(Pair &pair);

private:
  tenon_text_status array(Pair &pair);

  tenon_text_status bools(std::string_view values) const {
    for (char value : values)
      if (static_cast<unsigned char>(value) > 1)
        return malformed("expected a bool of 0 or 1, but got " +
                         std::to_string(static_cast<unsigned char>(value)));
    return TENON_TEXT_OK;
  }

  std::string_view blob;
  size_t offset = 0;
};
} // namespace

tenon_text_status Reader::array(Pair &pair) {
  if (auto status = type(pair.element))
    return status;
  if (pair.element == TENON_TEXT_TYPE_ARRAY)
    return malformed("expected elements that are no arrays in " +
                     quote(pair.key) + ", but got an array of arrays");
  if (auto status = read("an element count", pair.count))
    return status;

  if (size_t size = typeSize(pair.element)) {
    if (pair.count > left() / size)
      return malformed("expected " + std::to_string(pair.count) +
                       " elements of " + quote(pair.key) + ", but got " +
                       std::to_string(left()) + " bytes");
    if (auto status = bytes("an array", pair.count * size, pair.data))
      return status;
    return pair.element == TENON_TEXT_TYPE_BOOL ? bools(pair.data)
                                                : TENON_TEXT_OK;
  }

  if (pair.count > left() / sizeof(uint64_t))
    return malformed("expected " + std::to_string(pair.count) + " strings of " +
                     quote(pair.key) + ", but got " + std::to_string(left()) +
                     " bytes");
  size_t start = offset;
  for (uint64_t i = 0; i < pair.count; ++i) {
    std::string_view ignored;
    if (auto status = string("a string of an array", ignored))
      return status;
  }
  pair.data = blob.substr(start, offset - start);
  return TENON_TEXT_OK;
}

tenon_text_status Reader::value(Pair &pair) {
  if (auto status = type(pair.type))
    return status;
  if (pair.type == TENON_TEXT_TYPE_ARRAY)
    return array(pair);
  if (pair.type == TENON_TEXT_TYPE_STRING)
    return string("a string", pair.data);
  if (auto status = bytes("a value", typeSize(pair.type), pair.data))
    return status;
  return pair.type == TENON_TEXT_TYPE_BOOL ? bools(pair.data) : TENON_TEXT_OK;
}

tenon_text_status Metadata::parse(std::string_view blob) {
  /// Key length, type and one byte of value.
  constexpr size_t smallestPair = 8 + 4 + 1;
  Reader reader(blob);
  uint64_t count = 0;
  if (auto status = reader.read("the number of pairs", count))
    return status;
  if (count > reader.left() / smallestPair)
    return reader.malformed("expected " + std::to_string(count) +
                            " pairs, but got " + std::to_string(reader.left()) +
                            " bytes");
  for (uint64_t i = 0; i < count; ++i) {
    Pair pair{};
    if (auto status = reader.string("a key", pair.key))
      return status;
    if (pair.key.empty())
      return reader.malformed("expected a key, but got an empty string");
    if (auto status = reader.value(pair))
      return status;
    if (!index.emplace(pair.key, allPairs.size()).second)
      return reader.malformed("expected each key once, but got " +
                              quote(pair.key) + " again");
    allPairs.push_back(pair);
  }
  if (reader.left())
    return reader.malformed("expected the end after " + std::to_string(count) +
                            " pairs, but got " + std::to_string(reader.left()) +
                            " more bytes");
  return TENON_TEXT_OK;
}

const Pair *Metadata::find(std::string_view key) const {
  auto found = index.find(key);
  return found == index.end() ? nullptr : &allPairs[found->second];
}

tenon_text_status Metadata::require(std::string_view key,
                                    const Pair *&pair) const {
  pair = find(key);
  if (pair)
    return TENON_TEXT_OK;
  return fail(TENON_TEXT_NOT_FOUND,
              "metadata: expected key " + quote(key) + ", but there is none");
}

static tenon_text_status wrongType(const Pair &pair,
                                   const std::string &expected) {
  std::string got = typeName(pair.type);
  if (pair.type == TENON_TEXT_TYPE_ARRAY)
    got += std::string(" of ") + typeName(pair.element);
  return fail(TENON_TEXT_WRONG_TYPE, "metadata: expected " + quote(pair.key) +
                                         " of type " + expected + ", but got " +
                                         got);
}

tenon_text_status Metadata::get(std::string_view key, tenon_text_type type,
                                const Pair *&pair) const {
  if (auto status = require(key, pair))
    return status;
  return pair->type == type ? TENON_TEXT_OK : wrongType(*pair, typeName(type));
}

tenon_text_status Metadata::getString(std::string_view key,
                                      std::string_view &value) const {
  const Pair *pair;
  if (auto status = get(key, TENON_TEXT_TYPE_STRING, pair))
    return status;
  value = pair->data;
  return TENON_TEXT_OK;
}

template <typename T>
static void split(const char *data, uint64_t &magnitude, bool &negative) {
  T value = loadAs<T>(data);
  negative = value < 0;
  magnitude = static_cast<uint64_t>(value);
  if (negative)
    magnitude = 0 - magnitude;
}

tenon_text_status Metadata::getInteger(std::string_view key,
                                       uint64_t &magnitude,
                                       bool &negative) const {
  const Pair *pair;
  if (auto status = require(key, pair))
    return status;
  const char *data = pair->data.data();
  switch (pair->type) {
  case TENON_TEXT_TYPE_UINT8:
    split<uint8_t>(data, magnitude, negative);
    return TENON_TEXT_OK;
  case TENON_TEXT_TYPE_INT8:
    split<int8_t>(data, magnitude, negative);
    return TENON_TEXT_OK;
  case TENON_TEXT_TYPE_UINT16:
    split<uint16_t>(data, magnitude, negative);
    return TENON_TEXT_OK;
  case TENON_TEXT_TYPE_INT16:
    split<int16_t>(data, magnitude, negative);
    return TENON_TEXT_OK;
  case TENON_TEXT_TYPE_UINT32:
    split<uint32_t>(data, magnitude, negative);
    return TENON_TEXT_OK;
  case TENON_TEXT_TYPE_INT32:
    split<int32_t>(data, magnitude, negative);
    return TENON_TEXT_OK;
  case TENON_TEXT_TYPE_UINT64:
    split<uint64_t>(data, magnitude, negative);
    return TENON_TEXT_OK;
  case TENON_TEXT_TYPE_INT64:
    split<int64_t>(data, magnitude, negative);
    return TENON_TEXT_OK;
  default:
    return wrongType(*pair, "integer");
  }
}

tenon_text_status
Metadata::getStrings(std::string_view key,
                     std::vector<std::string_view> &strings) const {
  const Pair *pair;
  if (auto status = get(key, TENON_TEXT_TYPE_ARRAY, pair))
    return status;
  if (pair->element != TENON_TEXT_TYPE_STRING)
    return wrongType(*pair, "array of string");
  // parse() has walked these strings; the count is no larger than the blob.
  strings.reserve(pair->count);
  const char *at = pair->data.data();
  for (uint64_t i = 0; i < pair->count; ++i) {
    auto length = loadAs<uint64_t>(at);
    strings.emplace_back(at + sizeof(length), length);
    at += sizeof(length) + length;
  }
  return TENON_TEXT_OK;
}
