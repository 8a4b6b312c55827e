//===- EntryProfile.h - times of the kernels of one entry -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Generated code of a model compiled for it says when each worker begins and
// ends its part of a kernel. A run of a kernel takes as long as the worker that
// is busy with it for the longest; what is left of a call's time is waiting in
// barriers, and starting workers. Beside the times stands the bound that
// follows from NAME.json.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TOOLS_TENONRUN_ENTRYPROFILE_H
#define TENON_TOOLS_TENONRUN_ENTRYPROFILE_H

#include "Costs.h"
#include "Engine.h"

#include <nlohmann/json.hpp>

namespace tenon::run {

/// One kernel over all calls of an entry; seconds.
struct KernelTimes {
  size_t runs = 0;          ///< of one call
  std::vector<double> each; ///< every run
  std::vector<double> sums; ///< of the runs of a call
};

/// Calls of one entry.
class EntryProfile {
public:
  EntryProfile(const Costs &costs, std::string entry, Situation situation)
      : entry(std::move(entry)), situation(situation), costs(costs),
        kernels(costs.kernels(this->entry)), times(kernels.size()) {}

  /// Adds the engine's last call.
  void add(Engine &engine);

  void print(std::string &text) const;
  nlohmann::ordered_json toJson() const;

private:
  /// Median seconds of what no kernel took.
  double between() const;

  std::string entry;
  Situation situation;
  const Costs &costs;
  std::vector<KernelCost> kernels;
  std::vector<KernelTimes> times;
  std::vector<double> calls, rest;
};

} // namespace tenon::run

#endif // TENON_TOOLS_TENONRUN_ENTRYPROFILE_H
