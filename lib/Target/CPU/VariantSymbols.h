//===- VariantSymbols.h - code of several CPUs in one library ---*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The same model compiled for two CPUs has functions of the same names. They
// get different ones when the objects are there, so that an object is the same
// (and the same to the kernel cache) whatever stands beside it.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_VARIANTSYMBOLS_H
#define TENON_LIB_TARGET_CPU_VARIANTSYMBOLS_H

#include "lib/Target/CPU/EmitObject.h"

namespace tenon::cpu {

/// Appends `suffix` to the name of every symbol that one of `objects` defines
/// for the others, wherever it is used in them.
llvm::Error renameSymbols(llvm::MutableArrayRef<ObjectFile> objects,
                          llvm::StringRef suffix);

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_VARIANTSYMBOLS_H
