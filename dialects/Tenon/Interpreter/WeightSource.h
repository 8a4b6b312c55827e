//===- WeightSource.h - where the interpreter finds weights -----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A source gives the stored bytes of a tensor by name. The interpreter knows
// generated tensors only; whoever can read files supplies the rest through an
// `ArchiveOpener`.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENON_INTERPRETER_WEIGHTSOURCE_H
#define TENON_DIALECTS_TENON_INTERPRETER_WEIGHTSOURCE_H

#include "dialects/Tenon/IR/BlockFormat.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <functional>
#include <memory>
#include <optional>

namespace tenon::interp {

/// The blocks of one tensor; its source owns them.
struct StoredTensor {
  const BlockFormat *format = nullptr;
  llvm::SmallVector<int64_t, 2> shape; ///< rows before columns
  llvm::ArrayRef<uint8_t> bytes;

  /// A vector is one row.
  int64_t rows() const { return shape.size() == 2 ? shape.front() : 1; }
  int64_t columns() const { return shape.back(); }
  /// Dequantises row `r` into `out[columns()]`.
  void readRow(int64_t r, float *out) const;
};

/// Tensors by name.
class WeightSource {
public:
  virtual ~WeightSource();

  /// The tensor of this name, or an error when it is missing or has another
  /// format or shape. The bytes live as long as the source.
  virtual llvm::Expected<StoredTensor> load(llvm::StringRef tensor,
                                            const BlockFormat &format,
                                            llvm::ArrayRef<int64_t> shape) = 0;
};

/// Gives the source behind an archive: its file name, and the fingerprint that
/// the file must have (empty: any).
using ArchiveOpener =
    std::function<llvm::Expected<std::unique_ptr<WeightSource>>(
        llvm::StringRef file, llvm::StringRef fingerprint)>;

/// Weights that depend on the seed and the tensor's name, format and shape
/// only: valid finite blocks, of a magnitude that keeps a network's values
/// near 1, with some blocks eight times as large. Vectors are positive, except
/// where the name ends in "bias".
std::unique_ptr<WeightSource> createSyntheticWeights(uint64_t seed);

/// The seed of a file name "synthetic:SEED", or nothing.
std::optional<uint64_t> parseSyntheticArchive(llvm::StringRef file);

/// Opens synthetic archives and refuses all others.
llvm::Expected<std::unique_ptr<WeightSource>>
openSyntheticArchive(llvm::StringRef file, llvm::StringRef fingerprint);

} // namespace tenon::interp

#endif // TENON_DIALECTS_TENON_INTERPRETER_WEIGHTSOURCE_H
