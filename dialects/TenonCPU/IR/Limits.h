//===- Limits.h - numbers that schedules and kernels share ------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENONCPU_IR_LIMITS_H
#define TENON_DIALECTS_TENONCPU_IR_LIMITS_H

#include <cstdint>

namespace tenon::cpu {

/// Output rows that lie side by side in packed weights, and lanes of every
/// vector that kernels use. Narrower machines split such vectors.
inline constexpr int64_t kLanes = 16;

/// Registers of a machine that one such vector of 32-bit numbers takes.
constexpr int64_t getRegistersPerVector(int64_t vectorBits) {
  return kLanes * 32 / vectorBits;
}

/// Most rows of an entry whose contractions stream weights (`#tenon_cpu.step`).
inline constexpr int64_t kStepRows = 8;

/// 1.5 * 2^23, and its bits. Adding it to a small f32 rounds that to an
/// integer, ties to even, and leaves the integer in the low bits of the sum.
inline constexpr double kShifter = 12582912;
inline constexpr int32_t kShifterBits = 0x4B400000;

} // namespace tenon::cpu

#endif // TENON_DIALECTS_TENONCPU_IR_LIMITS_H
