//===- Options.h - the command line of tenon-run --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One struct holds what was asked for. What it holds is consistent: options
// that contradict each other are refused here, before a model is opened.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TOOLS_TENONRUN_OPTIONS_H
#define TENON_TOOLS_TENONRUN_OPTIONS_H

#include "tenon-rt/runtime.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tenon::run {

/// What the tool does; each has a file of its own.
enum class Mode { Generate, Batch, Logits, Perplexity, Bench, Profile };

/// The parts of `--bench p512,n128,d0,b1`, and `--depth`.
struct BenchSizes {
  /// As many rows as the model's chunk takes.
  static constexpr uint64_t largestChunk = UINT64_MAX;

  uint64_t prefill = 512;
  uint64_t decode = 128;
  uint64_t sequences = 1;             ///< decoded together
  std::vector<uint64_t> depths = {0}; ///< at least one
  bool isList = false;                ///< whether `--depth` gave them

  uint64_t deepest() const {
    return *std::max_element(depths.begin(), depths.end());
  }
};

struct Options {
  Mode mode = Mode::Generate;
  std::string model;
  std::string weights;
  tenon_rt_weights_memory weightsMemory = TENON_RT_WEIGHTS_AUTO;
  std::string cpu;      // empty: the most demanding that runs here
  uint64_t context = 0; // 0: the model's
  uint32_t threads = 0; // 0: one per processor
  bool pin = false;
  bool quiet = false;

  std::string prompt;
  std::vector<int32_t> tokens;
  bool promptIsTokens = false;
  uint64_t count = 128;
  bool countIsGiven = false;
  bool ignoreEos = false;
  tenon_rt_sampling sampling = {};

  std::string batchFile;
  std::string logitsFile;
  std::string perplexityFile;
  uint64_t window = 512;
  uint64_t maxWindows = UINT64_MAX;
  BenchSizes bench;
  bool profile = false;
  std::string rates; // empty: those of NAME.json
  bool json = false;
};

/// Reads the command line. Returns nothing, and the exit code in `exitCode`,
/// when there is nothing to run: help, version or a wrong usage.
std::optional<Options> parseOptions(int argc, char **argv, int &exitCode);

} // namespace tenon::run

#endif // TENON_TOOLS_TENONRUN_OPTIONS_H
