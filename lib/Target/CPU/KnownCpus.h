//===- KnownCpus.h - the CPUs that have a name ------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain tables: levels, the features beyond them that kernel builders have a
// use for, and the CPUs that `--cpu=` knows. Every feature is named as LLVM
// names it, and the loader must be able to detect it.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_KNOWNCPUS_H
#define TENON_LIB_TARGET_CPU_KNOWNCPUS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>

namespace tenon::cpu {

/// A baseline: instructions that every CPU of the level has.
struct CpuLevel {
  llvm::StringLiteral name;
  llvm::StringLiteral triple;
  /// The CPU by which LLVM knows the baseline.
  llvm::StringLiteral llvmName;
  /// Features of the baseline that the loader checks.
  llvm::ArrayRef<llvm::StringLiteral> features;
  /// Features that a CPU of the level may have and that code may then use.
  llvm::ArrayRef<llvm::StringLiteral> beyond;
  int64_t vectorBits;
  int64_t vectorRegisters;
};

/// A name for `--cpu=`.
struct KnownCpu {
  llvm::StringLiteral name;
  const CpuLevel *level;
  /// LLVM's name of the CPU whose instruction costs decide scheduling.
  llvm::StringLiteral tuneFor;
  /// What it has beyond the level.
  llvm::ArrayRef<llvm::StringLiteral> features;
  /// Data caches: level 1 and 2 of a core, level 3 that cores share.
  int64_t l1Bytes;
  int64_t l2Bytes;
  int64_t l3Bytes;
};

/// All names but "native", grouped by triple, rising.
llvm::ArrayRef<KnownCpu> knownCpus();

/// Levels of `triple`'s architecture, the highest first.
llvm::ArrayRef<const CpuLevel *> levelsOf(llvm::StringRef architecture);

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_KNOWNCPUS_H
