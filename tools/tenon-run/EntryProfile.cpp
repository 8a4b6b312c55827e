//===- EntryProfile.cpp - times of the kernels of one entry ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EntryProfile.h"

#include "Output.h"

#include <algorithm>
#include <map>

using namespace tenon::run;
using Json = nlohmann::ordered_json;

static double median(std::vector<double> values) {
  if (values.empty())
    return 0;
  std::sort(values.begin(), values.end());
  size_t half = values.size() / 2;
  return values.size() % 2 ? values[half]
                           : (values[half - 1] + values[half]) / 2;
}

void EntryProfile::add(Engine &engine) {
  uint64_t nanoseconds = 0;
  // By kernel, layer and worker: a worker may do its part in pieces.
  std::map<std::pair<uint32_t, uint32_t>, std::map<uint32_t, uint64_t>> runs;
  for (const tenon_rt_span &span : engine.spans(nanoseconds)) {
    if (span.kernel >= kernels.size())
      throw Failure(format("%s: expected facts of %u kernels at least of the "
                           "entry %s, but got %zu; compile the model again",
                           costs.path.c_str(), span.kernel + 1, entry.c_str(),
                           kernels.size()));
    runs[{span.kernel, span.layer}][span.worker] += span.end - span.begin;
  }
  if (runs.empty())
    return;
  double all = 0;
  std::vector<double> sums(kernels.size());
  std::vector<size_t> counts(kernels.size());
  for (const auto &[key, workers] : runs) {
    uint64_t longest = 0;
    for (auto [worker, busy] : workers)
      longest = std::max(longest, busy);
    double seconds = static_cast<double>(longest) * 1e-9;
    times[key.first].each.push_back(seconds);
    sums[key.first] += seconds;
    ++counts[key.first];
    all += seconds;
  }
  for (size_t i = 0; i < kernels.size(); ++i) {
    times[i].runs = counts[i];
    times[i].sums.push_back(sums[i]);
  }
  calls.push_back(static_cast<double>(nanoseconds) * 1e-9);
  rest.push_back(std::max(0.0, calls.back() - all));
}

double EntryProfile::between() const { return median(rest); }

static std::string showBytes(double bytes) {
  if (bytes < 1e4)
    return format("%.0f B", bytes);
  return bytes < 1e6 ? format("%.1f kB", bytes / 1e3)
                     : format("%.2f MB", bytes / 1e6);
}

void EntryProfile::print(std::string &text) const {
  double whole = median(calls);
  text += format("entry %s, rows: %.0f, slots that a row sees: %.0f, threads: "
                 "%.0f, median of %zu calls: %.3f ms\n",
                 entry.c_str(), situation.rows, situation.seenSlots,
                 situation.threads, calls.size(), whole * 1e3);
  size_t width = 6;
  for (const KernelCost &kernel : kernels)
    width = std::max(width, kernel.name.size());
  text +=
      format("  %-*s %5s %10s %10s %7s %10s %10s %10s %10s  %s\n",
             static_cast<int>(width), "kernel", "runs", "us a run", "ms",
             "share", "memory", "caches", "M ops", "bound, us", "% of it, by");
  auto line = [&](const std::string &name, size_t runs, double each, double sum,
                  const std::string &more) {
    text += format("  %-*s %5zu %10.2f %10.3f %6.1f%%%s\n",
                   static_cast<int>(width), name.c_str(), runs, each * 1e6,
                   sum * 1e3, whole > 0 ? 100 * sum / whole : 0, more.c_str());
  };
  double least = 0;
  for (size_t i = 0; i < kernels.size(); ++i) {
    double sum = median(times[i].sums);
    Bound bound = costs.bound(kernels[i], situation);
    double bounds = bound.seconds * static_cast<double>(times[i].runs);
    least += bounds;
    line(kernels[i].name, times[i].runs, median(times[i].each), sum,
         format(" %10s %10s %10.3f %10.2f  %.0f %% %s",
                showBytes(bound.memoryBytes).c_str(),
                showBytes(bound.activationBytes).c_str(),
                bound.operations / 1e6, bound.seconds * 1e6,
                sum > 0 ? 100 * bounds / sum : 0, bound.limit));
  }
  text += format("  %-*s %27.3f %6.1f%%\n", static_cast<int>(width),
                 "between kernels", between() * 1e3,
                 whole > 0 ? 100 * between() / whole : 0);
  text += format("  %-*s %27.3f  bound %.3f ms, %.0f %% of it\n",
                 static_cast<int>(width), "all", whole * 1e3, least * 1e3,
                 whole > 0 ? 100 * least / whole : 0);
}

Json EntryProfile::toJson() const {
  Json json = {{"entry", entry},
               {"rows", situation.rows},
               {"slots", situation.seenSlots},
               {"threads", situation.threads},
               {"calls", calls.size()},
               {"seconds", median(calls)},
               {"between_kernels_seconds", between()}};
  json["kernels"] = Json::array();
  for (size_t i = 0; i < kernels.size(); ++i) {
    Bound bound = costs.bound(kernels[i], situation);
    double sum = median(times[i].sums);
    double bounds = bound.seconds * static_cast<double>(times[i].runs);
    json["kernels"].push_back({{"name", kernels[i].name},
                               {"schedule", kernels[i].schedule},
                               {"runs", times[i].runs},
                               {"seconds", median(times[i].each)},
                               {"seconds_of_runs", sum},
                               {"memory_bytes", bound.memoryBytes},
                               {"activation_bytes", bound.activationBytes},
                               {"operations", bound.operations},
                               {"bound_seconds", bound.seconds},
                               {"bound", bound.limit},
                               {"share_of_bound", sum > 0 ? bounds / sum : 0}});
  }
  return json;
}
