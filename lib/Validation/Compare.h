//===- Compare.h - two modules on the same inputs ---------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_VALIDATION_COMPARE_H
#define TENON_LIB_VALIDATION_COMPARE_H

#include "dialects/Tenon/Interpreter/Values.h"
#include "lib/Validation/Tolerance.h"

#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace tenon {

/// What a comparison of two modules found.
struct Verdict {
  enum Kind {
    Same,         ///< agree within the tolerance
    Different,    ///< disagree, or the second does not run
    NotComparable ///< outside the core phases, or the first does not run
  } kind = Same;
  /// What differs and by how much, or why there is nothing to compare.
  std::string text;
  /// The function that differs.
  std::string function;
};

/// Compares two lists of results; `Same` or `Different` with a text that names
/// the result.
Verdict compareResults(llvm::ArrayRef<interp::RuntimeValue> reference,
                       llvm::ArrayRef<interp::RuntimeValue> results,
                       Tolerance tolerance);

/// Runs the entries of both modules on inputs generated from `seed`, with
/// `weights` in place of all archives, and compares results and final caches.
/// An entry without a namesake in `before` is compared with its only entry.
Verdict compareModules(mlir::ModuleOp before, mlir::ModuleOp after,
                       Tolerance tolerance,
                       std::shared_ptr<interp::WeightSource> weights,
                       uint64_t seed);

} // namespace tenon

#endif // TENON_LIB_VALIDATION_COMPARE_H
