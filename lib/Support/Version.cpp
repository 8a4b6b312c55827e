//===- Version.cpp - versions that tools print ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Support/Version.h"

#include "tenon-rt/abi.h"
#include "llvm/Config/llvm-config.h"

void tenon::printVersion(llvm::raw_ostream &os, llvm::StringRef tool) {
  os << tool << " (Tenon) " << TENON_VERSION << "\n"
     << "LLVM " << LLVM_VERSION_STRING << "\n"
     << "artifact ABI " << TENON_RT_ABI_VERSION << "\n";
}
