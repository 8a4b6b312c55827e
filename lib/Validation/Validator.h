//===- Validator.h - every pass against the interpreter ---------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An instrumentation of a pass manager that runs the interpreter before and
// after each pass of the core phases and compares.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_VALIDATION_VALIDATOR_H
#define TENON_LIB_VALIDATION_VALIDATOR_H

#include "lib/Validation/Compare.h"

#include "mlir/IR/OwningOpRef.h"
#include "mlir/Pass/PassInstrumentation.h"

namespace tenon {

/// Options of the validation.
struct ValidationOptions {
  /// Of weights and inputs.
  uint64_t seed = 1;
  /// Folder for reproducers.
  std::string folder = ".";
  /// Name of the tool in a reproducer's RUN line.
  std::string tool = "tenon-opt";
};

/// What all validated pass managers of a run found.
struct ValidationReport {
  unsigned passes = 0; ///< compared
  unsigned wrong = 0;
};

/// Compares around each pass. A difference is an error at the module that
/// names pass, function, result and the measured difference; a small module
/// that fails again is written to the folder. The context must not run threads.
class Validator : public mlir::PassInstrumentation {
public:
  Validator(ValidationOptions options, ValidationReport &report)
      : options(std::move(options)), report(report),
        weights(interp::createSyntheticWeights(this->options.seed)) {}

  void runBeforePass(mlir::Pass *pass, mlir::Operation *op) override;
  void runAfterPass(mlir::Pass *pass, mlir::Operation *op) override;
  void runAfterPassFailed(mlir::Pass *pass, mlir::Operation *op) override;

private:
  ValidationOptions options;
  ValidationReport &report;
  std::shared_ptr<interp::WeightSource> weights;
  /// Copies from before the passes that run now, innermost last.
  std::vector<mlir::OwningOpRef<mlir::ModuleOp>> copies;
};

} // namespace tenon

#endif // TENON_LIB_VALIDATION_VALIDATOR_H
