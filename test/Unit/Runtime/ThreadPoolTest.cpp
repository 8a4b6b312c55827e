//===- ThreadPoolTest.cpp - the workers of a session ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/src/ThreadPool.h"

#include <chrono>
#include <ctime>
#include <gtest/gtest.h>

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
    pool.run(meet, &meeting);
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
    pool.run(meet, &meeting);
    EXPECT_EQ(meeting.present.load(), GetParam());
  }
}

INSTANTIATE_TEST_SUITE_P(Counts, Workers, testing::Values(1, 2, 5, 16));

TEST(ThreadPool, IdleWorkersSleep) {
  ThreadPool pool(8);
  Meeting meeting;
  meeting.expected = 8;
  meeting.calls.assign(8, 0);
  pool.run(meet, &meeting);
  timespec before, after;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
  double seconds = static_cast<double>(after.tv_sec - before.tv_sec) +
                   static_cast<double>(after.tv_nsec - before.tv_nsec) * 1e-9;
  EXPECT_LT(seconds, 0.05);
}

TEST(ThreadPool, EndsWithoutACall) {
  for (int i = 0; i < 50; ++i)
    ThreadPool pool(3);
}

} // namespace
