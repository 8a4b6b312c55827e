//===- ScaledProducts.h - blocks with integer sub-scales --------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Products of a block of a format whose sub-blocks have integer scales with
// rows of scaled integers.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_KERNELS_SCALEDPRODUCTS_H
#define TENON_LIB_TARGET_CPU_KERNELS_SCALEDPRODUCTS_H

#include "lib/Target/CPU/Kernels/BlockReader.h"
#include "lib/Target/CPU/Kernels/IntegerProducts.h"

namespace tenon::cpu {

/// Adds the products of block `number` of a row of weights, 16 outputs, with
/// each of `rows` to `totals` (16 x f32 each). `format` has integer sub-scales;
/// `reader` is at the block.
void emitScaledProducts(Emitter &e, const CPUTargetOptions &target,
                        const BlockFormat &format, BlockReader &reader,
                        mlir::Value number, QuantizedInput &input,
                        llvm::ArrayRef<mlir::Value> rows,
                        llvm::MutableArrayRef<mlir::Value> totals);

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_KERNELS_SCALEDPRODUCTS_H
