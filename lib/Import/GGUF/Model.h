//===- Model.h - what a GGUF file's metadata and tensors mean -----*- C++
//-*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The description of a decoder, read from a checked file and checked again for
// sense: every number in range, every tensor there and of its shape, none left
// over. What follows (building IR) cannot fail any more. No IR here.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_IMPORT_GGUF_MODEL_H
#define TENON_LIB_IMPORT_GGUF_MODEL_H

#include "lib/Import/GGUF/Architectures.h"
#include "lib/Import/GGUF/Reader.h"

#include <optional>
#include <string>
#include <vector>

namespace tenon::gguf {

/// A weight of the model: one tensor, or one per layer.
struct ModelWeight {
  const TensorSlot *slot;
  llvm::SmallVector<int64_t, 2> shape; ///< rows, columns; a vector has rows
  /// The formats in use, in order of appearance.
  std::vector<const BlockFormat *> formats;
  /// Index into `formats` by layer; empty when all layers use the first.
  std::vector<int64_t> formatOfLayer;
};

/// A decoder as the importer understands it.
struct Model {
  const Architecture *architecture = nullptr;
  int64_t layers = 0;
  int64_t width = 0;   ///< elements of a token's residual
  int64_t hidden = 0;  ///< elements between ffn_up and ffn_down
  int64_t heads = 0;   ///< query heads
  int64_t kvHeads = 0; ///< key/value heads
  int64_t headDim = 0;
  int64_t ropeDims = 0;
  int64_t vocabulary = 0;
  int64_t contextLength = 0; ///< as asked for, else the model's own
  double ropeBase = 10000;
  double ropeFrequencyScale = 1;
  float normEpsilon = 0;
  std::vector<ModelWeight> weights; ///< in the order of `tensorSlots()`

  /// The weight of this symbol, or null when the model has none.
  const ModelWeight *find(llvm::StringRef symbol) const;
};

/// Reads the model of a file. `context` replaces the model's context length
/// and must not exceed it. `warnings` collects remarks about metadata keys
/// that are not known and have no effect.
llvm::Expected<Model> readModel(const Reader &reader,
                                std::optional<int64_t> context,
                                std::vector<std::string> &warnings);

} // namespace tenon::gguf

#endif // TENON_LIB_IMPORT_GGUF_MODEL_H
