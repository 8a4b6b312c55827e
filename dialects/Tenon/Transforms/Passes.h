//===- Passes.h - passes of the core dialect --------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Passes that touch ops of the core dialect only. Each is one file.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENON_TRANSFORMS_PASSES_H
#define TENON_DIALECTS_TENON_TRANSFORMS_PASSES_H

#include "dialects/Tenon/IR/Tenon.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace tenon {

#define GEN_PASS_DECL
#include "dialects/Tenon/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "dialects/Tenon/Transforms/Passes.h.inc"

/// Fails with errors where a cache below `root` is not threaded as a value:
/// consumed at most once on each path, read only before that, carried into
/// regions.
llvm::LogicalResult verifyLinearCaches(mlir::Operation *root);

/// True when `use` consumes the cache it reads: an append, the init of a
/// stack, a terminator, a call, or an operand of a kernel whose body consumes
/// it.
bool consumesCache(mlir::OpOperand &use);

} // namespace tenon

#endif // TENON_DIALECTS_TENON_TRANSFORMS_PASSES_H
