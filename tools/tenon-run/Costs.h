//===- Costs.h - what the kernels of a model must do ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// NAME.json lists the kernels of each entry with counts of bytes and
// operations, and the rates of the machine; a bound follows from them by the
// rule of `tenonc --explain`, which a test holds this one against.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TOOLS_TENONRUN_COSTS_H
#define TENON_TOOLS_TENONRUN_COSTS_H

#include "tenon-rt/runtime.h"

#include <string>
#include <vector>

namespace tenon::run {

/// Thousands of millions a second.
struct Rates {
  double readOneCore, readAllCores, cacheRead, f32, bf16, int8;
};

/// What a rate is called in --rates and in JSON.
struct RateName {
  const char *option, *key;
  double Rates::*place;
};

inline constexpr RateName kRateNames[] = {
    {"read", "read_gb_s", &Rates::readOneCore},
    {"read-all", "read_all_gb_s", &Rates::readAllCores},
    {"cache", "cache_gb_s", &Rates::cacheRead},
    {"f32", "f32_gop_s", &Rates::f32},
    {"bf16", "bf16_gop_s", &Rates::bf16},
    {"int8", "int8_gop_s", &Rates::int8},
};

/// One kernel of an entry; bytes and operations are those of one run.
struct KernelCost {
  std::string name, schedule;
  std::string arithmetic; ///< "f32", "bf16" or "int8"
  std::string rows;       ///< "all", or those of "logits" or "best tokens"
  bool isShared;
  double weightBytes, weightBytesPerRow, cacheBytesPerSlot, cacheBytesPerRow,
      activationBytesPerRow, operationsPerRow, operationsPerRowAndSlot;
};

/// What a run is about.
struct Situation {
  double rows = 1, outRows = 1; ///< all, and whose logits are asked for
  double seenSlots = 0;         ///< of the cache, by a row on average
  double readSlots = 0; ///< read from memory: rows of a sequence share them
  double threads = 1;
};

/// The least that one run takes.
struct Bound {
  double memoryBytes, activationBytes, operations, seconds;
  const char *limit; ///< "memory", "cache" or "arithmetic"
};

class Costs {
public:
  /// Reads the file beside the library. Throws when there is none, or when it
  /// is of another artifact or CPU than the one that runs.
  /// `measured` replaces rates by those that it names, "read=15.5,f32=118".
  Costs(const std::string &library, const tenon_rt_model_info &info,
        const std::string &measured);

  /// The kernels of an entry, in the order of their numbers.
  std::vector<KernelCost> kernels(const std::string &entry) const;

  Bound bound(const KernelCost &cost, const Situation &situation) const;

  Rates rates;
  std::string path;

private:
  std::vector<std::pair<std::string, KernelCost>> all; // entry and kernel
};

} // namespace tenon::run

#endif // TENON_TOOLS_TENONRUN_COSTS_H
