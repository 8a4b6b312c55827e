//===- Archives.h - the files behind tenon.archive --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Opens the archives of a module: GGUF files, which stay mapped, and generated
// weights ("synthetic:SEED"). Nothing of a tensor is read before it is asked
// for.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_COMPILER_ARCHIVES_H
#define TENON_LIB_COMPILER_ARCHIVES_H

#include "dialects/Tenon/Interpreter/WeightSource.h"
#include "lib/Compiler/PackWeights.h"
#include "lib/Import/GGUF/Reader.h"

#include "llvm/ADT/StringMap.h"

#include <memory>
#include <optional>

namespace tenon {

/// The archives of one module.
class Archives {
public:
  /// Opens every `tenon.archive` of the module and checks its fingerprint. A
  /// relative file name is looked for in the working folder, then in
  /// `irFolder`.
  static mlir::FailureOr<Archives> open(mlir::ModuleOp module,
                                        llvm::StringRef irFolder);

  /// The stored blocks of a tensor.
  llvm::Expected<llvm::ArrayRef<uint8_t>> read(const PackedTensor &tensor);

  /// The model's metadata, in GGUF's encoding: that of the one archive that
  /// has any, or no pairs.
  llvm::ArrayRef<uint8_t> metadata() const;

  /// The path of the file that `metadata` comes from, or nothing.
  std::optional<llvm::StringRef> metadataFile() const;

private:
  llvm::StringMap<std::unique_ptr<gguf::Reader>> readers;
  llvm::StringMap<std::unique_ptr<interp::WeightSource>> sources;
};

} // namespace tenon

#endif // TENON_LIB_COMPILER_ARCHIVES_H
