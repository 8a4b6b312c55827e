//===- WorkerCount.h - how many workers take part in a call -----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Workers meet in barriers, so one that another program keeps off its processor
// stops all of them. When workers slept through a part of several calls, one
// worker fewer is tried: calls with either number take turns, because the time
// of a call wanders, and the faster number stays. Now and then one worker more
// is tried in the same way, ever less often while that is no better. Results do
// not depend on the number of workers.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_RUNTIME_WORKERCOUNT_H
#define TENON_RUNTIME_WORKERCOUNT_H

#include <array>
#include <cstdint>

namespace tenon::runtime {

class WorkerCount {
public:
  explicit WorkerCount(uint32_t most) : most(most), current(most) {}

  /// Workers for the next call.
  uint32_t next() const { return isTrialsTurn ? trial : current; }

  /// Says how long a call with next() workers took, and how much of that its
  /// workers slept in barriers, added up. Calls are of about the same size.
  void report(uint64_t nanoseconds, uint64_t slept);

private:
  void startTrial(uint32_t workers);
  void judge(bool isLost);
  void hold();

  uint32_t most;
  uint32_t current;
  uint32_t trial = 0; ///< another number to try; 0: none
  bool isTrialsTurn = false;
  /// Times of the trial's calls, and of those with `current` workers between.
  std::array<uint64_t, 3> trialTimes = {}, currentTimes = {};
  uint32_t pairs = 0;       ///< of calls in this trial
  uint32_t trialStalls = 0; ///< of its calls, those in which workers slept
  uint32_t holding = 0;     ///< calls before the next trial
  uint32_t backoff = kFirstBackoff; ///< calls to hold after the next failure
  uint32_t calm = 0;   ///< calls in which nobody slept, one after the other
  uint32_t stalls = 0; ///< calls in which workers slept, one after the other

  /// Calls from one trial to the next, longer each time, but not too long with
  /// fewer than all; calls with stalls before fewer are tried.
  static constexpr uint32_t kFirstBackoff = 8, kLastBackoff = 512,
                            kLastOfFewer = 64, kStalls = 3;
};

} // namespace tenon::runtime

#endif // TENON_RUNTIME_WORKERCOUNT_H
