//===- CostModel.h - what a kernel must read and compute --------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Counts of a scheduled kernel and what follows from them on a machine: the
// time below which no code can do it, and which limit that is. A prediction is
// a bound and not a guess: a measured time beside it says how much of the
// machine a kernel uses.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_COSTMODEL_H
#define TENON_LIB_TARGET_CPU_COSTMODEL_H

#include "dialects/Tenon/IR/Tenon.h"
#include "lib/Target/CPU/CpuRates.h"
#include "lib/Target/CPU/Outline/BufferPlan.h"

#include "llvm/ADT/SmallVector.h"

#include <string>

namespace tenon::cpu {

/// Numbers in which a kernel multiplies.
enum class Arithmetic { F32, BF16, Int8 };

/// "f32", "bf16", "int8".
llvm::StringRef getArithmeticName(Arithmetic arithmetic);

/// One kernel of an entry, counted. Bytes and operations are those of one run;
/// where layers differ in formats, of the mean layer.
struct KernelCost {
  std::string entry; ///< "step", "batch", "chunk"
  std::string name;
  std::string schedule;
  llvm::SmallVector<std::string> functions; ///< one per variant of formats
  int64_t runs = 1;                         ///< in one call of the entry
  RowSpace rows = RowSpace::Rows;           ///< all, or those asked for
  bool shared = true; ///< workers share it out; else each does all of it
  Arithmetic arithmetic = Arithmetic::F32;
  double weightBytes = 0;       ///< read once a run, as packed
  double weightBytesPerRow = 0; ///< looked up
  double cacheBytesPerSlot = 0; ///< keys and values read
  double cacheBytesPerRow = 0;  ///< appended
  double activationBytesPerRow = 0;
  double operationsPerRow = 0; ///< a multiply-add is two
  double operationsPerRowAndSlot = 0;
};

/// Counts a kernel of the scheduled phase; `entry` is its function's name.
KernelCost countKernel(KernelOp kernel, llvm::StringRef entry);

/// Counts every kernel of every entry, in the order in which they run.
std::vector<KernelCost> countKernels(mlir::ModuleOp scheduled);

/// What a run is about.
struct Situation {
  int64_t rows = 1;
  int64_t slots = 0; ///< of the cache, that a row attends to
  int64_t threads = 1;
};

/// What limits a kernel.
enum class Bound { Memory, Cache, Compute };

/// "memory" (weights and cached keys and values come from memory), "cache"
/// (activations from the caches), "arithmetic".
llvm::StringRef getBoundName(Bound bound);

/// The least that one run takes.
struct Prediction {
  double weightBytes = 0, cacheBytes = 0, activationBytes = 0;
  double operations = 0;
  double seconds = 0;
  Bound bound = Bound::Memory;
};

Prediction predict(const KernelCost &cost, const CpuRates &rates,
                   const Situation &situation);

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_COSTMODEL_H
