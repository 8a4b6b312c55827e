//===- Monitor.h - time and memory of a compilation -------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Measures the steps of a compilation. Anonymous memory is what counts against
// a limit: mapped models and weight files are the system's to drop.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_COMPILER_MONITOR_H
#define TENON_LIB_COMPILER_MONITOR_H

#include "tenon/Invocation.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace tenon {

/// Reports the steps of one compilation.
class Monitor {
public:
  Monitor(std::vector<StepReport> &steps, ProgressHandler handler);
  ~Monitor();
  Monitor(const Monitor &) = delete;
  Monitor &operator=(const Monitor &) = delete;

  /// Ends the step that began with the last call. `note` is what else there is
  /// to say of it.
  void endStep(std::string name, std::string note = std::string());

private:
  void sample();

  std::vector<StepReport> &steps;
  ProgressHandler handler;
  std::chrono::steady_clock::time_point start;
  std::atomic<uint64_t> largestAnonymous{0};
  std::mutex mutex;
  std::condition_variable wake;
  bool stop = false;
  std::thread sampler;
};

} // namespace tenon

#endif // TENON_LIB_COMPILER_MONITOR_H
