//===- ArchiveWeights.h - weights of any archive ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_VALIDATION_ARCHIVEWEIGHTS_H
#define TENON_LIB_VALIDATION_ARCHIVEWEIGHTS_H

#include "dialects/Tenon/Interpreter/WeightSource.h"

namespace tenon {

/// Opens what an archive names: "synthetic:SEED", or a GGUF file, which is
/// mapped. A file with another fingerprint is refused.
llvm::Expected<std::unique_ptr<interp::WeightSource>>
openArchive(llvm::StringRef file, llvm::StringRef fingerprint);

} // namespace tenon

#endif // TENON_LIB_VALIDATION_ARCHIVEWEIGHTS_H
