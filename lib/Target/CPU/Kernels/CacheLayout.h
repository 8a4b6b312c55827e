//===- CacheLayout.h - where a cache's elements lie -------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One layer holds its keys, then its values. Keys: head after head, 16 slots
// at a time with the slots innermost, so that a vector of scores needs no
// horizontal sum. Values: head after head, slot after slot, each row padded to
// whole vectors.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_KERNELS_CACHELAYOUT_H
#define TENON_LIB_TARGET_CPU_KERNELS_CACHELAYOUT_H

#include "dialects/Tenon/IR/Tenon.h"
#include "lib/Target/CPU/Kernels/Emitter.h"

#include "llvm/Support/MathExtras.h"

namespace tenon::cpu {

struct CacheLayoutOf {
  int64_t heads, dim, padded;
  mlir::Type element;

  explicit CacheLayoutOf(CacheType type)
      : heads(type.getHeads()), dim(type.getDim()),
        padded(llvm::alignTo(type.getDim(), kLanes)), element(type.getK()) {}

  int64_t elementBytes() const { return element.getIntOrFloatBitWidth() / 8; }
  /// Bytes of one slot's keys (all heads).
  int64_t keySlotBytes() const { return heads * dim * elementBytes(); }
  /// Bytes of one slot's values (all heads).
  int64_t valueSlotBytes() const { return heads * padded * elementBytes(); }

  /// First element of the 16 keys' element 0, for the tile of 16 slots
  /// `tile` of head `head`; element d follows 16 d further.
  mlir::Value keyTile(Emitter &e, mlir::Value capacity, mlir::Value head,
                      mlir::Value tile) const {
    return e.add(e.mul(e.mul(head, capacity), dim), e.mul(tile, dim * kLanes));
  }
  /// First element of a slot's value.
  mlir::Value valueRow(Emitter &e, mlir::Value capacity, mlir::Value head,
                       mlir::Value slot) const {
    return e.mul(e.add(e.mul(head, capacity), slot), padded);
  }
};

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_KERNELS_CACHELAYOUT_H
