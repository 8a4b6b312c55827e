//===- Profile.cpp - times each kernel of a step and of a chunk -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Calls the entries over and over behind one depth; what the code says of its
// kernels goes to an EntryProfile. A first call of each wakes workers, touches
// pages and is not counted.
//
//===----------------------------------------------------------------------===//

#include "EntryProfile.h"
#include "Modes.h"
#include "Output.h"

#include <algorithm>

using namespace tenon::run;
using Json = nlohmann::ordered_json;

namespace {

/// Calls of an entry for many rows: each takes long enough to be a sample.
constexpr int kChunkCalls = 7;

/// Runs the calls that are profiled.
class Profiler {
public:
  Profiler(const Options &options)
      : sizes(options.bench), engine(options, 0),
        costs(options.model, record(), options.rates), ids(makeIds()) {
    engine.checkSequences(sizes.sequences);
    logits.resize(engine.info().vocabulary * sizes.sequences);
  }

  /// Returns false after Ctrl-C.
  bool run();

  BenchSizes sizes;
  Engine engine;
  Costs costs;
  std::vector<EntryProfile> entries;

private:
  /// Fails for a model that cannot be profiled, before anything is read.
  const tenon_rt_model_info &record() {
    engine.record();
    return engine.info();
  }
  std::vector<int32_t> makeIds();
  bool profileSteps(uint64_t depth);
  bool profileRows(uint64_t depth);

  std::vector<int32_t> ids;
  std::vector<float> logits;
};

} // namespace

std::vector<int32_t> Profiler::makeIds() {
  uint64_t most = engine.info().max_rows;
  if (sizes.prefill == BenchSizes::largestChunk)
    sizes.prefill = most;
  if (sizes.prefill > most)
    throw Failure(format("--profile: expected a chunk of at most %llu tokens, "
                         "which this model takes at once, but got %llu; longer "
                         "prompts run the same kernels piece by piece",
                         static_cast<unsigned long long>(most),
                         static_cast<unsigned long long>(sizes.prefill)));
  uint64_t tokens = sizes.deepest() + std::max(sizes.prefill, sizes.decode + 1);
  if (tokens > engine.context())
    throw Failure(format("--profile: expected at most the context of %llu "
                         "tokens, but depth and what follows are %llu; ask for "
                         "less with --bench",
                         static_cast<unsigned long long>(engine.context()),
                         static_cast<unsigned long long>(tokens)));
  return engine.randomIds(std::max(tokens, sizes.sequences));
}

bool Profiler::profileSteps(uint64_t depth) {
  std::vector<Engine::Handle> others = engine.forkOthers(sizes.sequences);
  Situation situation;
  situation.rows = situation.outRows = static_cast<double>(sizes.sequences);
  // The mean of the steps after the first; a row sees itself.
  situation.seenSlots = static_cast<double>(depth) + 1 +
                        (static_cast<double>(sizes.decode) + 1) / 2;
  situation.readSlots = situation.seenSlots * situation.rows;
  situation.threads = engine.threads();
  EntryProfile profile(costs, sizes.sequences > 1 ? "batch" : "step",
                       situation);
  for (uint64_t i = 0; i <= sizes.decode; ++i) {
    if (interrupted())
      return false;
    if (sizes.sequences > 1)
      engine.stepBatch(others, &ids[i % (ids.size() - sizes.sequences + 1)],
                       logits.data());
    else
      engine.step(&ids[i], 1, logits.data());
    if (i > 0) // The first one wakes workers and touches pages.
      profile.add(engine);
  }
  engine.truncate(depth);
  entries.push_back(std::move(profile));
  return true;
}

bool Profiler::profileRows(uint64_t depth) {
  // A few rows are what several sequences are: see tenon_rt_prefill.
  bool isBatch = sizes.prefill <= engine.info().batch_rows;
  Situation situation;
  situation.rows = static_cast<double>(sizes.prefill);
  situation.seenSlots = static_cast<double>(depth) + (situation.rows + 1) / 2;
  situation.readSlots = isBatch ? situation.seenSlots * situation.rows
                                : static_cast<double>(depth) + situation.rows;
  situation.threads = engine.threads();
  EntryProfile profile(costs,
                       sizes.prefill == 1 ? "step"
                       : isBatch          ? "batch"
                                          : "chunk",
                       situation);
  for (int call = 0; call <= kChunkCalls; ++call) {
    if (!engine.prefill(ids.data(), sizes.prefill, logits.data()))
      return false;
    if (call > 0)
      profile.add(engine);
    engine.truncate(depth);
  }
  entries.push_back(std::move(profile));
  return true;
}

bool Profiler::run() {
  uint64_t depth = sizes.deepest();
  if (depth > 0 && !engine.prefill(ids.data(), depth, nullptr))
    return false;
  return (sizes.prefill == 0 || profileRows(depth)) &&
         (sizes.decode == 0 || profileSteps(depth));
}

int tenon::run::profile(const Options &options) {
  Profiler profiler(options);
  if (!profiler.run())
    return kInterruptedCode;
  const Rates &rates = profiler.costs.rates;
  if (!options.quiet)
    std::fputs(profiler.engine.describe().c_str(), stderr);
  if (options.json) {
    Json json;
    for (const RateName &name : kRateNames)
      json["rates"][name.key] = rates.*name.place;
    json["entries"] = Json::array();
    for (const EntryProfile &entry : profiler.entries)
      json["entries"].push_back(entry.toJson());
    writeOut(json.dump() + "\n");
    return 0;
  }
  std::string text = format("bounds at %g GB/s of one core and %g of all, %g "
                            "from its caches, %g f32, "
                            "%g bf16 and %g int8 GOP/s of one core (--rates)\n",
                            rates.readOneCore, rates.readAllCores,
                            rates.cacheRead, rates.f32, rates.bf16, rates.int8);
  for (const EntryProfile &entry : profiler.entries)
    entry.print(text);
  writeOut(text);
  return 0;
}
