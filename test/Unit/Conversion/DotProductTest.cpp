//===- DotProductTest.cpp - products of bytes as machine code -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every form that this machine can run, on the largest codes and inputs of
// both signs: a sum that saturates on its way shows.
//
//===----------------------------------------------------------------------===//

#include "Compiled.h"

#include "lib/Pipelines/Phases.h"
#include "lib/Target/CPU/Kernels/DotProduct.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/OperationSupport.h"
#include "llvm/TargetParser/Host.h"
#include "gtest/gtest.h"

#include <cstring>
#include <random>

using namespace mlir;
using namespace tenon;
using namespace tenon::test;

namespace {

constexpr size_t kBytes = 64, kSums = 16;

/// Products in a run: more than 16 bits hold, even of the smallest codes.
constexpr int64_t kRun = 10;

/// What a driver of the form reads and writes: codes, inputs, sums.
struct alignas(64) Numbers {
  uint8_t codes[kBytes];
  int8_t x[kBytes];
  int32_t sums[kSums];
};

/// Text of a driver that adds the products to the sums, once and as a run.
std::string writeDriver(const CPUTargetOptions &target, int64_t largest) {
  DialectRegistry registry;
  registerAllTenonDialects(registry);
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(R"mlir(
module {
module @driver {
  func.func @run(%job: !tenon_rt.job, %worker: index) {
    %size = arith.constant 192 : index
    %memory = tenon_rt.buffer arena of %job sizes (%size) : memref<?xi8>
    return
  }
}
module @other {
}
})mlir",
                                                             &context);
  auto driver = *module->getOps<ModuleOp>().begin();
  auto function = driver.lookupSymbol<func::FuncOp>("run");
  Operation *end = function.front().getTerminator();
  Value memory = end->getPrevNode()->getResult(0);
  cpu::Emitter e(module->getLoc(), &function.front());
  e.b.setInsertionPoint(end);
  Value codes = e.loadVector(memory, {e.index(0)}, kBytes);
  Value x = e.loadVector(memory, {e.index(64)}, kBytes);
  Value sums = vector::BitCastOp::create(
      e.b, e.vi32(), e.loadVector(memory, {e.index(128)}, 64));
  sums = cpu::emitDot4(e, target, sums, codes, x, largest);
  cpu::ProductSum run(sums, largest);
  for (int64_t i = 0; i < kRun; ++i)
    run.add(e, target, codes, x);
  sums = run.finish(e, target);
  e.storeVector(
      vector::BitCastOp::create(e.b, e.vec(e.b.getI8Type(), 64), sums), memory,
      {e.index(128)});
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream);
  return text;
}

void expectExact(llvm::StringRef cpu, int64_t largest, Compiled &compiled,
                 const Numbers &given) {
  Numbers numbers = given;
  tenon_rt_job job = {};
  job.workers = 1;
  job.arena = reinterpret_cast<uint8_t *>(&numbers);
  compiled.run(job);
  for (size_t lane = 0; lane < kSums; ++lane) {
    int32_t want = given.sums[lane];
    for (size_t i = 4 * lane; i < 4 * lane + 4; ++i)
      want += (1 + kRun) * given.codes[i] * given.x[i];
    EXPECT_EQ(numbers.sums[lane], want)
        << cpu.str() << " up to " << largest << ", lane " << lane;
  }
}

bool canRun(const cpu::CpuTarget &target) {
  llvm::StringMap<bool> host = llvm::sys::getHostCPUFeatures();
  return llvm::all_of(target.features, [&](const std::string &feature) {
    return host.lookup(feature);
  });
}

TEST(DotProduct, NoSumSaturates) {
  unsigned ran = 0;
  for (llvm::StringRef cpu :
       {"native", "x86-64-v3", "x86-64-v3+avxvnni", "x86-64-v4",
        "x86-64-v4+avx512vnni", "portable"}) {
    bool isPortable = cpu == "portable";
    cpu::CpuTarget target =
        llvm::cantFail(cpu::CpuTarget::get(isPortable ? "x86-64-v3" : cpu));
    if (!canRun(target))
      continue;
    CPUTargetOptions options = getCPUTargetOptions(target);
    if (isPortable)
      options.features.clear();
    for (int64_t largest : {15, 63, 127, 128, 255}) {
      std::unique_ptr<Compiled> compiled = Compiled::create(
          writeDriver(options, largest), isPortable ? "x86-64-v3" : cpu);
      ASSERT_TRUE(compiled);
      std::mt19937 engine(largest);
      for (int trial = 0; trial < 40; ++trial) {
        Numbers numbers;
        for (size_t i = 0; i < kBytes; ++i) {
          bool isExtreme = trial < 4 || engine() % 2;
          numbers.codes[i] = isExtreme ? largest : engine() % (largest + 1);
          int sign = trial < 2 ? 2 * trial - 1 : engine() % 2 ? 1 : -1;
          numbers.x[i] = sign * (isExtreme ? 127 : int(engine() % 128));
        }
        for (int32_t &sum : numbers.sums)
          sum = static_cast<int32_t>(engine() % 2000000) - 1000000;
        expectExact(cpu, largest, *compiled, numbers);
      }
      ++ran;
    }
  }
  EXPECT_GE(ran, 10u) << "expected at least two forms on any machine";
}

} // namespace
