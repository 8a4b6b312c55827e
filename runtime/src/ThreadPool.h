//===- ThreadPool.h - the workers of a session ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One call runs one function on some of the workers at the same time; the
// caller is worker 0. That is all that SPMD entries need: they share work and
// meet in barriers of their own. Between calls workers spin for some
// microseconds, because the next step of a decode follows at once, and then
// sleep.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_RUNTIME_THREADPOOL_H
#define TENON_RUNTIME_THREADPOOL_H

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

namespace tenon::runtime {

class ThreadPool {
public:
  /// What a worker runs; the number is 0..active-1.
  using Function = void (*)(void *context, uint64_t worker);

  /// Starts `workers` - 1 threads. `processors` is empty, or names the
  /// processor of each worker: threads stay on theirs, and the caller on the
  /// first one during calls. Throws std::system_error when the system refuses a
  /// thread; those already started are ended first.
  explicit ThreadPool(uint32_t workers, std::vector<uint32_t> processors = {});
  ~ThreadPool();
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  /// Calls `function(context, w)` for every worker w < `active`, all at the
  /// same time, and returns when all have returned. The others sleep on.
  void run(Function function, void *context, uint32_t active);

  uint32_t workers() const { return static_cast<uint32_t>(threads.size()) + 1; }

  /// Whether there are more workers than processors, so that one that spins
  /// would keep another from running.
  bool isCrowded() const { return spinTime.count() == 0; }

  bool isPinned() const { return !processors.empty(); }

private:
  void work(uint32_t worker);
  uint64_t waitForCall(uint64_t seen, uint32_t worker, bool soon);
  void waitForWorkers();
  void start(uint32_t active);
  void stop();

  Function function = nullptr;
  void *context = nullptr;
  std::vector<uint32_t> processors;
  std::chrono::nanoseconds spinTime;
  /// Low half: number of the call; high half: workers that take part. Threads
  /// sleep on the low half.
  alignas(64) std::atomic<uint64_t> call{0};
  std::atomic<uint32_t> sleepers{0};
  std::atomic<bool> ending{false};
  /// Threads that still run the call; the caller sleeps on it.
  alignas(64) std::atomic<uint32_t> running{0};
  std::atomic<bool> callerSleeps{false};
  std::vector<std::thread> threads;
};

/// Processors that this process may use, 1..1024, in ascending order.
std::vector<uint32_t> usableProcessors();

} // namespace tenon::runtime

#endif // TENON_RUNTIME_THREADPOOL_H
