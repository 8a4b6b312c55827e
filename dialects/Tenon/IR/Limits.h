//===- Limits.h - numbers that the dialect and kernels share ----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENON_IR_LIMITS_H
#define TENON_DIALECTS_TENON_IR_LIMITS_H

#include <cstdint>

namespace tenon {

/// Elements of an input that share a scale (`#tenon.blocks`).
inline constexpr int64_t kInputBlock = 32;

/// Elements of an input of bf16 that meet those of a weight at once.
inline constexpr int64_t kInputPair = 2;

/// Most elements of a row that `tenon.top_k` gives.
inline constexpr int64_t kMaxTopK = 256;

} // namespace tenon

#endif // TENON_DIALECTS_TENON_IR_LIMITS_H
