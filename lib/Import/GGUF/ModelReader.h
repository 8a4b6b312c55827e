//===- ModelReader.h - builds a Model from a GGUF file ------------*- C++
//-*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Metadata first (Model.cpp), then the tensors (ModelTensors.cpp), whose shapes
// follow from it.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_IMPORT_GGUF_MODELREADER_H
#define TENON_LIB_IMPORT_GGUF_MODELREADER_H

#include "lib/Import/GGUF/Model.h"

#include "llvm/ADT/DenseSet.h"

namespace tenon::gguf {

/// Reads one model; used once.
class ModelReader {
public:
  ModelReader(const Reader &reader, std::optional<int64_t> context,
              std::vector<std::string> &warnings)
      : reader(reader), context(context), warnings(warnings) {}

  /// Fills `model`.
  llvm::Error run();

  Model model;

private:
  /// An error about a metadata key or a tensor of the file.
  llvm::Error keyError(llvm::StringRef key, const llvm::Twine &text) const;
  llvm::Error tensorError(llvm::StringRef name, const llvm::Twine &text) const;

  /// "llama.block_count" for "block_count".
  std::string key(llvm::StringRef suffix) const;
  bool has(llvm::StringRef suffix) const { return reader.find(key(suffix)); }

  /// Reads a count of 1 to `limit`. An array must hold the same for every
  /// layer.
  llvm::Error readCount(llvm::StringRef suffix, int64_t &result,
                        int64_t limit = maxCount);
  /// The same when the key is there, else leaves `result` as it is.
  llvm::Error readCountIfAny(llvm::StringRef suffix, int64_t &result);
  /// Reads a positive, finite number.
  llvm::Error readPositive(llvm::StringRef suffix, double &result);

  llvm::Error readGeneral();
  llvm::Error readShape();
  llvm::Error readRope();
  llvm::Error readContext();
  llvm::Error checkKey(const Value &value, const ArchitectureKey &known) const;
  llvm::Error checkKeys();

  llvm::Error readTensors();
  llvm::Error readVocabulary();
  int64_t extent(TensorSlot::Extent extent) const;
  bool isRequired(const TensorSlot &slot) const;
  llvm::Error readSlot(const TensorSlot &slot);
  llvm::Error checkTensor(const TensorInfo &tensor,
                          const ModelWeight &weight) const;
  llvm::Error checkNoneLeft() const;

  /// Large enough for any model, and products of two do not overflow.
  static constexpr int64_t maxCount = int64_t(1) << 24;

  const Reader &reader;
  std::optional<int64_t> context;
  std::vector<std::string> &warnings;
  llvm::DenseSet<const TensorInfo *> used;
};

} // namespace tenon::gguf

#endif // TENON_LIB_IMPORT_GGUF_MODELREADER_H
