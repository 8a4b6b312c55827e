//===- Metadata.h - GGUF key/value pairs ------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads a blob of key/value pairs once, checking every length against what is
// left of the blob, and keeps where each value lies. Values are never copied.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TEXT_SRC_METADATA_H
#define TENON_TEXT_SRC_METADATA_H

#include "Error.h"

#include <cstring>
#include <unordered_map>
#include <vector>

namespace tenon::text {

/// Reads a `T` at `data`, which needs no alignment.
template <typename T>
T loadAs(const char *data) {
  T value;
  std::memcpy(&value, data, sizeof(T));
  return value;
}

/// Name of a value type in messages ("uint32").
const char *typeName(tenon_text_type type);

/// One pair.
struct Pair {
  std::string_view key;
  tenon_text_type type;
  /// The value: of a string its bytes, of an array the encoded elements.
  std::string_view data;
  tenon_text_type element; ///< of an array
  uint64_t count;          ///< of an array
};

/// All pairs of a blob.
class Metadata {
public:
  /// Reads `blob`, which must outlive this object.
  tenon_text_status parse(std::string_view blob);

  /// The pairs in the order of the blob.
  const std::vector<Pair> &pairs() const { return allPairs; }

  /// The pair of `key`, or null.
  const Pair *find(std::string_view key) const;

  /// The pair of `key`, which must exist.
  tenon_text_status require(std::string_view key, const Pair *&pair) const;

  /// The pair of `key`, which must be of type `type`.
  tenon_text_status get(std::string_view key, tenon_text_type type,
                        const Pair *&pair) const;

  /// The string of `key`.
  tenon_text_status getString(std::string_view key,
                              std::string_view &value) const;

  /// The integer of `key`, of any integer type: its magnitude and sign.
  tenon_text_status getInteger(std::string_view key, uint64_t &magnitude,
                               bool &negative) const;

  /// The array of strings of `key`.
  tenon_text_status getStrings(std::string_view key,
                               std::vector<std::string_view> &strings) const;

private:
  std::vector<Pair> allPairs;
  std::unordered_map<std::string_view, size_t> index;
};

} // namespace tenon::text

#endif // TENON_TEXT_SRC_METADATA_H
