//===- Version.h - versions that tools print --------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_SUPPORT_VERSION_H
#define TENON_LIB_SUPPORT_VERSION_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"

namespace tenon {

/// Prints what every tool answers to --version: Tenon, LLVM and the ABI of the
/// artifacts.
void printVersion(llvm::raw_ostream &os, llvm::StringRef tool);

} // namespace tenon

#endif // TENON_LIB_SUPPORT_VERSION_H
