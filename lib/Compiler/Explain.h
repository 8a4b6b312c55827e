//===- Explain.h - why each op became what it became ------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_COMPILER_EXPLAIN_H
#define TENON_LIB_COMPILER_EXPLAIN_H

#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace tenon {

/// A table of a module in the scheduled phase: op, algorithm, kernel, why.
std::string explain(mlir::ModuleOp scheduled);

} // namespace tenon

#endif // TENON_LIB_COMPILER_EXPLAIN_H
