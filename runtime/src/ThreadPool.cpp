//===- ThreadPool.cpp - the workers of a session --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A call changes `call`; a thread that sees a number it has not seen looks
// whether it takes part. A thread that goes to sleep raises `sleepers` before
// the system looks at the number for the last time, and the caller changes the
// number before it looks at `sleepers`: in the one order of these operations
// at least one of them sees the other. The end of a call is the same the other
// way round. Spinning is left out when there are more workers than processors,
// where it would only keep the others from running.
//
//===----------------------------------------------------------------------===//

#include "ThreadPool.h"

#include "Futex.h"

#include <algorithm>
#include <numeric>
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

uint32_t numberOf(uint64_t call) { return static_cast<uint32_t>(call); }
uint32_t activeOf(uint64_t call) { return static_cast<uint32_t>(call >> 32); }

/// The bit under which a worker sleeps.
uint32_t bitOf(uint32_t worker) { return uint32_t(1) << worker % 32; }

/// Bits of the workers 1..active-1.
uint32_t bitsOf(uint32_t active) {
  return active > 32 ? UINT32_MAX : (bitOf(active - 1) << 1) - 2;
}

/// Where the number lies in memory: the lower half comes first.
const void *numberAddress(const std::atomic<uint64_t> &call) {
  static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
  return &call;
}

/// Keeps the calling thread on one processor while it lives.
class Stay {
public:
  explicit Stay(const std::vector<uint32_t> &processors)
      : taken(!processors.empty() &&
              sched_getaffinity(0, sizeof(before), &before) == 0) {
    if (taken)
      keepOn(processors.front());
  }
  ~Stay() {
    if (taken)
      sched_setaffinity(0, sizeof(before), &before);
  }
  Stay(const Stay &) = delete;
  Stay &operator=(const Stay &) = delete;

  static void keepOn(uint32_t processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    sched_setaffinity(0, sizeof(set), &set);
  }

private:
  cpu_set_t before;
  bool taken;
};

} // namespace

std::vector<uint32_t> tenon::runtime::usableProcessors() {
  std::vector<uint32_t> processors;
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) {
    for (uint32_t i = 0; i < CPU_SETSIZE; ++i)
      if (CPU_ISSET(i, &set))
        processors.push_back(i);
  } else {
    // More processors than the set has room for.
    processors.resize(
        std::clamp(std::thread::hardware_concurrency(), 1u, 1024u));
    std::iota(processors.begin(), processors.end(), 0);
  }
  return processors;
}

ThreadPool::ThreadPool(uint32_t workers, std::vector<uint32_t> places)
    : processors(std::move(places)),
      spinTime(workers <= usableProcessors().size()
                   ? kSpinTime
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
  start(workers());
  for (std::thread &thread : threads)
    thread.join();
  threads.clear();
}

/// Makes the next call known to its threads.
void ThreadPool::start(uint32_t active) {
  uint32_t number = numberOf(call.load(std::memory_order_relaxed)) + 1;
  call.store(uint64_t(active) << 32 | number);
  if (sleepers.load() != 0)
    futexWakeMasked(numberAddress(call), bitsOf(active));
}

void ThreadPool::run(Function newFunction, void *newContext, uint32_t active) {
  Stay stay(processors);
  if (active == 1)
    return newFunction(newContext, 0);
  function = newFunction;
  context = newContext;
  running.store(active - 1, std::memory_order_relaxed);
  start(active);
  newFunction(newContext, 0);
  waitForWorkers();
}

void ThreadPool::waitForWorkers() {
  auto done = [&] { return running.load(std::memory_order_acquire) == 0; };
  if (spin(done, spinTime))
    return;
  callerSleeps = true;
  while (uint32_t left = running.load())
    futexWait(&running, left);
  callerSleeps = false;
}

/// Waits for another call than `seen`; spins first if one is due soon.
uint64_t ThreadPool::waitForCall(uint64_t seen, uint32_t worker, bool soon) {
  uint64_t now = seen;
  auto ready = [&] {
    now = call.load();
    return now != seen;
  };
  if (spin(ready, soon ? spinTime : std::chrono::nanoseconds(0)))
    return now;
  sleepers.fetch_add(1);
  while (!ready())
    futexWaitMasked(numberAddress(call), numberOf(seen), bitOf(worker));
  sleepers.fetch_sub(1);
  return now;
}

void ThreadPool::work(uint32_t worker) {
  if (!processors.empty())
    Stay::keepOn(processors[worker]);
  bool takesPart = true;
  for (uint64_t seen = 0;;) {
    seen = waitForCall(seen, worker, takesPart);
    if (ending)
      return;
    takesPart = worker < activeOf(seen);
    if (!takesPart)
      continue;
    function(context, worker);
    if (running.fetch_sub(1) == 1 && callerSleeps.load())
      futexWakeAll(&running);
  }
}
