//===- CacheLayout.h - where a cache's elements lie -------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tile after tile of slots, each with all layers, each of them with all heads:
// what is filled is the front of the memory, however long the context is, and
// so it can lie in huge pages. A head's part of a tile holds its keys, then its
// values, slot by slot, each row padded to whole vectors. Keys lie in columns
// of 16 slots, each element by element with the slots innermost: a vector of
// scores needs no horizontal sum, and a tile that is not full is read no
// further than its last column.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_KERNELS_CACHELAYOUT_H
#define TENON_LIB_TARGET_CPU_KERNELS_CACHELAYOUT_H

#include "dialects/Tenon/IR/Tenon.h"
#include "lib/Target/CPU/Kernels/Emitter.h"
#include "tenon-rt/abi.h"

#include "llvm/Support/MathExtras.h"

namespace tenon::cpu {

/// Slots of a tile. The capacity of a cache is a multiple of it.
inline constexpr int64_t kSlotTile = TENON_RT_SLOT_TILE;
static_assert(kSlotTile == kPartTile,
              "partial attention is cut where tiles of the cache begin");

struct CacheLayoutOf {
  int64_t layers, heads, dim, padded;
  mlir::Type element;

  explicit CacheLayoutOf(CacheType type)
      : layers(type.getLayers()), heads(type.getHeads()), dim(type.getDim()),
        padded(llvm::alignTo(type.getDim(), kLanes)), element(type.getK()) {}

  int64_t elementBytes() const { return element.getIntOrFloatBitWidth() / 8; }
  /// Elements of one slot in one layer, keys and values of all heads.
  int64_t slotElements() const { return heads * (dim + padded); }
  int64_t slotBytes() const { return slotElements() * elementBytes(); }
  /// Elements of one tile of one head.
  int64_t tileElements() const { return kSlotTile * (dim + padded); }
  /// Elements from a column of a tile's keys to the next.
  int64_t columnElements() const { return dim * kLanes; }
  /// Element d of slot s of a tile's keys lies at
  /// s / kLanes * columnElements() + d * kLanes + s % kLanes; of its values at
  /// valuesAt() + s * padded + d.
  int64_t valuesAt() const { return kSlotTile * dim; }

  /// Elements from a tile to the next, of one head of one layer.
  int64_t tileStride() const { return layers * heads * tileElements(); }
  /// First element of a tile of a head, from the layer's first tile on.
  mlir::Value tileAt(Emitter &e, mlir::Value head, mlir::Value tile) const {
    return e.add(e.mul(tile, tileStride()), e.mul(head, tileElements()));
  }
};

/// Bytes of scratch memory of attention of one row, by query heads per head.
int64_t getAttendStepScratch(const CacheLayoutOf &layout, int64_t group);

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_KERNELS_CACHELAYOUT_H
