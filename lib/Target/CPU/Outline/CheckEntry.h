//===- CheckEntry.h - what an entry must look like to outline ---*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_OUTLINE_CHECKENTRY_H
#define TENON_LIB_TARGET_CPU_OUTLINE_CHECKENTRY_H

#include "dialects/Tenon/IR/Tenon.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace tenon::cpu {

/// Most bytes of all packed weights together: sums of offsets and sizes below
/// it cannot overflow.
constexpr int64_t maxPackedBytes = int64_t(1) << 52;

/// Fails unless kernels can be built for vectors like these.
llvm::LogicalResult checkVectors(mlir::ModuleOp module, unsigned vectorBits,
                                 unsigned vectorRegisters);

/// Fails, at the place and with the rule, unless every weight of `module` has
/// a packing and offsets that kernels can read.
llvm::LogicalResult checkWeights(mlir::ModuleOp module);

/// Fails unless `entry` is a function of (ids, positions, rows of the logits,
/// cache) that gives (logits, cache), or of (ids, positions, rows of the
/// logits, rows of the best tokens, their count, cache) that gives (logits,
/// best logits, best tokens, cache), and uses them as the runtime fills them.
llvm::LogicalResult checkEntry(mlir::func::FuncOp entry, ModelAttr model);

/// Whether an entry of one of these forms gives best tokens.
bool hasTopK(mlir::func::FuncOp entry);

/// How many it gives at most, or 0.
int64_t getTopK(mlir::func::FuncOp entry);

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_OUTLINE_CHECKENTRY_H
