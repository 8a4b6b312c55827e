//===- PairProducts.h - products of pairs of bf16 ---------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A lane of 32 bits holds two numbers of bf16, and one instruction (AVX-512
// BF16) adds the products of two such lanes to an f32. Numbers closer to zero
// than 2^-126 count as zeros there.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_KERNELS_PAIRPRODUCTS_H
#define TENON_LIB_TARGET_CPU_KERNELS_PAIRPRODUCTS_H

#include "lib/Pipelines/Phases.h"
#include "lib/Target/CPU/Kernels/Emitter.h"

namespace tenon::cpu {

/// Whether the target has the instructions.
bool hasPairs(const CPUTargetOptions &target);

/// Two vectors of 16 x f32 as 32 x bf16, one after the other.
mlir::Value joinPairs(Emitter &e, mlir::Value low, mlir::Value high);

/// The same with lane l of `low` beside lane l of `high`.
mlir::Value interleavePairs(Emitter &e, mlir::Value low, mlir::Value high);

/// The pair of bf16 that begins at `at` in each of 16 lanes.
mlir::Value spreadPair(Emitter &e, mlir::Value memory, mlir::ValueRange at);

/// sum[l] + x[2l] * y[2l] + x[2l + 1] * y[2l + 1] for 16 lanes.
mlir::Value emitDot2(Emitter &e, mlir::Value sum, mlir::Value x, mlir::Value y);

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_KERNELS_PAIRPRODUCTS_H
