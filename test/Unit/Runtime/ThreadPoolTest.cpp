//===- ThreadPoolTest.cpp - the workers of a session ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/src/ThreadPool.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <gtest/gtest.h>
#include <sched.h>

using namespace tenon::runtime;

namespace {

struct Meeting {
  std::atomic<uint32_t> present{0};
  uint32_t expected = 0;
  std::vector<uint32_t> calls;
};

/// Returns only when all workers are inside at the same time.
void meet(void *context, uint64_t worker) {
  auto *meeting = static_cast<Meeting *>(context);
  ++meeting->calls[worker];
  ++meeting->present;
  while (meeting->present.load() % meeting->expected != 0)
    std::this_thread::yield();
}

class Workers : public testing::TestWithParam<uint32_t> {};

TEST_P(Workers, RunAtTheSameTimeAndOncePerCall) {
  ThreadPool pool(GetParam());
  EXPECT_EQ(pool.workers(), GetParam());
  for (int call = 0; call < 300; ++call) {
    Meeting meeting;
    meeting.expected = GetParam();
    meeting.calls.assign(GetParam(), 0);
    pool.run(meet, &meeting, pool.workers());
    EXPECT_EQ(meeting.calls, std::vector<uint32_t>(GetParam(), 1));
  }
}

TEST_P(Workers, WakeAfterSleep) {
  ThreadPool pool(GetParam());
  for (int call = 0; call < 5; ++call) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    Meeting meeting;
    meeting.expected = GetParam();
    meeting.calls.assign(GetParam(), 0);
    pool.run(meet, &meeting, pool.workers());
    EXPECT_EQ(meeting.present.load(), GetParam());
  }
}

INSTANTIATE_TEST_SUITE_P(Counts, Workers, testing::Values(1, 2, 5, 16));

TEST(ThreadPool, IdleWorkersSleep) {
  ThreadPool pool(8);
  Meeting meeting;
  meeting.expected = 8;
  meeting.calls.assign(8, 0);
  pool.run(meet, &meeting, pool.workers());
  timespec before, after;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
  double seconds = static_cast<double>(after.tv_sec - before.tv_sec) +
                   static_cast<double>(after.tv_nsec - before.tv_nsec) * 1e-9;
  EXPECT_LT(seconds, 0.05);
}

TEST(ThreadPool, OthersSleepThroughACall) {
  ThreadPool pool(5);
  for (uint32_t active : {5, 1, 2, 4, 1, 5, 3, 5, 1})
    for (int call = 0; call < 40; ++call) {
      if (call == 20)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      Meeting meeting;
      meeting.expected = active;
      meeting.calls.assign(5, 0);
      pool.run(meet, &meeting, active);
      std::vector<uint32_t> expected(5, 0);
      std::fill_n(expected.begin(), active, 1);
      EXPECT_EQ(meeting.calls, expected);
    }
}

TEST(ThreadPool, ManyWorkersShareWakeUpBits) {
  ThreadPool pool(70);
  for (uint32_t active : {70, 33, 32, 31, 2, 70, 64}) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    Meeting meeting;
    meeting.expected = active;
    meeting.calls.assign(70, 0);
    pool.run(meet, &meeting, active);
    EXPECT_EQ(meeting.present.load(), active);
  }
}

struct Places {
  std::vector<cpu_set_t> sets;
};

void askPlace(void *context, uint64_t worker) {
  sched_getaffinity(0, sizeof(cpu_set_t),
                    &static_cast<Places *>(context)->sets[worker]);
}

TEST(ThreadPool, PinnedWorkersStay) {
  std::vector<uint32_t> usable = usableProcessors();
  uint32_t count = std::min<size_t>(usable.size(), 4);
  usable.resize(count);
  cpu_set_t before, after;
  sched_getaffinity(0, sizeof(before), &before);
  ThreadPool pool(count, usable);
  EXPECT_TRUE(pool.isPinned());
  Places places;
  places.sets.resize(count);
  pool.run(askPlace, &places, count);
  for (uint32_t worker = 0; worker < count; ++worker) {
    EXPECT_EQ(CPU_COUNT(&places.sets[worker]), 1);
    EXPECT_TRUE(CPU_ISSET(usable[worker], &places.sets[worker]));
  }
  // The caller is free again.
  sched_getaffinity(0, sizeof(after), &after);
  EXPECT_TRUE(CPU_EQUAL(&before, &after));
}

TEST(ThreadPool, KnowsWhenItIsCrowded) {
  uint32_t processors = usableProcessors().size();
  EXPECT_FALSE(ThreadPool(processors).isCrowded());
  EXPECT_TRUE(ThreadPool(processors + 1).isCrowded());
}

TEST(ThreadPool, EndsWithoutACall) {
  for (int i = 0; i < 50; ++i)
    ThreadPool pool(3);
}

} // namespace
