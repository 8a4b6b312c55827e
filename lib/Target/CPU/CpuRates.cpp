//===- CpuRates.cpp - how fast a CPU reads and multiplies -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Defaults assume two vector pipes of 256 bits or one of 512 at 3.6 GHz, which
// is what most cores of the last ten years sustain.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/CpuRates.h"

#include "lib/Target/CPU/CpuTarget.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Errc.h"

using namespace tenon::cpu;

CpuRates CpuRates::get(const CpuTarget &target) {
  constexpr double clock = 3.6;
  CpuRates rates;
  double pipes = target.vectorBits >= 512 ? 1 : 2;
  rates.f32 = target.vectorBits / 32.0 * pipes * 2 * clock;
  // Pairs are multiplied and added at once; without that, as f32.
  rates.bf16 = rates.f32 * (target.has("avx512bf16") ? 2 : 1);
  // Dot products take four times as many numbers; without them, products of
  // bytes are widened to 16 bits and added in a second and third instruction.
  bool dot = llvm::any_of(
      llvm::ArrayRef<llvm::StringRef>{"avx512vnni", "avxvnni", "dotprod",
                                      "i8mm"},
      [&](llvm::StringRef feature) { return target.has(feature); });
  rates.int8 = rates.f32 * (dot ? 4 : 4.0 / 3);
  return rates;
}

llvm::Error CpuRates::update(llvm::StringRef text) {
  const std::pair<llvm::StringRef, double *> known[] = {
      {"read", &readOneCore}, {"read-all", &readAllCores},
      {"cache", &cacheRead},  {"f32", &f32},
      {"bf16", &bf16},        {"int8", &int8},
  };
  llvm::SmallVector<llvm::StringRef> parts;
  text.split(parts, ',');
  for (llvm::StringRef part : parts) {
    llvm::StringRef name = part.split('=').first.trim();
    llvm::StringRef value = part.split('=').second.trim();
    const auto *rate = llvm::find_if(
        known, [&](const auto &entry) { return entry.first == name; });
    double number = 0;
    if (rate == std::end(known) || !llvm::to_float(value, number) ||
        !(number > 0) || number > 1e9)
      return llvm::createStringError(
          llvm::errc::invalid_argument,
          "expected rates like 'read=15.5,f32=118' (read, read-all, cache in "
          "GB/s; f32, bf16, int8 in GOP/s of one core), but got '%s'",
          part.str().c_str());
    *rate->second = number;
  }
  return llvm::Error::success();
}
