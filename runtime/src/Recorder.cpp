//===- Recorder.cpp - when each worker runs which kernel ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Recorder.h"

#include <new>

using namespace tenon::runtime;

namespace {

/// Spans of a worker in one call: 30 layers of 10 kernels need 300.
constexpr size_t kFirstRoom = 4096;

} // namespace

void Recorder::setWorkers(uint32_t workers) {
  lanes.clear();
  lanes.resize(workers);
  for (Lane &lane : lanes)
    lane.spans.resize(kFirstRoom);
  last = 0;
}

void Recorder::begin(uint64_t time) {
  for (Lane &lane : lanes) {
    if (lane.count > lane.spans.size()) {
      try {
        lane.spans.resize(2 * lane.count);
      } catch (const std::bad_alloc &) {
        // A model that runs is worth more than a record of it.
      }
    }
    lane.count = 0;
  }
  first = time;
}

void Recorder::mark(uint64_t worker, uint64_t mark, uint64_t layer,
                    uint64_t time) {
  Lane &lane = lanes[worker];
  if (mark % 2 == 0)
    ++lane.count;
  if (lane.count == 0 || lane.count > lane.spans.size())
    return;
  tenon_rt_span &span = lane.spans[lane.count - 1];
  if (mark % 2 == 0)
    span = {static_cast<uint32_t>(worker),
            static_cast<uint32_t>(mark / 2),
            static_cast<uint32_t>(layer),
            0,
            time - first,
            0};
  else
    span.end = time - first;
}

const tenon_rt_span *Recorder::spans(uint32_t worker, size_t &count) const {
  count = 0;
  if (worker >= lanes.size() ||
      lanes[worker].count > lanes[worker].spans.size())
    return nullptr;
  count = lanes[worker].count;
  return count ? lanes[worker].spans.data() : nullptr;
}
