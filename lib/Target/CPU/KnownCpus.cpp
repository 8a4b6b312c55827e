//===- KnownCpus.cpp - the CPUs that have a name --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Levels say what code may use, CPUs add features and cache sizes. A CPU is
// listed when its features or its caches make other code for it.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/KnownCpus.h"

using namespace tenon::cpu;

namespace {

using Name = llvm::StringLiteral;

// Features that these imply (SSE and its successors, AVX) are older than any
// of them and not listed.
constexpr Name kLevel3[] = {"avx", "avx2",  "bmi",   "bmi2",  "f16c",
                            "fma", "lzcnt", "movbe", "popcnt"};
constexpr Name kLevel4[] = {"avx",      "avx2",    "bmi",      "bmi2",
                            "f16c",     "fma",     "lzcnt",    "movbe",
                            "popcnt",   "avx512f", "avx512bw", "avx512cd",
                            "avx512dq", "avx512vl"};
constexpr Name kArm[] = {"neon"};

constexpr Name kBeyondLevel3[] = {"avxvnni"};
constexpr Name kBeyondLevel4[] = {"avxvnni",    "avx512vnni", "avx512vbmi",
                                  "avx512bf16", "avx512fp16", "gfni"};
constexpr Name kBeyondArm[] = {"lse", "dotprod", "bf16", "i8mm"};

constexpr CpuLevel kX86V3 = {"x86-64-v3", "x86_64-pc-linux-gnu", "x86-64-v3",
                             kLevel3,     kBeyondLevel3,         256,
                             16};
constexpr CpuLevel kX86V4 = {"x86-64-v4", "x86_64-pc-linux-gnu", "x86-64-v4",
                             kLevel4,     kBeyondLevel4,         512,
                             32};
constexpr CpuLevel kArmV8 = {
    "armv8-a", "aarch64-unknown-linux-gnu", "generic", kArm, kBeyondArm, 128,
    32};

constexpr const CpuLevel *kX86Levels[] = {&kX86V4, &kX86V3};
constexpr const CpuLevel *kArmLevels[] = {&kArmV8};

constexpr Name kAvxVnni[] = {"avxvnni"};
constexpr Name kVnni[] = {"avx512vnni"};
constexpr Name kVnniVbmi[] = {"avx512vnni", "avx512vbmi", "gfni"};
constexpr Name kZen4[] = {"avx512vnni", "avx512vbmi", "avx512bf16", "gfni"};
constexpr Name kZen5[] = {"avxvnni", "avx512vnni", "avx512vbmi", "avx512bf16",
                          "gfni"};
constexpr Name kSapphireRapids[] = {"avxvnni",    "avx512vnni", "avx512vbmi",
                                    "avx512bf16", "avx512fp16", "gfni"};
constexpr Name kLse[] = {"lse"};
constexpr Name kDot[] = {"lse", "dotprod"};
constexpr Name kMatrix[] = {"lse", "dotprod", "bf16", "i8mm"};

constexpr int64_t kK = 1 << 10, kM = 1 << 20;

constexpr KnownCpu kCpus[] = {
    {"x86-64-v3", &kX86V3, "generic", {}, 32 * kK, 1 * kM, 16 * kM},
    {"haswell", &kX86V3, "haswell", {}, 32 * kK, 256 * kK, 8 * kM},
    {"skylake", &kX86V3, "skylake", {}, 32 * kK, 256 * kK, 8 * kM},
    {"znver2", &kX86V3, "znver2", {}, 32 * kK, 512 * kK, 16 * kM},
    {"znver3", &kX86V3, "znver3", {}, 32 * kK, 512 * kK, 32 * kM},
    {"alderlake", &kX86V3, "alderlake", kAvxVnni, 48 * kK, 1280 * kK, 24 * kM},
    {"x86-64-v4", &kX86V4, "generic", {}, 32 * kK, 1 * kM, 16 * kM},
    {"skylake-avx512", &kX86V4, "skylake-avx512", {}, 32 * kK, 1 * kM, 16 * kM},
    {"cascadelake", &kX86V4, "cascadelake", kVnni, 32 * kK, 1 * kM, 16 * kM},
    {"icelake-server", &kX86V4, "icelake-server", kVnniVbmi, 48 * kK, 1280 * kK,
     32 * kM},
    {"sapphirerapids", &kX86V4, "sapphirerapids", kSapphireRapids, 48 * kK,
     2 * kM, 32 * kM},
    {"znver4", &kX86V4, "znver4", kZen4, 32 * kK, 1 * kM, 32 * kM},
    {"znver5", &kX86V4, "znver5", kZen5, 48 * kK, 1 * kM, 32 * kM},
    {"armv8-a", &kArmV8, "generic", {}, 32 * kK, 512 * kK, 4 * kM},
    {"armv8.2-a", &kArmV8, "generic", kLse, 32 * kK, 512 * kK, 4 * kM},
    {"armv8.6-a", &kArmV8, "generic", kMatrix, 64 * kK, 1 * kM, 16 * kM},
    {"cortex-a76", &kArmV8, "cortex-a76", kDot, 64 * kK, 512 * kK, 2 * kM},
    {"neoverse-n1", &kArmV8, "neoverse-n1", kDot, 64 * kK, 1 * kM, 32 * kM},
    {"neoverse-n2", &kArmV8, "neoverse-n2", kMatrix, 64 * kK, 1 * kM, 32 * kM},
    {"neoverse-v1", &kArmV8, "neoverse-v1", kMatrix, 64 * kK, 1 * kM, 32 * kM},
    {"neoverse-v2", &kArmV8, "neoverse-v2", kMatrix, 64 * kK, 2 * kM, 32 * kM},
};

} // namespace

llvm::ArrayRef<KnownCpu> tenon::cpu::knownCpus() { return kCpus; }

llvm::ArrayRef<const CpuLevel *>
tenon::cpu::levelsOf(llvm::StringRef architecture) {
  if (architecture == "x86_64")
    return kX86Levels;
  if (architecture == "aarch64")
    return kArmLevels;
  return {};
}
