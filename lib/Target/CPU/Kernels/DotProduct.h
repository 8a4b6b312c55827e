//===- DotProduct.h - products of bytes ------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What instruction sets have different instructions for. All forms give the
// same integers.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_KERNELS_DOTPRODUCT_H
#define TENON_LIB_TARGET_CPU_KERNELS_DOTPRODUCT_H

#include "lib/Pipelines/Phases.h"
#include "lib/Target/CPU/Kernels/Emitter.h"

namespace tenon::cpu {

/// sum[l] + codes[4l] * x[4l] + ... + codes[4l + 3] * x[4l + 3] for 16 lanes,
/// without saturation. `sum`: i32; `codes`: 64 unsigned bytes, none above
/// `largest`; `x`: 64 signed bytes in -127..127.
mlir::Value emitDot4(Emitter &e, const CPUTargetOptions &target,
                     mlir::Value sum, mlir::Value codes, mlir::Value x,
                     int64_t largest = 255);

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_KERNELS_DOTPRODUCT_H
