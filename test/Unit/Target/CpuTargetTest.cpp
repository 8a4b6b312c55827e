//===- CpuTargetTest.cpp - facts about the CPU ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/CpuTarget.h"
#include "lib/Target/CPU/KnownCpus.h"

#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"
#include "gtest/gtest.h"

using namespace tenon::cpu;

namespace {

CpuTarget getTarget(llvm::StringRef name) {
  auto target = CpuTarget::get(name);
  EXPECT_TRUE(bool(target));
  return target ? *target : CpuTarget();
}

TEST(CpuTarget, Level3) {
  CpuTarget target = getTarget("x86-64-v3");
  EXPECT_EQ(target.vectorBits, 256);
  EXPECT_EQ(target.vectorRegisters, 16);
  EXPECT_TRUE(target.has("fma"));
  EXPECT_FALSE(target.has("avx512f"));
  EXPECT_EQ(target.featureList(),
            "avx,avx2,bmi,bmi2,f16c,fma,lzcnt,movbe,popcnt");
}

TEST(CpuTarget, Level4HasNoDotProduct) {
  CpuTarget target = getTarget("x86-64-v4");
  EXPECT_EQ(target.vectorBits, 512);
  EXPECT_TRUE(target.has("avx512bw"));
  EXPECT_FALSE(target.has("avx512vnni"));
}

TEST(CpuTarget, FeaturesAreAddedByName) {
  CpuTarget target = getTarget("x86-64-v4+avx512bf16+avx512vnni");
  EXPECT_EQ(target.level, "x86-64-v4");
  EXPECT_TRUE(target.has("avx512vnni"));
  // The order is that of the table, whatever was typed.
  EXPECT_EQ(target.features,
            getTarget("x86-64-v4+avx512vnni+avx512bf16").features);
  for (llvm::StringRef wrong :
       {"x86-64-v4+", "x86-64-v4+dotprod", "+avxvnni", "native+avx512vnni"}) {
    auto refused = CpuTarget::get(wrong);
    EXPECT_FALSE(bool(refused)) << wrong.str();
    llvm::consumeError(refused.takeError());
  }
}

TEST(CpuTarget, AArch64) {
  CpuTarget target = getTarget("neoverse-v1");
  EXPECT_EQ(target.vectorBits, 128);
  EXPECT_EQ(target.vectorRegisters, 32);
  EXPECT_EQ(target.featureList(), "neon,lse,dotprod,bf16,i8mm");
  EXPECT_EQ(getTarget("armv8.2-a+dotprod").featureList(), "neon,lse,dotprod");
}

// The loader checks exactly what the code may use.
TEST(CpuTarget, ListIsWhatTheMachineHas) {
  std::vector<llvm::StringRef> names = {"native"};
  for (const KnownCpu &known : knownCpus())
    names.push_back(known.name);
  for (llvm::StringRef name : names) {
    CpuTarget target = getTarget(name);
    auto machine = target.createTargetMachine();
    ASSERT_TRUE(bool(machine)) << llvm::toString(machine.takeError());
    const llvm::MCSubtargetInfo *info = (*machine)->getMCSubtargetInfo();
    for (const std::string &feature : target.features)
      EXPECT_TRUE(info->checkFeatures("+" + feature)) << feature;
    bool isArm = llvm::Triple(target.triple).isAArch64();
    std::vector<llvm::StringRef> arm = {"neon", "lse", "dotprod", "bf16",
                                        "i8mm", "sve", "fullfp16"};
    std::vector<llvm::StringRef> x86 = {
        "avxvnni",    "avx512f",    "avx512vnni", "avx512vbmi", "avx512bf16",
        "avx512fp16", "avx512ifma", "amx-int8",   "gfni"};
    for (llvm::StringRef feature : isArm ? arm : x86)
      EXPECT_EQ(info->checkFeatures(("+" + feature).str()), target.has(feature))
          << name.str() << " " << feature.str();
  }
}

TEST(CpuTarget, NativeIsTheHost) {
  CpuTarget target = getTarget("native");
  EXPECT_EQ(target.name, llvm::sys::getHostCPUName());
  llvm::StringMap<bool> host = llvm::sys::getHostCPUFeatures();
  for (const std::string &feature : target.features)
    EXPECT_TRUE(host.lookup(feature)) << feature;
  EXPECT_GT(target.l1Bytes, 0);
  EXPECT_GT(target.l2Bytes, target.l1Bytes);
}

TEST(CpuTarget, UnknownNameListsTheKnownOnes) {
  auto target = CpuTarget::get("z80");
  ASSERT_FALSE(bool(target));
  EXPECT_EQ(llvm::toString(target.takeError()),
            "expected the CPU to be one of " + CpuTarget::knownNames() +
                ", but got 'z80'");
  EXPECT_NE(CpuTarget::knownNames().find("native, x86-64-v3, "),
            std::string::npos);
}

} // namespace
