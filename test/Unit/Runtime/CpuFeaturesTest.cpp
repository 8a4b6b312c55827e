//===- CpuFeaturesTest.cpp - what the machine can run ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The answers are compared with those of the operating system, which reads the
// same processor its own way.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/CpuFeatures.h"

#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <sstream>

using namespace tenon::runtime;

namespace {

TEST(CpuFeatures, UnknownNamesAreMissing) {
  EXPECT_FALSE(hasCpuFeature("avx9000"));
  EXPECT_FALSE(hasCpuFeature(""));
  EXPECT_FALSE(knowsCpuFeature("avx9000"));
  EXPECT_EQ(firstMissingCpuFeature("avx9000"), "avx9000");
}

TEST(CpuFeatures, EmptyListsLackNothing) {
  EXPECT_EQ(firstMissingCpuFeature(""), "");
  EXPECT_EQ(firstMissingCpuFeature(",,"), "");
}

#if defined(__x86_64__)
TEST(CpuFeatures, ListsNameTheFirstThatIsMissing) {
  EXPECT_EQ(firstMissingCpuFeature("sse2,cmov,64bit"), "");
  EXPECT_EQ(firstMissingCpuFeature("sse2,nonesuch,other"), "nonesuch");
  EXPECT_EQ(firstMissingCpuFeature("sse2,cmov,nonesuch"), "nonesuch");
}

TEST(CpuFeatures, AgreesWithTheOperatingSystem) {
  std::set<std::string> flags;
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; flags.empty() && std::getline(file, line);) {
    if (line.rfind("flags", 0) != 0)
      continue;
    std::istringstream words(line.substr(line.find(':') + 1));
    for (std::string word; words >> word;)
      flags.insert(word);
  }
  ASSERT_FALSE(flags.empty());
  const std::pair<const char *, const char *> names[] = {
      {"avx", "avx"},
      {"avx2", "avx2"},
      {"fma", "fma"},
      {"f16c", "f16c"},
      {"bmi", "bmi1"},
      {"bmi2", "bmi2"},
      {"lzcnt", "abm"},
      {"popcnt", "popcnt"},
      {"movbe", "movbe"},
      {"sse4.1", "sse4_1"},
      {"sse4.2", "sse4_2"},
      {"avx512f", "avx512f"},
      {"avx512bw", "avx512bw"},
      {"avx512cd", "avx512cd"},
      {"avx512dq", "avx512dq"},
      {"avx512vl", "avx512vl"},
      {"avx512vnni", "avx512_vnni"},
      {"avx512bf16", "avx512_bf16"},
      {"avx512vbmi", "avx512vbmi"},
      {"avxvnni", "avx_vnni"},
      {"gfni", "gfni"},
      {"vaes", "vaes"},
      {"sha", "sha_ni"},
      {"adx", "adx"},
      {"clwb", "clwb"},
      {"xsavec", "xsavec"},
      {"amx-tile", "amx_tile"},
  };
  for (auto [ours, theirs] : names) {
    EXPECT_TRUE(knowsCpuFeature(ours)) << ours;
    EXPECT_EQ(hasCpuFeature(ours), flags.count(theirs) != 0) << ours;
  }
}
#endif

} // namespace
