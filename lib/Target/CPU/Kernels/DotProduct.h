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

/// The same for a run of codes and their inputs: products of small codes are
/// added up as 16 bits for as long as these hold them, where that is cheaper.
class ProductSum {
public:
  ProductSum(mlir::Value start, int64_t largest)
      : sum(start), largest(largest) {}

  void add(Emitter &e, const CPUTargetOptions &target, mlir::Value codes,
           mlir::Value x);
  /// start + all products, 16 x i32.
  mlir::Value finish(Emitter &e, const CPUTargetOptions &target);

private:
  mlir::Value sum;
  int64_t largest;
  /// Sums of 16 bits, by registers, and how many products each of them has.
  llvm::SmallVector<mlir::Value, 2> pairs;
  int64_t count = 0;
};

/// Whether products of codes up to 255 cost no more than those of small codes.
bool hasWholeBytes(const CPUTargetOptions &target);

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_KERNELS_DOTPRODUCT_H
