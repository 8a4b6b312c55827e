//===- Merges.h - byte-pair merging -----------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The merge rules of a vocabulary, and the loop that applies them to a word:
// again and again the pair of the best rank, the leftmost first. A heap of
// candidates over a linked list makes that n log n, whatever the word.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TEXT_SRC_MERGES_H
#define TENON_TEXT_SRC_MERGES_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tenon::text {

/// What a pair of neighbours becomes.
struct Merge {
  uint32_t rank; ///< lower goes first
  int32_t result;
};

/// Merge rules by pair of token ids.
class MergeTable {
public:
  /// Makes room for `count` rules.
  void reserve(size_t count);

  /// Adds a rule; a later one for the same pair replaces the former. At most
  /// as many as were reserved.
  void add(int32_t left, int32_t right, Merge merge);

  /// The rule for a pair, or null.
  const Merge *find(int32_t left, int32_t right) const;

private:
  struct Slot {
    uint64_t key;
    Merge merge;
  };
  size_t slotOf(uint64_t key) const;

  std::vector<Slot> slots;
};

/// Applies merge rules; keeps its memory from word to word.
class Merger {
public:
  explicit Merger(const MergeTable &table) : table(table) {}

  /// Replaces the ids of `word` from place `start` on by what they merge to.
  void run(std::vector<int32_t> &word, size_t start);

private:
  struct Symbol {
    int32_t id; ///< -1 when merged into its left neighbour
    uint32_t previous;
    uint32_t next;
  };
  struct Candidate {
    uint32_t rank;
    uint32_t left; ///< place of the left symbol
    int32_t result;
  };
  void consider(uint32_t left);

  const MergeTable &table;
  std::vector<Symbol> symbols;
  std::vector<Candidate> heap;
};

} // namespace tenon::text

#endif // TENON_TEXT_SRC_MERGES_H
