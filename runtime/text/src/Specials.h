//===- Specials.h - tokens that are matched whole ---------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Control and user-defined tokens are found in the text before it is cut into
// words: at the leftmost place where one starts, the longest that starts there.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TEXT_SRC_SPECIALS_H
#define TENON_TEXT_SRC_SPECIALS_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tenon::text {

/// A trie of token names.
class Specials {
public:
  Specials();

  /// Adds token `id` called `name`; empty names are ignored. A control token
  /// is found only by those who ask for them.
  void add(std::string_view name, int32_t id, bool control);

  /// One occurrence.
  struct Match {
    size_t offset; ///< npos when there is none
    size_t length;
    int32_t id;
  };

  /// The first occurrence in `text` from `from` on.
  Match find(std::string_view text, size_t from, bool withControl) const;

private:
  struct Node {
    int32_t id = -1;
    bool control = false;
  };
  std::vector<Node> nodes;
  /// Child by node number and byte.
  std::unordered_map<uint64_t, uint32_t> children;
  std::array<bool, 256> starts; ///< bytes by which some name begins
};

} // namespace tenon::text

#endif // TENON_TEXT_SRC_SPECIALS_H
