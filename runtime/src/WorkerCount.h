//===- WorkerCount.h - how many workers take part in a call -----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Workers meet in barriers, so one that another program keeps off its processor
// stops all of them. When workers slept through a part of a call, the next one
// is tried with one worker fewer, and the faster of the two stays. Now and then
// one worker more is tried again, ever less often while that is no better.
// Results do not depend on the number of workers.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_RUNTIME_WORKERCOUNT_H
#define TENON_RUNTIME_WORKERCOUNT_H

#include <cstdint>

namespace tenon::runtime {

class WorkerCount {
public:
  explicit WorkerCount(uint32_t most) : most(most), current(most) {}

  /// Workers for the next call.
  uint32_t next() const { return trial ? trial : current; }

  /// Says how long a call with next() workers took, and how much of that its
  /// workers slept in barriers, added up. Calls are of about the same size.
  void report(uint64_t nanoseconds, uint64_t slept);

private:
  void judge(uint64_t nanoseconds, bool isStalled);
  void hold();

  uint32_t most;
  uint32_t current;
  uint32_t trial = 0;   ///< another number to try; 0: none
  uint64_t usual = 0;   ///< running mean of calls with `current` workers
  uint32_t holding = 0; ///< calls before the next trial
  uint32_t backoff = kFirstBackoff; ///< calls to hold after the next failure
  uint32_t calm = 0; ///< calls in which nobody slept, one after the other

  static constexpr uint32_t kFirstBackoff = 8, kLastBackoff = 512;
};

} // namespace tenon::runtime

#endif // TENON_RUNTIME_WORKERCOUNT_H
