//===- Import.h - a GGUF file as IR of the core dialect -----------*- C++
//-*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The importer gives the first phase of the compiler: a module with an archive,
// its weights as symbols, and one function whose layers are one body. It reads
// no weight, and its time follows the number of tensors, not their size.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_IMPORT_GGUF_IMPORT_H
#define TENON_LIB_IMPORT_GGUF_IMPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>
#include <string>

namespace tenon {

namespace gguf {
class Reader;
}

/// What a user may choose about a model.
struct ImportOptions {
  /// Name of the module; default: the file's stem.
  std::string name;
  /// Slots of the cache in tokens; default: the model's context length.
  std::optional<int64_t> context;
  /// Element format of keys and values.
  enum class CacheElement { F16, F32 } cacheElement = CacheElement::F16;
  /// Most tokens by rank that an entry gives per row, beside logits; 0: logits
  /// only.
  int64_t topK = 0;
};

/// Imports the model in the GGUF file at `path`. Null after an error, which
/// went to the context's diagnostic engine with an unknown location: its text
/// names the file, the place in it, the rule and the remedy.
mlir::OwningOpRef<mlir::ModuleOp> importGGUF(llvm::StringRef path,
                                             mlir::MLIRContext *context,
                                             const ImportOptions &options);

/// The same for a file that is open already.
mlir::OwningOpRef<mlir::ModuleOp> importGGUF(const gguf::Reader &reader,
                                             mlir::MLIRContext *context,
                                             const ImportOptions &options);

} // namespace tenon

#endif // TENON_LIB_IMPORT_GGUF_IMPORT_H
