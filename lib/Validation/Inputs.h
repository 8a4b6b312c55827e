//===- Inputs.h - generated arguments of a function -------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An argument's role follows from what the function does with it: ids go to an
// embedding, positions to rotations and caches, row numbers to `tenon.rows`,
// counts to `tenon.top_k`.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_VALIDATION_INPUTS_H
#define TENON_LIB_VALIDATION_INPUTS_H

#include "dialects/Tenon/Interpreter/Values.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace tenon {

/// What an integer argument is used for.
enum class Role { Unknown, Ids, Positions, Rows, Count };

/// The role of `value`, followed into kernels and stacks. `limit` becomes the
/// number of ids when an embedding uses it, the largest count when a `top_k`
/// does.
Role getRole(mlir::Value value, int64_t &limit);

/// Functions that stand for the module: its entries, or all functions with a
/// body when it has no entry.
llvm::SmallVector<mlir::func::FuncOp> getEntries(mlir::ModuleOp module);

/// Size of a generated call.
struct InputOptions {
  uint64_t seed = 1;
  /// Rows, where the types leave them open.
  int64_t rows = 5;
  /// Slots that the cache holds before the call: the first position.
  int64_t filled = 3;
};

/// Arguments for a call of `callee`; roles are those of `reference`, the same
/// function before a pass. Ids are below the vocabulary, positions count from
/// `filled`, the cache holds earlier tokens with some outliers. Nothing, with
/// an error at `callee`, when an argument's type has no generator.
llvm::FailureOr<std::vector<interp::RuntimeValue>>
makeInputs(mlir::func::FuncOp reference, mlir::func::FuncOp callee,
           const InputOptions &options);

} // namespace tenon

#endif // TENON_LIB_VALIDATION_INPUTS_H
