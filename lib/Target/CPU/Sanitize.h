//===- Sanitize.h - instrumentation of generated code -----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_SANITIZE_H
#define TENON_LIB_TARGET_CPU_SANITIZE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/IR/PassManager.h"

namespace tenon::cpu {

/// The sanitizer whose instrumentation goes into the generated code.
enum class Sanitizer { None, Address, Thread };

/// Name of a sanitizer in options and artifacts: "", "address", "thread".
llvm::StringRef sanitizerName(Sanitizer sanitizer);

/// Marks the module's functions for the sanitizer.
void markForSanitizer(llvm::Module &module, Sanitizer sanitizer);

/// Adds the passes that instrument optimised code.
void addSanitizerPasses(llvm::ModulePassManager &passes, Sanitizer sanitizer);

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_SANITIZE_H
