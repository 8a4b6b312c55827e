//===- WorkerCountTest.cpp - how many workers take part in a call ---------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Simulates calls: a duration and a time slept for each number of workers.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/WorkerCount.h"

#include <functional>
#include <gtest/gtest.h>
#include <random>
#include <vector>

using namespace tenon::runtime;

namespace {

struct Call {
  uint64_t nanoseconds, slept;
};

/// Runs `calls` calls and counts how many had each number of workers.
std::vector<int> simulate(WorkerCount &count, uint32_t most, int calls,
                          const std::function<Call(uint32_t)> &run) {
  std::vector<int> used(most + 1);
  for (int i = 0; i < calls; ++i) {
    uint32_t workers = count.next();
    EXPECT_GE(workers, 1u);
    EXPECT_LE(workers, most);
    ++used[workers];
    Call call = run(workers);
    count.report(call.nanoseconds, call.slept);
  }
  return used;
}

/// Two workers are twice as fast when nobody disturbs.
Call quiet(uint32_t workers) { return {8000000 / workers, 0}; }

/// Any second worker makes the others wait for it.
Call hogged(uint32_t workers) {
  return workers == 1 ? Call{8000000, 0}
                      : Call{20000000, 15000000 * (workers - 1)};
}

TEST(WorkerCount, AllWorkWhenNobodySleeps) {
  WorkerCount count(4);
  EXPECT_EQ(simulate(count, 4, 500, quiet)[4], 500);
}

TEST(WorkerCount, OneWorkerHasNoChoice) {
  WorkerCount count(1);
  EXPECT_EQ(simulate(count, 1, 500, hogged)[1], 500);
}

TEST(WorkerCount, ALateWorkerIsLeftOut) {
  WorkerCount count(2);
  std::vector<int> used = simulate(count, 2, 1000, hogged);
  EXPECT_GT(used[1], 970);
}

TEST(WorkerCount, SeveralLateWorkersAreLeftOut) {
  WorkerCount count(4);
  std::vector<int> used = simulate(count, 4, 1000, [](uint32_t workers) {
    return workers <= 2 ? quiet(workers) : hogged(workers);
  });
  EXPECT_GT(used[2], 900);
}

TEST(WorkerCount, AllComeBackWhenTheMachineIsFree) {
  WorkerCount count(2);
  simulate(count, 2, 100, hogged);
  simulate(count, 2, 1000, quiet);
  EXPECT_EQ(simulate(count, 2, 500, quiet)[2], 500);
  // And the memory of it fades: it does not take ever longer.
  EXPECT_GT(simulate(count, 2, 50, hogged)[1], 35);
  EXPECT_GT(simulate(count, 2, 150, quiet)[2], 20);
}

TEST(WorkerCount, SleepThatFewerWorkersDoNotCureChangesLittle) {
  // Unequal shares: workers sleep, but two are still faster than one.
  WorkerCount count(2);
  std::vector<int> used = simulate(count, 2, 1000, [](uint32_t workers) {
    return workers == 1 ? Call{8000000, 0} : Call{5000000, 1500000};
  });
  EXPECT_GT(used[2], 990);
}

TEST(WorkerCount, ManyComeBackToo) {
  WorkerCount count(32);
  simulate(count, 32, 300, [](uint32_t workers) {
    return workers < 32 ? quiet(workers) : hogged(workers);
  });
  EXPECT_GT(simulate(count, 32, 20000, quiet)[32], 19000);
}

TEST(WorkerCount, LongTroubleIsForgottenSoon) {
  WorkerCount count(2);
  simulate(count, 2, 5000, hogged);
  EXPECT_GT(simulate(count, 2, 150, quiet)[2], 20);
}

TEST(WorkerCount, TwoStallsSayNothing) {
  WorkerCount count(2);
  int call = 0;
  std::vector<int> used = simulate(count, 2, 300, [&](uint32_t workers) {
    return call++ % 3 ? hogged(workers) : quiet(workers);
  });
  EXPECT_EQ(used[2], 300);
}

TEST(WorkerCount, TimesThatWanderLeaveNobodyOut) {
  // Every call stalls, and each takes up to twice as long as it could:
  // one call says nothing, and one worker is slower.
  WorkerCount count(2);
  std::mt19937 random(1);
  std::vector<int> used = simulate(count, 2, 20000, [&](uint32_t workers) {
    uint64_t slowdown = 100 + random() % 100; // in hundredths
    uint64_t time = (workers == 1 ? 65000 : 50000) * slowdown;
    return Call{time, workers == 1 ? 0 : time / 5};
  });
  EXPECT_GT(used[2], 17000);
}

} // namespace
