//===- Bench.cpp - times prefill and decoding -----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Both are timed from the same depth, after a warm-up that touches every page
// of the weights and wakes the threads. Tokens are pseudo-random and nothing
// is sampled, so only the model's own work is measured.
//
//===----------------------------------------------------------------------===//

#include "Engine.h"
#include "Modes.h"
#include "Output.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <sys/resource.h>

using namespace tenon::run;

namespace {

struct Timing {
  size_t tokens = 0;
  double seconds = 0;
};

class Bench {
public:
  Bench(Engine &engine, const BenchSizes &sizes)
      : engine(engine), sizes(sizes), logits(engine.info().vocabulary) {
    uint64_t state = 1;
    size_t most = std::max({sizes.prefill, sizes.decode, sizes.depth});
    for (size_t i = 0; i < most; ++i) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      ids.push_back(
          static_cast<int32_t>((state >> 33) % engine.info().vocabulary));
    }
  }

  /// Returns false after Ctrl-C; what was timed until then stays.
  bool run() {
    size_t warm = std::min<size_t>(sizes.prefill, engine.info().max_rows);
    if (warm > 0)
      engine.prefill(ids.data(), warm, logits.data());
    engine.truncate(0);
    if (sizes.decode > 0)
      engine.step(ids.data(), 1, logits.data());
    engine.truncate(0);
    if (sizes.depth > 0 && !engine.prefill(ids.data(), sizes.depth, nullptr))
      return false;
    if (sizes.prefill > 0) {
      Timer timer;
      bool whole = engine.prefill(ids.data(), sizes.prefill, logits.data());
      prefill = {engine.length() - sizes.depth, timer.seconds()};
      if (!whole)
        return false;
      engine.truncate(sizes.depth);
    }
    Timer timer;
    for (size_t i = 0; i < sizes.decode && !interrupted(); ++i) {
      engine.step(&ids[i], 1, logits.data());
      decode = {i + 1, timer.seconds()};
    }
    return !interrupted();
  }

  Timing prefill, decode;

private:
  Engine &engine;
  BenchSizes sizes;
  std::vector<float> logits;
  std::vector<int32_t> ids;
};

uint64_t peakBytes() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

nlohmann::ordered_json toJson(const Timing &timing) {
  return {{"tokens", timing.tokens},
          {"seconds", timing.seconds},
          {"tokens_per_second", rate(timing.tokens, timing.seconds)}};
}

} // namespace

int tenon::run::bench(const Options &options) {
  const BenchSizes &sizes = options.bench;
  Engine engine(options, 0);
  uint64_t tokens = sizes.depth + std::max(sizes.prefill, sizes.decode);
  if (tokens > engine.context())
    throw Failure(
        format("--bench: expected at most the context of %llu "
               "tokens, but depth and the longer part are %llu and "
               "%llu; ask for less, or compile the model with a "
               "larger --context",
               static_cast<unsigned long long>(engine.context()),
               static_cast<unsigned long long>(sizes.depth),
               static_cast<unsigned long long>(tokens - sizes.depth)));
  Bench bench(engine, sizes);
  bool whole = bench.run();
  std::string result;
  if (options.json) {
    nlohmann::ordered_json json = {{"prefill", toJson(bench.prefill)},
                                   {"decode", toJson(bench.decode)},
                                   {"load_seconds", engine.loadSeconds()},
                                   {"peak_bytes", peakBytes()}};
    result = json.dump() + "\n";
  } else {
    result = rateLine("prefill", bench.prefill.tokens, bench.prefill.seconds);
    result += rateLine("decode", bench.decode.tokens, bench.decode.seconds);
    result +=
        format("peak     %.1f MB\n", static_cast<double>(peakBytes()) * 1e-6);
  }
  if (!options.quiet)
    std::fputs(engine.describe().c_str(), stderr);
  if (!whole) {
    // Not a result: what there is goes where times go.
    std::fputs(result.c_str(), stderr);
    return kInterruptedCode;
  }
  writeOut(result);
  return 0;
}
