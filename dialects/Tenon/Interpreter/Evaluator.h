//===- Evaluator.h - one run of a function ----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Holds the values of a block while it runs. The meaning of each op is an
// `evaluate` overload in the file of its topic; an overload reads operands
// through the getters here, which turn misuse into an error at the op.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENON_INTERPRETER_EVALUATOR_H
#define TENON_DIALECTS_TENON_INTERPRETER_EVALUATOR_H

#include "dialects/Tenon/Interpreter/Interpreter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace tenon::interp {

/// The values of one block and of the blocks around it.
class Evaluator {
public:
  Evaluator(Interpreter &interpreter, Evaluator *outer)
      : interpreter(interpreter), outer(outer) {}

  /// Runs the ops of `block` on `arguments`; gives the terminator's operands.
  llvm::FailureOr<std::vector<RuntimeValue>>
  run(mlir::Block &block, llvm::ArrayRef<RuntimeValue> arguments);

private:
  /// Dispatches to the overload of the op.
  llvm::LogicalResult evaluateAny(mlir::Operation *op);

  // Attention.cpp
  llvm::LogicalResult evaluate(RopeAnglesOp op);
  llvm::LogicalResult evaluate(RopeOp op);
  llvm::LogicalResult evaluate(CacheAppendOp op);
  llvm::LogicalResult evaluate(AttentionOp op);
  llvm::LogicalResult evaluate(MergeOp op);
  llvm::LogicalResult evaluate(MergePartsOp op);
  // Weights.cpp
  llvm::LogicalResult evaluate(WeightAtOp op);
  llvm::LogicalResult evaluate(EmbeddingOp op);
  llvm::LogicalResult evaluate(LinearOp op);
  // Layers.cpp
  llvm::LogicalResult evaluate(NormOp op);
  llvm::LogicalResult evaluate(GateOp op);
  llvm::LogicalResult evaluate(RowsOp op);
  llvm::LogicalResult evaluate(TopKOp op);
  llvm::LogicalResult evaluate(QuantizeOp op);
  llvm::LogicalResult evaluate(StackOp op);
  llvm::LogicalResult evaluate(KernelOp op);
  // Arith.cpp
  llvm::LogicalResult evaluate(mlir::arith::ConstantOp op);
  llvm::LogicalResult evaluateBinary(mlir::Operation *op);

  /// The value of `value`, or null with an error at `op`.
  const RuntimeValue *get(mlir::Operation *op, mlir::Value value);
  /// Operands by kind; null (nothing) with an error at `op`.
  /// @{
  const FloatTensor *getFloats(mlir::Operation *op, mlir::Value value);
  const IntTensor *getInts(mlir::Operation *op, mlir::Value value);
  const CacheValue *getCache(mlir::Operation *op, mlir::Value value);
  const StoredTensor *getWeight(mlir::Operation *op, mlir::Value value);
  std::optional<int64_t> getIndex(mlir::Operation *op, mlir::Value value);
  /// @}
  /// All elements of a vector weight as doubles.
  std::vector<double> readVector(const StoredTensor &weight);

  /// A tensor of zeros for `result` with `rows` rows: the type says all other
  /// extents. Fails with an error when it contradicts the type.
  llvm::FailureOr<FloatTensor> makeResult(mlir::Value result, int64_t rows);
  /// Binds a result.
  void set(mlir::Value result, RuntimeValue value) {
    values[result] = std::move(value);
  }

  Interpreter &interpreter;
  Evaluator *outer;
  llvm::DenseMap<mlir::Value, RuntimeValue> values;
};

/// Fails with an error at `op` unless the value fits the type: kind, static
/// extents, elements.
llvm::LogicalResult checkType(mlir::Operation *op, const llvm::Twine &what,
                              const RuntimeValue &value, mlir::Type type);

} // namespace tenon::interp

#endif // TENON_DIALECTS_TENON_INTERPRETER_EVALUATOR_H
