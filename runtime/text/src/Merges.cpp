//===- Merges.cpp - byte-pair merging -------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rules lie in one open-addressed array, at most half full: a lookup is
// one or two cache lines, and lookups are what encoding spends its time on. A
// candidate may be stale when it comes off the heap, because a neighbour has
// changed since; it is then dropped, the change has pushed its own.
//
//===----------------------------------------------------------------------===//

#include "Merges.h"

#include <algorithm>

using namespace tenon::text;

/// No pair has this key: ids are not negative.
static constexpr uint64_t emptyKey = ~uint64_t(0);

/// No symbol.
static constexpr uint32_t none = ~uint32_t(0);

static uint64_t keyOf(int32_t left, int32_t right) {
  return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 |
         static_cast<uint32_t>(right);
}

size_t MergeTable::slotOf(uint64_t key) const {
  size_t mask = slots.size() - 1;
  // Multiplication by an odd constant (2^64 / golden ratio) mixes upwards.
  uint64_t hash = key * 0x9e3779b97f4a7c15u;
  for (size_t slot = (hash ^ hash >> 32) & mask;; slot = (slot + 1) & mask)
    if (slots[slot].key == key || slots[slot].key == emptyKey)
      return slot;
}

void MergeTable::reserve(size_t count) {
  size_t capacity = 2;
  while (capacity < 2 * count)
    capacity *= 2;
  slots.assign(capacity, Slot{emptyKey, {}});
}

void MergeTable::add(int32_t left, int32_t right, Merge merge) {
  uint64_t key = keyOf(left, right);
  slots[slotOf(key)] = {key, merge};
}

const Merge *MergeTable::find(int32_t left, int32_t right) const {
  const Slot &slot = slots[slotOf(keyOf(left, right))];
  return slot.key == emptyKey ? nullptr : &slot.merge;
}

/// Orders the heap: its front has the lowest rank and, among those, is
/// leftmost.
template <typename Candidate>
static bool later(const Candidate &a, const Candidate &b) {
  return a.rank != b.rank ? a.rank > b.rank : a.left > b.left;
}

void Merger::consider(uint32_t left) {
  uint32_t right = symbols[left].next;
  if (right == none)
    return;
  const Merge *merge = table.find(symbols[left].id, symbols[right].id);
  if (!merge)
    return;
  heap.push_back({merge->rank, left, merge->result});
  std::push_heap(heap.begin(), heap.end(), later<Candidate>);
}

void Merger::run(std::vector<int32_t> &word, size_t start) {
  auto count = static_cast<uint32_t>(word.size() - start);
  if (count < 2)
    return;
  symbols.clear();
  heap.clear();
  for (uint32_t i = 0; i < count; ++i)
    symbols.push_back(
        {word[start + i], i ? i - 1 : none, i + 1 < count ? i + 1 : none});
  for (uint32_t i = 0; i + 1 < count; ++i)
    consider(i);

  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), later<Candidate>);
    Candidate best = heap.back();
    heap.pop_back();
    Symbol &left = symbols[best.left];
    if (left.id < 0 || left.next == none)
      continue;
    Symbol &right = symbols[left.next];
    const Merge *merge = table.find(left.id, right.id);
    if (!merge || merge->result != best.result)
      continue;

    left.id = merge->result;
    right.id = -1;
    left.next = right.next;
    if (left.next != none)
      symbols[left.next].previous = best.left;
    if (left.previous != none)
      consider(left.previous);
    consider(best.left);
  }

  word.resize(start);
  for (uint32_t i = 0; i != none; i = symbols[i].next)
    word.push_back(symbols[i].id);
}
