//===- CpuRates.h - how fast a CPU reads and multiplies ---------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The peaks that predictions are made with. By default they follow from the
// instruction set and a usual clock and memory; measured ones replace them.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_CPURATES_H
#define TENON_LIB_TARGET_CPU_CPURATES_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace tenon::cpu {

struct CpuTarget;

/// Thousands of millions a second.
struct CpuRates {
  double readOneCore = 16;  ///< bytes from memory, one core
  double readAllCores = 32; ///< all cores together
  double cacheRead = 100;   ///< bytes from a core's second-level cache
  double f32 = 0;           ///< operations of one core; a multiply-add is two
  double bf16 = 0;
  double int8 = 0;

  /// The usual rates of a target's instruction set.
  static CpuRates get(const CpuTarget &target);

  /// Replaces rates by those that `text` names: "read=15.5,read-all=31,
  /// f32=118,bf16=236,int8=470,cache=100".
  llvm::Error update(llvm::StringRef text);
};

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_CPURATES_H
