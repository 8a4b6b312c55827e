//===- Monitor.cpp - time and memory of a compilation ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The system keeps a high-water mark of resident memory but none of anonymous
// memory, so that is sampled. /proc/self/statm is one short read.
//
//===----------------------------------------------------------------------===//

#include "lib/Compiler/Monitor.h"

#include <cstdio>
#include <sys/resource.h>
#include <unistd.h>

using namespace tenon;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::chrono::milliseconds kInterval(5);

/// Resident pages less those that files back; 0 where /proc is missing.
uint64_t anonymousBytes() {
  std::FILE *file = std::fopen("/proc/self/statm", "re");
  if (!file)
    return 0;
  unsigned long long total = 0, resident = 0, shared = 0;
  int fields = std::fscanf(file, "%llu %llu %llu", &total, &resident, &shared);
  std::fclose(file);
  if (fields != 3 || resident < shared)
    return 0;
  return (resident - shared) * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

uint64_t largestResidentBytes() {
  rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

} // namespace

Monitor::Monitor(std::vector<StepReport> &steps, ProgressHandler handler)
    : steps(steps), handler(std::move(handler)), start(Clock::now()),
      sampler([this] { sample(); }) {}

Monitor::~Monitor() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    stop = true;
  }
  wake.notify_one();
  sampler.join();
}

void Monitor::sample() {
  std::unique_lock<std::mutex> lock(mutex);
  while (!stop) {
    largestAnonymous = std::max(largestAnonymous.load(), anonymousBytes());
    wake.wait_for(lock, kInterval);
  }
}

void Monitor::endStep(std::string name, std::string note) {
  StepReport report;
  report.name = std::move(name);
  report.note = std::move(note);
  Clock::time_point now = Clock::now();
  report.seconds = std::chrono::duration<double>(now - start).count();
  report.anonymousBytes =
      std::max(largestAnonymous.exchange(0), anonymousBytes());
  report.residentBytes = largestResidentBytes();
  start = now;
  steps.push_back(report);
  if (handler)
    handler(report);
}
