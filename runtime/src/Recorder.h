//===- Recorder.h - when each worker runs which kernel --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Generated code that is compiled for it marks both sides of a kernel on every
// worker. Each worker writes to memory of its own, which is there before the
// entry runs: a mark is a look at the clock and a store. What did not fit is
// not kept, and there is room for it in the next call.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_RUNTIME_RECORDER_H
#define TENON_RUNTIME_RECORDER_H

#include "tenon-rt/runtime.h"

#include <vector>

namespace tenon::runtime {

class Recorder {
public:
  /// Begins to record calls of that many workers at most, or ends it with 0.
  void setWorkers(uint32_t workers);
  bool isOn() const { return !lanes.empty(); }

  /// An entry is called at `time`, and has returned at `time`: nanoseconds.
  void begin(uint64_t time);
  void end(uint64_t time) { last = time - first; }

  /// What `tenon_rt_job.mark` says.
  void mark(uint64_t worker, uint64_t mark, uint64_t layer, uint64_t time);

  /// The spans of a worker, in order of time, in the last call.
  const tenon_rt_span *spans(uint32_t worker, size_t &count) const;
  /// Nanoseconds of the last call.
  uint64_t nanoseconds() const { return last; }

private:
  /// Workers do not write to the same cache lines.
  struct alignas(64) Lane {
    std::vector<tenon_rt_span> spans; // room for them
    size_t count = 0;                 // begun; more than fit are lost
  };

  std::vector<Lane> lanes;
  uint64_t first = 0, last = 0;
};

} // namespace tenon::runtime

#endif // TENON_RUNTIME_RECORDER_H
