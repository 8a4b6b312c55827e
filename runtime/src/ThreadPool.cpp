//===- ThreadPool.cpp - the workers of a session --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A call raises `calls`; a worker that sees a number it has not seen runs the
// function. A worker that goes to sleep raises `sleepers` before it looks at
// `calls` for the last time, and the caller raises `calls` before it looks at
// `sleepers`: in the one order of these operations at least one of them sees
// the other. Spinning is left out when there are more workers than processors,
// where it would only keep the others from running.
//
//===----------------------------------------------------------------------===//

#include "ThreadPool.h"

#include <algorithm>
#include <chrono>
#include <sched.h>

using namespace tenon::runtime;

namespace {

/// About the time between two decode steps; waking a sleeper takes as long.
constexpr std::chrono::microseconds kSpinTime(60);

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// Spins until `done()` or until `limit` has passed; tells which.
template <typename Done>
bool spin(Done done, std::chrono::nanoseconds limit) {
  if (limit.count() == 0)
    return done();
  auto end = std::chrono::steady_clock::now() + limit;
  do {
    for (int i = 0; i < 64; ++i) {
      if (done())
        return true;
      pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  return done();
}

} // namespace

uint32_t tenon::runtime::usableProcessors() {
  cpu_set_t set;
  int count = sched_getaffinity(0, sizeof(set), &set) == 0
                  ? CPU_COUNT(&set)
                  : static_cast<int>(std::thread::hardware_concurrency());
  return static_cast<uint32_t>(std::clamp(count, 1, 1024));
}

ThreadPool::ThreadPool(uint32_t workers)
    : spinTime(workers <= usableProcessors() ? kSpinTime
                                             : std::chrono::nanoseconds(0)) {
  threads.reserve(workers - 1);
  try {
    for (uint32_t worker = 1; worker < workers; ++worker)
      threads.emplace_back([this, worker] { work(worker); });
  } catch (...) {
    stop();
    throw;
  }
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() {
  ending = true;
  calls.fetch_add(1);
  wake();
  for (std::thread &thread : threads)
    thread.join();
  threads.clear();
}

void ThreadPool::wake() {
  if (sleepers.load() == 0)
    return;
  // The lock makes sure that a sleeper is in wait() and not on its way there.
  {
    std::lock_guard<std::mutex> lock(mutex);
  }
  called.notify_all();
}

void ThreadPool::run(Function newFunction, void *newContext) {
  function = newFunction;
  context = newContext;
  running.store(static_cast<uint32_t>(threads.size()),
                std::memory_order_relaxed);
  if (!threads.empty()) {
    calls.fetch_add(1);
    wake();
  }
  newFunction(newContext, 0);
  auto done = [&] { return running.load(std::memory_order_acquire) == 0; };
  while (!spin(done, spinTime))
    sched_yield();
}

void ThreadPool::waitForCall(uint64_t seen) {
  auto ready = [&] { return calls.load() != seen; };
  if (spin(ready, spinTime))
    return;
  std::unique_lock<std::mutex> lock(mutex);
  sleepers.fetch_add(1);
  called.wait(lock, ready);
  sleepers.fetch_sub(1);
}

void ThreadPool::work(uint64_t worker) {
  for (uint64_t seen = 0;; ++seen) {
    waitForCall(seen);
    if (ending)
      return;
    function(context, worker);
    running.fetch_sub(1, std::memory_order_release);
  }
}
