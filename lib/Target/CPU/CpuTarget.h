//===- CpuTarget.h - facts about the CPU that code is made for --*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a kernel builder may ask about the machine: which instructions exist,
// how wide and how many the vector registers are, how large the caches are.
// Instruction sets are feature sets, not levels: a target is a baseline level
// plus a short list of features beyond it (`KnownCpus.h`), and nothing else is
// generated, so the list that an artifact stores is the whole of what its code
// needs.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_CPUTARGET_H
#define TENON_LIB_TARGET_CPU_CPUTARGET_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace llvm {
class TargetMachine;
} // namespace llvm

namespace tenon::cpu {

/// One CPU to compile for.
struct CpuTarget {
  /// LLVM's target triple.
  std::string triple;
  /// What the artifact is said to be for: "x86-64-v3", "znver4".
  std::string name;
  /// The baseline instructions, as LLVM calls them: "x86-64-v3", "x86-64-v4",
  /// "generic" (of AArch64).
  std::string level;
  /// The CPU whose instruction costs decide scheduling; LLVM's name.
  std::string tuneFor;
  /// Features that the code may use and that the loader must check, LLVM's
  /// names, in a fixed order.
  std::vector<std::string> features;

  /// Bits of the widest vector register, and how many there are.
  int64_t vectorBits = 0;
  int64_t vectorRegisters = 0;

  /// Data caches of one core (level 1 and 2) and of the machine (level 3).
  int64_t l1Bytes = 0;
  int64_t l2Bytes = 0;
  int64_t l3Bytes = 0;

  /// The target that `--cpu=` names: "native", a name of `knownCpus()`, or one
  /// with features added, "x86-64-v4+avx512vnni". An unknown name is an error
  /// that lists the known ones.
  static llvm::Expected<CpuTarget> get(llvm::StringRef name);

  /// "native, x86-64-v3, ...": what `get` knows, for messages.
  static std::string knownNames();

  /// Whether the code may use the feature (LLVM's name, "avx512vnni").
  bool has(llvm::StringRef feature) const;

  /// `features` joined by commas, as the artifact stores them.
  std::string featureList() const;

  /// LLVM's machine for this target: position-independent code, full
  /// optimisation.
  llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
  createTargetMachine() const;
};

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_CPUTARGET_H
