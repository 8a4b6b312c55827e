//===- Architectures.h - the model families of GGUF files ---------*- C++
//-*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Families are rows of one table, and so are the metadata keys that change what
// a model computes. A family that differs in more than these columns needs a
// column, not a branch in the importer.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_IMPORT_GGUF_ARCHITECTURES_H
#define TENON_LIB_IMPORT_GGUF_ARCHITECTURES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>

namespace tenon::gguf {

/// One family, named as `general.architecture` names it.
struct Architecture {
  llvm::StringRef name;
  /// Rotary pairs are neighbours (2i, 2i + 1), or (i, i + half) when false.
  bool interleavedRope;
  /// Query and key projections must have biases; others may in any family.
  bool queryKeyValueBias;
  /// Queries and keys are normalised head by head before their rotation.
  bool headNorms;
};

/// All supported families.
llvm::ArrayRef<Architecture> architectures();

/// The family of this name, or null.
const Architecture *lookupArchitecture(llvm::StringRef name);

/// What the importer does with a metadata key `ARCHITECTURE.suffix`.
enum class KeyRule : uint8_t {
  Used,          ///< read into the model's description
  Ignored,       ///< says nothing about the computation
  Zero,          ///< 0, false or absent, else the model is refused
  ZeroOrOne,     ///< a factor: 0 or 1 (both: none) or absent
  True,          ///< true or absent
  WithinContext, ///< a window: 0, or at least the context
};

/// One known key.
struct ArchitectureKey {
  llvm::StringRef suffix;
  KeyRule rule;
  llvm::StringRef feature; ///< what a refused value would ask for
};

/// The key of this suffix, or null when the importer does not know it.
const ArchitectureKey *lookupArchitectureKey(llvm::StringRef suffix);

/// A tensor of a model. `{layer}` in the name stands for the layer index.
struct TensorSlot {
  /// What an extent is counted in.
  enum Extent : uint8_t {
    None,
    Vocabulary,
    Width,
    Hidden,
    Queries,   ///< query heads times head dimension
    KeyValues, ///< key/value heads times head dimension
    HeadDim,
    RopePairs,
  };
  /// When the tensor must be there.
  enum Presence : uint8_t { Required, Optional, QKVBias, HeadNorm };

  llvm::StringRef symbol; ///< name of the weight in the IR
  llvm::StringRef tensor; ///< name in the file
  Extent rows;
  Extent columns; ///< None: a vector
  Presence presence;

  bool hasLayers() const { return tensor.contains("{layer}"); }
};

/// Every tensor that a model of any family may have.
llvm::ArrayRef<TensorSlot> tensorSlots();

} // namespace tenon::gguf

#endif // TENON_LIB_IMPORT_GGUF_ARCHITECTURES_H
