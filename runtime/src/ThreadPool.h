//===- ThreadPool.h - the workers of a session ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One call runs one function on all workers at the same time; the caller is
// worker 0. That is all that SPMD entries need: they share work and meet in
// barriers of their own. Between calls workers spin for some microseconds,
// because the next step of a decode follows at once, and then sleep.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_RUNTIME_THREADPOOL_H
#define TENON_RUNTIME_THREADPOOL_H

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace tenon::runtime {

class ThreadPool {
public:
  /// What a worker runs; the number is 0..workers-1.
  using Function = void (*)(void *context, uint64_t worker);

  /// Starts `workers` - 1 threads. Throws std::system_error when the system
  /// refuses one; those already started are ended first.
  explicit ThreadPool(uint32_t workers);
  ~ThreadPool();
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  /// Calls `function(context, w)` for every worker w, all at the same time,
  /// and returns when all have returned.
  void run(Function function, void *context);

  uint32_t workers() const { return static_cast<uint32_t>(threads.size()) + 1; }

private:
  void work(uint64_t worker);
  void waitForCall(uint64_t seen);
  void wake();
  void stop();

  Function function = nullptr;
  void *context = nullptr;
  std::chrono::nanoseconds spinTime;
  alignas(64) std::atomic<uint64_t> calls{0};
  std::atomic<uint32_t> sleepers{0};
  std::atomic<bool> ending{false};
  alignas(64) std::atomic<uint32_t> running{0};
  std::mutex mutex;
  std::condition_variable called;
  std::vector<std::thread> threads;
};

/// Processors that this process may use, 1..1024.
uint32_t usableProcessors();

} // namespace tenon::runtime

#endif // TENON_RUNTIME_THREADPOOL_H
