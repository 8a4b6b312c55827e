//===- EmitObject.h - LLVM dialect to object files in memory ----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The way from one nested module of the native phase to one object file.
// Modules are independent: each has its own LLVM context, so that they are
// optimised and emitted side by side.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_EMITOBJECT_H
#define TENON_LIB_TARGET_CPU_EMITOBJECT_H

#include "lib/Target/CPU/CpuTarget.h"
#include "lib/Target/CPU/Sanitize.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SmallVector.h"

#include <string>
#include <vector>

namespace llvm {
class Module;
} // namespace llvm

namespace tenon::cpu {

/// An object file in memory.
struct ObjectFile {
  std::string name;                ///< the module's name
  llvm::SmallVector<char, 0> data; ///< ELF bytes
  uint64_t codeBytes = 0;          ///< bytes of its executable sections
};

/// Registers what translation of the LLVM dialect to LLVM IR needs.
void registerEmission(mlir::DialectRegistry &registry);

/// Optimises the module for the target and emits it. `keep` names the
/// functions and variables that other modules of the artifact use: they become
/// hidden symbols of the object. Definitions of protected visibility stay
/// exported, all others become local to the object.
llvm::Expected<ObjectFile> emitObject(llvm::Module &module,
                                      const CpuTarget &target,
                                      Sanitizer sanitizer,
                                      llvm::ArrayRef<llvm::StringRef> keep);

/// Emits every module nested directly in `native`, in their order. `entries`
/// names functions that the artifact descriptor refers to. Uses the threads of
/// the MLIR context; the result does not depend on how many there are.
mlir::FailureOr<std::vector<ObjectFile>>
emitObjects(mlir::ModuleOp native, const CpuTarget &target, Sanitizer sanitizer,
            llvm::ArrayRef<llvm::StringRef> entries);

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_EMITOBJECT_H
