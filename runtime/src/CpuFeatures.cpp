//===- CpuFeatures.cpp - what the machine can run -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// x86: one table of CPUID bits. Features that use wide registers also need the
// operating system to save those registers, which XCR0 tells; a kernel or a
// hypervisor may well hide that part. AArch64: the kernel tells what it and the
// processor have. Other architectures know no feature, so only artifacts that
// need none load there.
//
//===----------------------------------------------------------------------===//

#include "CpuFeatures.h"

#include <cstdint>
#include <initializer_list>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#define TENON_RT_AARCH64_LINUX 1
#endif

using namespace tenon::runtime;

namespace {

#if defined(__x86_64__)
enum Register { EAX, EBX, ECX, EDX };

/// Register state that the operating system must save.
enum State : uint64_t {
  None = 0,
  Avx = 0x6,     // XMM, YMM
  Avx512 = 0xe6, // and opmask, upper ZMM, ZMM16-31
  Amx = 0x60000, // tile configuration and data
};

struct Feature {
  std::string_view name;
  uint32_t leaf;
  uint32_t subleaf;
  Register word;
  int bit;
  State state;
};

constexpr Feature kFeatures[] = {
    {"x87", 1, 0, EDX, 0, None},
    {"cx8", 1, 0, EDX, 8, None},
    {"cmov", 1, 0, EDX, 15, None},
    {"mmx", 1, 0, EDX, 23, None},
    {"fxsr", 1, 0, EDX, 24, None},
    {"sse", 1, 0, EDX, 25, None},
    {"sse2", 1, 0, EDX, 26, None},
    {"sse3", 1, 0, ECX, 0, None},
    {"pclmul", 1, 0, ECX, 1, None},
    {"ssse3", 1, 0, ECX, 9, None},
    {"fma", 1, 0, ECX, 12, Avx},
    {"cx16", 1, 0, ECX, 13, None},
    {"sse4.1", 1, 0, ECX, 19, None},
    {"sse4.2", 1, 0, ECX, 20, None},
    {"crc32", 1, 0, ECX, 20, None},
    {"movbe", 1, 0, ECX, 22, None},
    {"popcnt", 1, 0, ECX, 23, None},
    {"aes", 1, 0, ECX, 25, None},
    {"xsave", 1, 0, ECX, 27, None}, // OSXSAVE: present and enabled
    {"avx", 1, 0, ECX, 28, Avx},
    {"f16c", 1, 0, ECX, 29, Avx},
    {"rdrnd", 1, 0, ECX, 30, None},
    {"fsgsbase", 7, 0, EBX, 0, None},
    {"bmi", 7, 0, EBX, 3, None},
    {"avx2", 7, 0, EBX, 5, Avx},
    {"bmi2", 7, 0, EBX, 8, None},
    {"invpcid", 7, 0, EBX, 10, None},
    {"avx512f", 7, 0, EBX, 16, Avx512},
    {"avx512dq", 7, 0, EBX, 17, Avx512},
    {"rdseed", 7, 0, EBX, 18, None},
    {"adx", 7, 0, EBX, 19, None},
    {"avx512ifma", 7, 0, EBX, 21, Avx512},
    {"clflushopt", 7, 0, EBX, 23, None},
    {"clwb", 7, 0, EBX, 24, None},
    {"avx512cd", 7, 0, EBX, 28, Avx512},
    {"sha", 7, 0, EBX, 29, None},
    {"avx512bw", 7, 0, EBX, 30, Avx512},
    {"avx512vl", 7, 0, EBX, 31, Avx512},
    {"avx512vbmi", 7, 0, ECX, 1, Avx512},
    {"pku", 7, 0, ECX, 4, None}, // OSPKE: present and enabled
    {"waitpkg", 7, 0, ECX, 5, None},
    {"avx512vbmi2", 7, 0, ECX, 6, Avx512},
    {"shstk", 7, 0, ECX, 7, None},
    {"gfni", 7, 0, ECX, 8, None},
    {"vaes", 7, 0, ECX, 9, Avx},
    {"vpclmulqdq", 7, 0, ECX, 10, Avx},
    {"avx512vnni", 7, 0, ECX, 11, Avx512},
    {"avx512bitalg", 7, 0, ECX, 12, Avx512},
    {"avx512vpopcntdq", 7, 0, ECX, 14, Avx512},
    {"rdpid", 7, 0, ECX, 22, None},
    {"cldemote", 7, 0, ECX, 25, None},
    {"movdiri", 7, 0, ECX, 27, None},
    {"movdir64b", 7, 0, ECX, 28, None},
    {"avx512vp2intersect", 7, 0, EDX, 8, Avx512},
    {"serialize", 7, 0, EDX, 14, None},
    {"amx-bf16", 7, 0, EDX, 22, Amx},
    {"avx512fp16", 7, 0, EDX, 23, Avx512},
    {"amx-tile", 7, 0, EDX, 24, Amx},
    {"amx-int8", 7, 0, EDX, 25, Amx},
    {"avxvnni", 7, 1, EAX, 4, Avx},
    {"avx512bf16", 7, 1, EAX, 5, Avx512},
    {"amx-fp16", 7, 1, EAX, 21, Amx},
    {"avxifma", 7, 1, EAX, 23, Avx},
    {"avxvnniint8", 7, 1, EDX, 4, Avx},
    {"avxneconvert", 7, 1, EDX, 5, Avx},
    {"avxvnniint16", 7, 1, EDX, 10, Avx},
    {"xsaveopt", 0xd, 1, EAX, 0, None},
    {"xsavec", 0xd, 1, EAX, 1, None},
    {"xsaves", 0xd, 1, EAX, 3, None},
    {"sahf", 0x80000001, 0, ECX, 0, None},
    {"lzcnt", 0x80000001, 0, ECX, 5, None},
    {"sse4a", 0x80000001, 0, ECX, 6, None},
    {"prfchw", 0x80000001, 0, ECX, 8, None},
    {"mwaitx", 0x80000001, 0, ECX, 29, None},
    {"64bit", 0x80000001, 0, EDX, 29, None},
    {"clzero", 0x80000008, 0, EBX, 0, None},
    {"rdpru", 0x80000008, 0, EBX, 4, None},
    {"wbnoinvd", 0x80000008, 0, EBX, 9, None},
};

const Feature *find(std::string_view name) {
  for (const Feature &feature : kFeatures)
    if (feature.name == name)
      return &feature;
  return nullptr;
}

/// The register states that the operating system saves.
uint64_t enabledStates() {
  uint32_t a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & (1u << 27)))
    return 0;
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<uint64_t>(high) << 32) | low;
}
#elif defined(TENON_RT_AARCH64_LINUX)
struct Feature {
  std::string_view name;
  unsigned long type; // AT_HWCAP or AT_HWCAP2
  int bit;            // as in Linux's asm/hwcap.h, which old systems lack
};

constexpr Feature kFeatures[] = {
    {"fp-armv8", AT_HWCAP, 0},  {"neon", AT_HWCAP, 1},
    {"aes", AT_HWCAP, 3},       {"sha2", AT_HWCAP, 6},
    {"crc", AT_HWCAP, 7},       {"lse", AT_HWCAP, 8},
    {"fullfp16", AT_HWCAP, 10}, // asimdhp
    {"rdm", AT_HWCAP, 12},      {"rcpc", AT_HWCAP, 15},
    {"dotprod", AT_HWCAP, 20},  {"sve", AT_HWCAP, 22},
    {"fp16fml", AT_HWCAP, 23},  {"sve2", AT_HWCAP2, 1},
    {"i8mm", AT_HWCAP2, 13},    {"bf16", AT_HWCAP2, 14},
};

const Feature *find(std::string_view name) {
  for (const Feature &feature : kFeatures)
    if (feature.name == name)
      return &feature;
  return nullptr;
}
#endif

} // namespace

#if defined(__x86_64__)

bool tenon::runtime::knowsCpuFeature(std::string_view name) {
  return find(name) != nullptr;
}

bool tenon::runtime::hasCpuFeature(std::string_view name) {
  const Feature *feature = find(name);
  if (!feature)
    return false;
  uint32_t words[4];
  if (!__get_cpuid_count(feature->leaf, feature->subleaf, &words[EAX],
                         &words[EBX], &words[ECX], &words[EDX]))
    return false;
  // A sub-leaf past the last one answers with zeros on some processors and
  // with another leaf's words on others.
  if (feature->leaf == 7 && feature->subleaf > 0) {
    uint32_t last = 0, b, c, d;
    __get_cpuid_count(7, 0, &last, &b, &c, &d);
    if (feature->subleaf > last)
      return false;
  }
  if (!(words[feature->word] & (1u << feature->bit)))
    return false;
  return (enabledStates() & feature->state) == feature->state;
}

std::string_view tenon::runtime::cpuArchitecture() { return "x86_64"; }

#elif defined(TENON_RT_AARCH64_LINUX)

bool tenon::runtime::knowsCpuFeature(std::string_view name) {
  return find(name) != nullptr;
}

bool tenon::runtime::hasCpuFeature(std::string_view name) {
  const Feature *feature = find(name);
  return feature && (getauxval(feature->type) >> feature->bit & 1);
}

std::string_view tenon::runtime::cpuArchitecture() { return "aarch64"; }

#else

bool tenon::runtime::knowsCpuFeature(std::string_view) { return false; }

bool tenon::runtime::hasCpuFeature(std::string_view) { return false; }

std::string_view tenon::runtime::cpuArchitecture() { return "unknown"; }

#endif

std::string tenon::runtime::missingCpuFeatures(std::string_view list) {
  std::string missing;
  while (!list.empty()) {
    size_t comma = list.find(',');
    std::string_view name = list.substr(0, comma);
    if (!name.empty() && !hasCpuFeature(name)) {
      missing += missing.empty() ? "" : ", ";
      missing += name;
    }
    if (comma == std::string_view::npos)
      break;
    list.remove_prefix(comma + 1);
  }
  return missing;
}

std::string tenon::runtime::firstMissingCpuFeature(std::string_view list) {
  std::string missing = missingCpuFeatures(list);
  return missing.substr(0, missing.find(','));
}
