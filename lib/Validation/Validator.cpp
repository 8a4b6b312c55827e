//===- Validator.cpp - every pass against the interpreter -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The module is copied before a pass; afterwards both copies run. Nothing of
// the pass pipeline changes, and a pass does not know that it is watched.
//
//===----------------------------------------------------------------------===//

#include "lib/Validation/Validator.h"

#include "lib/Validation/Reproducer.h"

#include "mlir/Pass/Pass.h"

using namespace mlir;
using namespace tenon;

/// True for a pass of the pipeline; false for the adaptors that nest pipelines.
static bool isRealPass(Pass *pass) { return !pass->getArgument().empty(); }

/// The outermost module around `op`.
static ModuleOp getModule(Operation *op) {
  while (Operation *parent = op->getParentOp())
    op = parent;
  return dyn_cast<ModuleOp>(op);
}

void Validator::runBeforePass(Pass *pass, Operation *op) {
  if (!isRealPass(pass))
    return;
  ModuleOp module = getModule(op);
  copies.emplace_back(module ? module.clone() : ModuleOp());
}

void Validator::runAfterPassFailed(Pass *pass, Operation *) {
  if (isRealPass(pass) && !copies.empty())
    copies.pop_back();
}

void Validator::runAfterPass(Pass *pass, Operation *op) {
  if (!isRealPass(pass) || copies.empty())
    return;
  OwningOpRef<ModuleOp> before = std::move(copies.back());
  copies.pop_back();
  ModuleOp after = getModule(op);
  if (!before || !after)
    return;
  Tolerance tolerance = getTolerance(pass->getArgument());
  Verdict verdict =
      compareModules(*before, after, tolerance, weights, options.seed);
  if (verdict.kind == Verdict::NotComparable) {
    emitRemark(after.getLoc()) << "pass '" << pass->getArgument()
                               << "' not validated: " << verdict.text;
    return;
  }
  ++report.passes;
  if (verdict.kind == Verdict::Same)
    return;
  ++report.wrong;
  ReproducerRequest request{describePipeline(*pass, op),
                            pass->getArgument().str(), tolerance, weights};
  std::string path = writeReproducer(*before, request, options);
  InFlightDiagnostic error = emitError(after.getLoc());
  error << "pass '" << pass->getArgument() << "' changed the meaning";
  if (!verdict.function.empty())
    error << " of @" << verdict.function;
  error << ": " << verdict.text;
  if (path.empty())
    error.attachNote() << "expected a folder for the reproducer that can be "
                          "written, but got "
                       << options.folder;
  else
    error.attachNote() << "a small module that fails again is in " << path;
}
