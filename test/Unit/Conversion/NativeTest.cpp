//===- NativeTest.cpp - functions and barriers as machine code ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions of f32 against libm in double precision, on whole vectors and
// masked tails, and the barrier with more workers than this machine may have
// cores, also under ThreadSanitizer.
//
//===----------------------------------------------------------------------===//

#include "Compiled.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstdlib>
#include <limits>
#include <sched.h>
#include <thread>
#include <vector>

using namespace tenon;
using namespace tenon::test;

namespace {

/// A driver that applies an op to all `rows` elements of the arena, 16 at a
/// time with a masked tail, and writes them to the scratch; then applies it to
/// the first element once more as a scalar.
std::string mapSource(const std::string &op) {
  return R"mlir(module {
module @driver {
  func.func @run(%job: !tenon_rt.job, %worker: index) {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %zero = arith.constant 0.0 : f32
    %n = tenon_rt.number rows of %job
    %x = tenon_rt.buffer arena of %job sizes (%n) : memref<?xf32>
    %y = tenon_rt.buffer scratch of %job sizes (%n) : memref<?xf32>
    %s = tenon_rt.buffer logits of %job : memref<1xf32>
    scf.for %i = %c0 to %n step %c16 {
      %a = vector.transfer_read %x[%i], %zero : memref<?xf32>, vector<16xf32>
      %b = )mlir" +
         op + R"mlir( %a : vector<16xf32>
      vector.transfer_write %b, %y[%i] : vector<16xf32>, memref<?xf32>
    }
    %c = memref.load %x[%c0] : memref<?xf32>
    %d = )mlir" +
         op + R"mlir( %c : f32
    memref.store %d, %s[%c0] : memref<1xf32>
    return
  }
}
module @other {
}
})mlir";
}

std::vector<float> map(const std::string &op, std::vector<float> x,
                       llvm::StringRef cpu = "native") {
  std::unique_ptr<Compiled> compiled = Compiled::create(mapSource(op), cpu);
  std::vector<float> y(x.size() + 1, 7.0f);
  float scalar = 0;
  if (!compiled)
    return y;
  tenon_rt_job job = {};
  job.workers = 1;
  job.rows = x.size();
  job.arena = reinterpret_cast<uint8_t *>(x.data());
  job.scratch = reinterpret_cast<uint8_t *>(y.data());
  job.logits = &scalar;
  compiled->run(job);
  EXPECT_EQ(y.back(), 7.0f) << "wrote past the end";
  EXPECT_EQ(scalar, y.front()) << "scalars and vectors differ";
  y.pop_back();
  return y;
}

std::vector<float> range(float first, float last, int count) {
  std::vector<float> values;
  for (int i = 0; i < count; ++i)
    values.push_back(first + (last - first) * i / (count - 1));
  return values;
}

TEST(ExpandMath, Exp) {
  for (const char *cpu : {"native", "x86-64-v3"}) {
    std::vector<float> x = range(-87.0f, 88.0f, 100003);
    std::vector<float> y = map("math.exp", x, cpu);
    double worst = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      double want = std::exp(static_cast<double>(x[i]));
      worst = std::max(worst, std::abs(y[i] - want) / want);
    }
    EXPECT_LE(worst, 1e-7);
  }
}

TEST(ExpandMath, ExpAtTheEdges) {
  float infinity = std::numeric_limits<float>::infinity();
  std::vector<float> y =
      map("math.exp", {-infinity, -1e30f, -200.0f, -0.0f, 0.0f, 100.0f,
                       infinity, std::numeric_limits<float>::quiet_NaN()});
  EXPECT_EQ(y[0], 0.0f);
  EXPECT_EQ(y[1], 0.0f);
  EXPECT_EQ(y[2], 0.0f);
  EXPECT_EQ(y[3], 1.0f);
  EXPECT_EQ(y[4], 1.0f);
  EXPECT_EQ(y[5], infinity);
  EXPECT_EQ(y[6], infinity);
  EXPECT_TRUE(std::isnan(y[7]));
}

TEST(ExpandMath, LogTanhErf) {
  std::vector<float> x = range(0.001f, 50.0f, 20001);
  std::vector<float> y = map("math.log", x);
  for (size_t i = 0; i < x.size(); ++i)
    ASSERT_NEAR(y[i], std::log(static_cast<double>(x[i])), 5e-7) << x[i];
  x = range(-9.0f, 9.0f, 20001);
  y = map("math.tanh", x);
  for (size_t i = 0; i < x.size(); ++i)
    ASSERT_NEAR(y[i], std::tanh(static_cast<double>(x[i])), 3e-7) << x[i];
  y = map("math.erf", x);
  for (size_t i = 0; i < x.size(); ++i)
    ASSERT_NEAR(y[i], std::erf(static_cast<double>(x[i])), 3e-7) << x[i];
}

/// In each of `rows` rounds a worker writes its slot, waits, and reads that of
/// its neighbour. A table and an offset are used on the way.
constexpr llvm::StringLiteral kRounds = R"mlir(module {
module @driver {
  func.func @run(%job: !tenon_rt.job, %worker: index) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c8 = arith.constant 8 : index
    %workers = tenon_rt.number workers of %job
    %rounds = tenon_rt.number rows of %job
    %slots = tenon_rt.buffer arena of %job at %c8 sizes (%workers) : memref<?xi64>
    %sums = tenon_rt.buffer scratch of %job sizes (%workers) : memref<?xi64>
    %after = arith.addi %worker, %c1 : index
    %next = arith.remui %after, %workers : index
    scf.for %i = %c0 to %rounds step %c1 {
      %parity = arith.remui %i, %c2 : index
      %factor = tenon_rt.table [3, 5] at %parity
      %a = arith.muli %i, %factor : index
      %b = arith.addi %a, %worker : index
      %c = arith.index_cast %b : index to i64
      memref.store %c, %slots[%worker] : memref<?xi64>
      tenon_rt.barrier %job
      %d = memref.load %slots[%next] : memref<?xi64>
      %e = memref.load %sums[%worker] : memref<?xi64>
      %f = arith.addi %d, %e : i64
      memref.store %f, %sums[%worker] : memref<?xi64>
      tenon_rt.barrier %job
    }
    return
  }
}
module @other {
}
})mlir";

void wait(tenon_rt_job *, uint32_t) { sched_yield(); }
void wake(tenon_rt_job *) {}

TEST(Barrier, WorkersMeet) {
  std::unique_ptr<Compiled> compiled = Compiled::create(kRounds);
  ASSERT_TRUE(compiled);
  for (uint64_t workers : {1, 2, 5}) {
    constexpr uint64_t rounds = 300;
    std::vector<int64_t> slots(workers + 1), sums(workers);
    alignas(64) tenon_rt_job job = {};
    job.workers = workers;
    job.rows = rounds;
    job.arena = reinterpret_cast<uint8_t *>(slots.data());
    job.scratch = reinterpret_cast<uint8_t *>(sums.data());
    job.spins = 100;
    job.wait = wait;
    job.wake = wake;
    // Opens the library before the threads do.
    job.rows = 0;
    if (workers == 1)
      compiled->run(job);
    job.rows = rounds;
    std::vector<std::thread> threads;
    for (uint64_t worker = 0; worker < workers; ++worker)
      threads.emplace_back([&, worker] { compiled->run(job, worker); });
    for (std::thread &thread : threads)
      thread.join();
    for (uint64_t worker = 0; worker < workers; ++worker) {
      int64_t want = 0;
      for (uint64_t i = 0; i < rounds; ++i)
        want += i * (i % 2 ? 5 : 3) + (worker + 1) % workers;
      EXPECT_EQ(sums[worker], want) << workers << " workers";
    }
    EXPECT_EQ(job.barrier_count, 0u);
    EXPECT_EQ(job.barrier_phase, workers == 1 ? 0u : 2 * rounds);
  }
}

#ifdef TENON_TSAN_HOST
TEST(Barrier, CleanUnderThreadSanitizer) {
  std::unique_ptr<Compiled> compiled =
      Compiled::create(kRounds, "native", cpu::Sanitizer::Thread);
  ASSERT_TRUE(compiled);
  std::string command =
      std::string("\"") + TENON_TSAN_HOST + "\" \"" + compiled->path() + "\"";
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
}
#endif

} // namespace
