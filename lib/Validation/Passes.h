//===- Passes.h - passes that run programs ----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_VALIDATION_PASSES_H
#define TENON_LIB_VALIDATION_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace tenon {

#define GEN_PASS_DECL
#include "lib/Validation/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "lib/Validation/Passes.h.inc"

} // namespace tenon

#endif // TENON_LIB_VALIDATION_PASSES_H
