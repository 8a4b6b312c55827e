//===- TsanHost.cpp - workers of a driver under ThreadSanitizer -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs `run(job, worker)` of the library it is given on three threads, as a
// program that has the sanitizer's runtime: it fails at the first data race.
//
//===----------------------------------------------------------------------===//

#include "tenon-rt/abi.h"

#include <cstdio>
#include <dlfcn.h>
#include <sched.h>
#include <thread>
#include <vector>

static void wait(tenon_rt_job *, uint32_t) { sched_yield(); }
static void wake(tenon_rt_job *) {}

int main(int argc, char **argv) {
  if (argc != 2)
    return 2;
  void *library = dlopen(argv[1], RTLD_NOW);
  if (!library) {
    std::fprintf(stderr, "%s\n", dlerror());
    return 2;
  }
  auto run = reinterpret_cast<tenon_rt_entry_fn>(dlsym(library, "run"));
  if (!run)
    return 2;
  constexpr uint64_t workers = 3;
  std::vector<int64_t> slots(workers + 1), sums(workers);
  alignas(64) tenon_rt_job job = {};
  job.workers = workers;
  job.rows = 100;
  job.arena = reinterpret_cast<uint8_t *>(slots.data());
  job.scratch = reinterpret_cast<uint8_t *>(sums.data());
  job.spins = 100;
  job.wait = wait;
  job.wake = wake;
  std::vector<std::thread> threads;
  for (uint64_t worker = 0; worker < workers; ++worker)
    threads.emplace_back([&, worker] { run(&job, worker); });
  for (std::thread &thread : threads)
    thread.join();
  return 0;
}
