//===- Bench.cpp - times prefill and decoding -----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Both are timed from the same depth, after a warm-up that touches every page
// of the weights and wakes the threads. Several depths cost one filling: the
// deepest comes first, and tokens are forgotten from there. Tokens are
// pseudo-random and nothing is sampled, so only the model's own work is
// measured.
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

/// What was timed from one depth.
struct Timings {
  uint64_t depth = 0;
  Timing prefill, decode;
};

class Bench {
public:
  Bench(Engine &engine, const BenchSizes &sizes)
      : engine(engine), sizes(sizes), logits(engine.info().vocabulary) {
    engine.checkSequences(sizes.sequences);
    ids = engine.randomIds(
        std::max({sizes.prefill, sizes.decode, sizes.deepest()}));
    for (uint64_t depth : sizes.depths)
      timings.push_back({depth, {}, {}});
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
    uint64_t deepest = sizes.deepest();
    if (deepest > 0 && !engine.prefill(ids.data(), deepest, nullptr))
      return false;
    std::vector<Timings *> order;
    for (Timings &timing : timings)
      order.push_back(&timing);
    std::sort(order.begin(), order.end(),
              [](Timings *a, Timings *b) { return a->depth > b->depth; });
    for (Timings *timing : order) {
      engine.truncate(timing->depth);
      if (!measure(*timing))
        return false;
    }
    return true;
  }

  std::vector<Timings> timings; ///< in the order of the options

private:
  bool measure(Timings &timing) {
    if (sizes.prefill > 0) {
      Timer timer;
      bool whole = engine.prefill(ids.data(), sizes.prefill, logits.data());
      timing.prefill = {engine.length() - timing.depth, timer.seconds()};
      if (!whole)
        return false;
      engine.truncate(timing.depth);
    }
    if (sizes.sequences > 1)
      return measureBatch(timing);
    Timer timer;
    for (size_t i = 0; i < sizes.decode && !interrupted(); ++i) {
      engine.step(&ids[i], 1, logits.data());
      timing.decode = {i + 1, timer.seconds()};
    }
    return !interrupted();
  }

  /// Times steps of several sequences with the same past.
  bool measureBatch(Timings &timing) {
    std::vector<Engine::Handle> others = engine.forkOthers(sizes.sequences);
    std::vector<float> rows(sizes.sequences * engine.info().vocabulary);
    std::vector<int32_t> next(sizes.sequences);
    Timer timer;
    for (size_t i = 0; i < sizes.decode && !interrupted(); ++i) {
      for (size_t row = 0; row < next.size(); ++row)
        next[row] = ids[(i + row) % ids.size()];
      engine.stepBatch(others, next.data(), rows.data());
      timing.decode = {(i + 1) * sizes.sequences, timer.seconds()};
    }
    return !interrupted();
  }

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

using Json = nlohmann::ordered_json;

Json toJson(const Timing &timing) {
  return {{"tokens", timing.tokens},
          {"seconds", timing.seconds},
          {"tokens_per_second", rate(timing.tokens, timing.seconds)}};
}

/// The first depth stands at the top level, and all of `--depth`, if it was
/// given, below "depths".
std::string toJson(const Bench &bench, const Engine &engine, bool isList) {
  const Timings &first = bench.timings.front();
  Json json = {{"prefill", toJson(first.prefill)},
               {"decode", toJson(first.decode)},
               {"load_seconds", engine.loadSeconds()},
               {"weights_copied", engine.info().weights_copied != 0},
               {"peak_bytes", peakBytes()}};
  if (isList) {
    json["depths"] = Json::array();
    for (const Timings &timing : bench.timings)
      json["depths"].push_back({{"depth", timing.depth},
                                {"prefill", toJson(timing.prefill)},
                                {"decode", toJson(timing.decode)}});
  }
  return json.dump() + "\n";
}

std::string toText(const Bench &bench, bool isList) {
  std::string text;
  for (const Timings &timing : bench.timings) {
    if (isList)
      text += format("depth    %llu tokens\n",
                     static_cast<unsigned long long>(timing.depth));
    text += rateLine("prefill", timing.prefill.tokens, timing.prefill.seconds);
    text += rateLine("decode", timing.decode.tokens, timing.decode.seconds);
  }
  return text +
         format("peak     %.1f MB\n", static_cast<double>(peakBytes()) * 1e-6);
}

} // namespace

int tenon::run::bench(const Options &options) {
  const BenchSizes &sizes = options.bench;
  Engine engine(options, 0);
  uint64_t tokens = sizes.deepest() + std::max(sizes.prefill, sizes.decode);
  if (tokens > engine.context())
    throw Failure(
        format("--bench: expected at most the context of %llu "
               "tokens, but depth and the longer part are %llu and "
               "%llu; ask for less, or compile the model with a "
               "larger --context",
               static_cast<unsigned long long>(engine.context()),
               static_cast<unsigned long long>(sizes.deepest()),
               static_cast<unsigned long long>(tokens - sizes.deepest())));
  Bench bench(engine, sizes);
  bool whole = bench.run();
  std::string result = options.json ? toJson(bench, engine, sizes.isList)
                                    : toText(bench, sizes.isList);
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
