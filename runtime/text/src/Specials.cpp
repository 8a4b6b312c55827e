//===- Specials.cpp - tokens that are matched whole -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Few places of a text can start such a token, so a table of first bytes skips
// the others and the trie itself may be a plain hash map.
//
//===----------------------------------------------------------------------===//

#include "Specials.h"

using namespace tenon::text;

static uint64_t edge(uint32_t node, char c) {
  return uint64_t(node) << 8 | static_cast<uint8_t>(c);
}

Specials::Specials() : nodes(1) { starts.fill(false); }

void Specials::add(std::string_view name, int32_t id, bool control) {
  if (name.empty())
    return;
  starts[static_cast<uint8_t>(name[0])] = true;
  uint32_t node = 0;
  for (char c : name) {
    auto next = static_cast<uint32_t>(nodes.size());
    auto [child, isNew] = children.emplace(edge(node, c), next);
    if (isNew)
      nodes.emplace_back();
    node = child->second;
  }
  nodes[node] = {id, control};
}

Specials::Match Specials::find(std::string_view text, size_t from,
                               bool withControl) const {
  for (size_t i = from; i < text.size(); ++i) {
    if (!starts[static_cast<uint8_t>(text[i])])
      continue;
    Match best{i, 0, -1};
    uint32_t node = 0;
    for (size_t j = i; j < text.size(); ++j) {
      auto child = children.find(edge(node, text[j]));
      if (child == children.end())
        break;
      node = child->second;
      if (nodes[node].id >= 0 && (withControl || !nodes[node].control))
        best = {i, j + 1 - i, nodes[node].id};
    }
    if (best.id >= 0)
      return best;
  }
  return {std::string_view::npos, 0, -1};
}
