//===- PackedFormat.h - bits of codes in packed weights ---------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A packed block has the bytes of a stored one; its codes may have their bits
// at other places, so that kernels need fewer instructions to put them
// together. Fields that are no codes never move.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_PACKEDFORMAT_H
#define TENON_LIB_TARGET_CPU_PACKEDFORMAT_H

#include "dialects/Tenon/IR/BlockFormat.h"

#include "llvm/ADT/SmallVector.h"

namespace tenon::cpu {

/// `format` as its packed bytes have it: the places of some codes differ.
/// Everything else is as stored.
const BlockFormat &getPackedFormat(const BlockFormat &format);

/// True when indices i to i + 3 of a field, i a multiple of 4, lie at the same
/// bits of consecutive bytes.
bool isByteWise(const BitField &field, int64_t count);

/// Bits of a stored word of four bytes that go to a packed one. Shifted left by
/// `shift` (or right, when it is negative), `mask` says which.
struct BitMove {
  int64_t from, to; ///< offsets of the words in the block
  int64_t shift;
  uint32_t mask; ///< of the packed word

  uint32_t apply(uint32_t stored) const {
    return (shift < 0 ? stored >> -shift : stored << shift) & mask;
  }
  uint32_t undo(uint32_t packed) const {
    packed &= mask;
    return shift < 0 ? packed << -shift : packed >> shift;
  }
};

/// How packed words come from stored ones. Words that stay as they are have
/// none; all the bits of the others move. `words` has the word of each byte of
/// codes.
llvm::SmallVector<BitMove> getBitMoves(const BlockFormat &format,
                                       llvm::ArrayRef<int64_t> words);

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_PACKEDFORMAT_H
