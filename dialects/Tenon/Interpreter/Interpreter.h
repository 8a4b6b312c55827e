//===- Interpreter.h - the meaning of the core dialect ----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs functions of the core dialect in double precision with plain loops. It
// is what every op means: passes are validated and kernels are compared
// against it.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENON_INTERPRETER_INTERPRETER_H
#define TENON_DIALECTS_TENON_INTERPRETER_INTERPRETER_H

#include "dialects/Tenon/Interpreter/Values.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

namespace tenon::interp {

/// Runs the functions of one module. Weights are read when an op uses them;
/// sources stay open from one run to the next.
class Interpreter {
public:
  /// `opener` gives the weights of the module's archives.
  explicit Interpreter(mlir::ModuleOp module,
                       ArchiveOpener opener = openSyntheticArchive);

  /// Runs `function`. What the program does wrong (an index out of range,
  /// shapes that do not fit, an op without meaning here) is an error at the
  /// op's location.
  llvm::FailureOr<std::vector<RuntimeValue>>
  run(mlir::func::FuncOp function, llvm::ArrayRef<RuntimeValue> arguments);

  /// True when the interpreter knows a meaning for the op.
  static bool isKnown(mlir::Operation *op);

  /// The tensor that `weight` stands for at `layer`, or an error at `op`.
  llvm::FailureOr<StoredTensor> loadWeight(mlir::Operation *op, WeightOp weight,
                                           int64_t layer);

private:
  mlir::ModuleOp module;
  ArchiveOpener opener;
  /// Open archives by file name.
  llvm::StringMap<std::unique_ptr<WeightSource>> sources;
};

} // namespace tenon::interp

#endif // TENON_DIALECTS_TENON_INTERPRETER_INTERPRETER_H
