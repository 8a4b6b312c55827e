//===- Reproducer.h - a small module that a pass breaks ---------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_VALIDATION_REPRODUCER_H
#define TENON_LIB_VALIDATION_REPRODUCER_H

#include "lib/Validation/Validator.h"

#include "mlir/Pass/Pass.h"

namespace tenon {

/// What a reproducer must break again.
struct ReproducerRequest {
  /// Text of the pipeline around the pass: "func.func(cse)" in a module.
  std::string pipeline;
  /// Argument of the pass.
  std::string pass;
  Tolerance tolerance;
  /// The weights that showed the failure.
  std::shared_ptr<interp::WeightSource> weights;
};

/// The pipeline that runs `pass` on ops like `op` below a module.
std::string describePipeline(mlir::Pass &pass, mlir::Operation *op);

/// Reduces `module` while the pass still changes its meaning (one function, as
/// few layers and ops as possible, no weight that is not read, generated
/// weights) and writes it with the command that shows the failure. Returns the
/// path, or "" when it cannot be written.
std::string writeReproducer(mlir::ModuleOp module,
                            const ReproducerRequest &request,
                            const ValidationOptions &options);

} // namespace tenon

#endif // TENON_LIB_VALIDATION_REPRODUCER_H
