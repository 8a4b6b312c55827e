//===- PackWeights.h - stored tensors to packed weights ---------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the `tenon.weight` ops of a native module say about packing becomes a
// list of tensors with places, and that list is carried out tensor by tensor
// from a mapped archive into a mapped file.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_COMPILER_PACKWEIGHTS_H
#define TENON_LIB_COMPILER_PACKWEIGHTS_H

#include "dialects/Tenon/IR/BlockFormat.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <functional>
#include <string>
#include <vector>

namespace tenon {

/// One stored tensor and its place among the packed weights.
struct PackedTensor {
  std::string name;    ///< in the archive
  std::string archive; ///< symbol of the archive
  mlir::Location loc;
  const BlockFormat *format;
  llvm::SmallVector<int64_t, 2> shape; ///< [rows, columns] or [elements]
  int64_t interleave;                  ///< rows side by side; 1: dense f32
  uint64_t offset;                     ///< from the start of the section
  uint64_t bytes;                      ///< packed
};

/// Reads the stored blocks of a tensor; their number of bytes follows from
/// format and shape and is checked by the reader.
using TensorReader = std::function<llvm::Expected<llvm::ArrayRef<uint8_t>>(
    const PackedTensor &tensor)>;

/// The packed tensors that the module's weights ask for, in the order of their
/// offsets. Packing and offsets must be chosen, aligned and disjoint.
mlir::FailureOr<std::vector<PackedTensor>> planPacking(mlir::ModuleOp native);

/// Bytes of the section that the plan fills.
uint64_t getSectionBytes(llvm::ArrayRef<PackedTensor> plan);

/// Packs all tensors into `section`, on the threads of the MLIR context.
mlir::LogicalResult packWeights(mlir::MLIRContext *context,
                                llvm::ArrayRef<PackedTensor> plan,
                                const TensorReader &read,
                                llvm::MutableArrayRef<uint8_t> section);

} // namespace tenon

#endif // TENON_LIB_COMPILER_PACKWEIGHTS_H
