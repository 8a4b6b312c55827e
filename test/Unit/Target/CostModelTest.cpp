//===- CostModelTest.cpp - what kernels must read and compute -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/CostModel.h"
#include "lib/Target/CPU/CpuTarget.h"

#include "gtest/gtest.h"

using namespace tenon::cpu;

namespace {

CpuRates plainRates() {
  CpuRates rates;
  rates.readOneCore = 10;
  rates.readAllCores = 30;
  rates.cacheRead = 100;
  rates.f32 = 100;
  rates.bf16 = 200;
  rates.int8 = 400;
  return rates;
}

KernelCost productCost() {
  KernelCost cost;
  cost.weightBytes = 1e6;
  cost.activationBytesPerRow = 1e3;
  cost.operationsPerRow = 4e6;
  return cost;
}

TEST(CostModel, TheSlowestLimitIsTheBound) {
  Prediction one = predict(productCost(), plainRates(), {1, 0, 1});
  EXPECT_EQ(one.bound, Bound::Memory);
  EXPECT_DOUBLE_EQ(one.seconds, 1e6 / 10e9);
  EXPECT_EQ(one.weightBytes, 1e6);
  EXPECT_EQ(one.operations, 4e6);
  Prediction many = predict(productCost(), plainRates(), {100, 0, 1});
  EXPECT_EQ(many.bound, Bound::Compute);
  EXPECT_DOUBLE_EQ(many.seconds, 4e8 / 100e9);
  KernelCost rows;
  rows.activationBytesPerRow = 1e6;
  rows.operationsPerRow = 1e5;
  EXPECT_EQ(predict(rows, plainRates(), {4, 0, 1}).bound, Bound::Cache);
}

TEST(CostModel, ThreadsShareMemoryAndCoresDoNot) {
  KernelCost cost = productCost();
  EXPECT_DOUBLE_EQ(predict(cost, plainRates(), {1, 0, 2}).seconds, 1e6 / 20e9);
  EXPECT_DOUBLE_EQ(predict(cost, plainRates(), {1, 0, 8}).seconds, 1e6 / 30e9);
  EXPECT_DOUBLE_EQ(predict(cost, plainRates(), {100, 0, 8}).seconds,
                   4e8 / 800e9);
  cost.shared = false;
  EXPECT_DOUBLE_EQ(predict(cost, plainRates(), {1, 0, 8}).seconds, 1e6 / 10e9);
  cost = productCost();
  cost.arithmetic = Arithmetic::Int8;
  EXPECT_DOUBLE_EQ(predict(cost, plainRates(), {100, 0, 1}).seconds,
                   4e8 / 400e9);
  cost.arithmetic = Arithmetic::BF16;
  EXPECT_DOUBLE_EQ(predict(cost, plainRates(), {100, 0, 1}).seconds,
                   4e8 / 200e9);
}

TEST(CostModel, AttentionGrowsWithTheCache) {
  KernelCost cost;
  cost.cacheBytesPerSlot = 768;
  cost.cacheBytesPerRow = 768;
  cost.operationsPerRowAndSlot = 2304;
  Prediction least = predict(cost, plainRates(), {2, 1000, 1});
  EXPECT_EQ(least.cacheBytes, 768 * 1000 + 768 * 2);
  EXPECT_EQ(least.operations, 2304.0 * 2 * 1000);
}

TEST(CpuRates, FollowFromTheInstructionSet) {
  auto rates = [](llvm::StringRef name) {
    auto target = CpuTarget::get(name);
    EXPECT_TRUE(bool(target));
    return CpuRates::get(*target);
  };
  EXPECT_GT(rates("x86-64-v3").f32, 50);
  EXPECT_LT(rates("x86-64-v3").int8, 2 * rates("x86-64-v3").f32);
  EXPECT_EQ(rates("x86-64-v4+avx512vnni").int8, 4 * rates("x86-64-v4").f32);
  EXPECT_EQ(rates("x86-64-v4").bf16, rates("x86-64-v4").f32);
  EXPECT_EQ(rates("znver4").bf16, 2 * rates("znver4").f32);
}

TEST(CpuRates, MeasuredOnesReplaceThem) {
  CpuRates rates = plainRates();
  ASSERT_FALSE(bool(rates.update("read=15.5, f32=118,int8=4.7e2,bf16=240")));
  EXPECT_EQ(rates.readOneCore, 15.5);
  EXPECT_EQ(rates.readAllCores, 30);
  EXPECT_EQ(rates.f32, 118);
  EXPECT_EQ(rates.int8, 470);
  EXPECT_EQ(rates.bf16, 240);
  for (llvm::StringRef bad : {"", "read", "read=", "read=0", "f32=-1",
                              "f32=nan", "f32=inf", "speed=3", "read=1,,f32=2"})
    EXPECT_NE(llvm::toString(rates.update(bad)), "") << bad.str();
}

} // namespace
