//===- Arith.cpp - upstream arithmetic that models use --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/Interpreter/Evaluator.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::interp;

LogicalResult Evaluator::evaluate(arith::ConstantOp op) {
  Attribute value = op.getValue();
  if (auto number = dyn_cast<IntegerAttr>(value)) {
    if (number.getType().isIndex()) {
      set(op.getResult(), number.getInt());
      return success();
    }
  } else if (auto number = dyn_cast<FloatAttr>(value)) {
    set(op.getResult(), number.getValueAsDouble());
    return success();
  } else if (auto elements = dyn_cast<DenseElementsAttr>(value)) {
    auto type = dyn_cast<RankedTensorType>(elements.getType());
    if (type && type.getElementType().isF32()) {
      FailureOr<FloatTensor> tensor = makeResult(
          op.getResult(), type.getRank() == 0 ? 1 : type.getDimSize(0));
      if (failed(tensor))
        return failure();
      llvm::transform(elements.getValues<float>(), tensor->data.begin(),
                      [](float f) { return double(f); });
      set(op.getResult(), makeTensor(std::move(*tensor)));
      return success();
    }
    if (type && type.getRank() == 1 && type.getElementType().isInteger(32) &&
        type.getNumElements() <= (int64_t(1) << 28)) {
      set(op.getResult(),
          makeInts(llvm::to_vector(elements.getValues<int32_t>())));
      return success();
    }
  }
  return op.emitOpError("expected an index, a float, or a tensor of f32 or "
                        "i32, but got ")
         << op.getType();
}

/// The result of one element of `op`.
static double apply(Operation *op, double a, double b) {
  if (isa<arith::AddFOp>(op))
    return a + b;
  if (isa<arith::SubFOp>(op))
    return a - b;
  if (isa<arith::MulFOp>(op))
    return a * b;
  return a / b;
}

LogicalResult Evaluator::evaluateBinary(Operation *op) {
  const RuntimeValue *lhs = get(op, op->getOperand(0));
  const RuntimeValue *rhs = get(op, op->getOperand(1));
  if (!lhs || !rhs)
    return failure();
  const double *a = std::get_if<double>(lhs), *b = std::get_if<double>(rhs);
  if (a && b) {
    set(op->getResult(0), apply(op, *a, *b));
    return success();
  }
  const FloatTensor *x = getFloats(op, op->getOperand(0));
  const FloatTensor *y = getFloats(op, op->getOperand(1));
  if (!x || !y)
    return failure();
  if (x->shape != y->shape)
    return op->emitOpError("expected operands of the same shape");
  FloatTensor result = *x;
  for (size_t i = 0; i < result.data.size(); ++i)
    result.data[i] = apply(op, x->data[i], y->data[i]);
  set(op->getResult(0), makeTensor(std::move(result)));
  return success();
}
