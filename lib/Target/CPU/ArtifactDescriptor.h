//===- ArtifactDescriptor.h - the one exported symbol -----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The description of an artifact as the compiler knows it, and the module that
// holds it as the constant `tenon_rt_artifact` of `tenon-rt/abi.h`.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_ARTIFACTDESCRIPTOR_H
#define TENON_LIB_TARGET_CPU_ARTIFACTDESCRIPTOR_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace llvm {
class LLVMContext;
class Module;
} // namespace llvm

namespace tenon::cpu {

/// One entry of an artifact, see `tenon_rt_entry`.
struct EntryDescription {
  std::string name;     ///< "step", "batch", "chunk"
  std::string function; ///< symbol that a module of the artifact defines
  uint64_t maxRows = 0;
  uint64_t arenaBytes = 0;
  uint64_t scratchBytes = 0;
};

/// The fields of `tenon_rt_artifact` under the same names.
struct ArtifactDescription {
  std::string name;
  std::string compiler;
  std::string triple;
  std::string cpu;
  std::string features;
  std::string sanitizer;
  std::array<uint8_t, 16> weightsId = {};
  uint64_t weightsBytes = 0;
  uint64_t vocab = 0;
  uint64_t context = 0;
  uint64_t layers = 0;
  uint64_t cacheLayerSlotBytes = 0;
  std::string cacheType;
  std::vector<EntryDescription> entries;
  bool hasMarks = false;
  uint64_t topK = 0;
};

/// A module named "artifact" that defines the descriptor. `variants` are one
/// model for one CPU or more, the most demanding first.
std::unique_ptr<llvm::Module>
buildDescriptor(llvm::LLVMContext &context,
                llvm::ArrayRef<ArtifactDescription> variants);

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_ARTIFACTDESCRIPTOR_H
