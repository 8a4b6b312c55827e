//===- Explain.h - why each op became what it became ------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_COMPILER_EXPLAIN_H
#define TENON_LIB_COMPILER_EXPLAIN_H

#include "lib/Target/CPU/CpuRates.h"

#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace tenon {

/// A table of a module in the scheduled phase: op, algorithm, kernel, what it
/// reads and computes, the least time that takes one thread at these rates,
/// why.
std::string explain(mlir::ModuleOp scheduled, const cpu::CpuRates &rates);

} // namespace tenon

#endif // TENON_LIB_COMPILER_EXPLAIN_H
