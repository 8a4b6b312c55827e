//===- ArtifactText.h - NAME.h and NAME.json --------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The two files of an artifact that people read. Both depend on the model, the
// options and the compiler only: no date, no path.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_COMPILER_ARTIFACTTEXT_H
#define TENON_LIB_COMPILER_ARTIFACTTEXT_H

#include "lib/Compiler/PackWeights.h"
#include "lib/Target/CPU/ArtifactDescriptor.h"
#include "lib/Target/CPU/CostModel.h"

#include "llvm/Support/raw_ostream.h"

namespace tenon {

/// What NAME.json tells besides the descriptor.
struct ArtifactFacts {
  const cpu::ArtifactDescription *description;
  /// The description for each CPU, this one first.
  llvm::ArrayRef<cpu::ArtifactDescription> variants;
  llvm::ArrayRef<PackedTensor> tensors;
  llvm::ArrayRef<cpu::KernelCost> kernels; ///< none: IR of a later phase
  cpu::CpuRates rates;
  std::string libraryHash; ///< hexadecimal
  uint64_t libraryBytes = 0;
  uint64_t codeBytes = 0;
};

/// The C header of a model: how it is opened, and its sizes as macros.
void writeHeader(const cpu::ArtifactDescription &description,
                 llvm::raw_ostream &stream);

/// The facts of an artifact as JSON.
void writeFacts(const ArtifactFacts &facts, llvm::raw_ostream &stream);

} // namespace tenon

#endif // TENON_LIB_COMPILER_ARTIFACTTEXT_H
