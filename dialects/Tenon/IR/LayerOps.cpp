//===- LayerOps.cpp - layers, norms, kernels ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Verifiers of the ops that give a model its structure.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/IR/Limits.h"
#include "dialects/Tenon/IR/Shapes.h"
#include "dialects/Tenon/IR/Tenon.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace tenon;

LogicalResult NormOp::verify() {
  RankedTensorType input = getInput().getType();
  WeightType weight = getWeight().getType();
  if (input.getRank() < 2)
    return emitOpError("expected input [rows, ..., elements], but got ")
           << input;
  if (!weight.isVector() ||
      weight.getRows() != input.getDimSize(input.getRank() - 1))
    return emitOpError("expected a weight vector of ")
           << input.getDimSize(input.getRank() - 1) << " elements, but got "
           << weight;
  const APFloat &eps = getEps();
  if (!eps.isFinite() || (eps.isNegative() && !eps.isZero()))
    return emitOpError("expected a finite eps of at least 0, but got ")
           << getEpsAttr();
  return success();
}

LogicalResult RowsOp::verify() {
  RankedTensorType input = getInput().getType();
  if (input.getRank() < 1)
    return emitOpError("expected input with rows, but got ") << input;
  SmallVector<int64_t> shape(input.getShape());
  shape.front() = getIndex().getType().getDimSize(0);
  return verifyShape(getOperation(), "result", getResult().getType(), shape);
}

LogicalResult TopKOp::verify() {
  RankedTensorType input = getInput().getType();
  RankedTensorType values = getValues().getType();
  if (input.getRank() != 2 || input.isDynamicDim(1) ||
      input.getDimSize(1) > std::numeric_limits<int32_t>::max())
    return emitOpError("expected input [rows, elements] with rows of a static "
                       "size below 2^31, but got ")
           << input;
  if (values.getRank() != 2 || values.isDynamicDim(1) ||
      values.getDimSize(1) < 1 || values.getDimSize(1) > kMaxTopK)
    return emitOpError("expected values [rows, K] with K from 1 to ")
           << kMaxTopK << ", but got " << values;
  int64_t shape[] = {input.getDimSize(0), values.getDimSize(1)};
  if (failed(verifyShape(getOperation(), "values", values, shape)))
    return failure();
  return verifyShape(getOperation(), "indices", getIndices().getType(), shape);
}

LogicalResult BlocksAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 int64_t bits, int64_t size) {
  if (bits != 8)
    return emitError() << "expected bits = 8, but got " << bits;
  if (size != kInputBlock)
    return emitError() << "expected size = " << kInputBlock << ", but got "
                       << size;
  return success();
}

LogicalResult QuantizeOp::verify() {
  RankedTensorType input = getInput().getType();
  RankedTensorType result = getResult().getType();
  if (input.getRank() < 2 ||
      ShapedType::isDynamicShape(input.getShape().drop_front()))
    return emitOpError("expected input [rows, ..., elements] with rows of a "
                       "static shape, but got ")
           << input;
  if (failed(verifyShape(getOperation(), "result", result, input.getShape())))
    return failure();
  auto blocks = dyn_cast_or_null<BlocksAttr>(result.getEncoding());
  int64_t size = blocks ? blocks.getSize() : kInputPair;
  int64_t elements = ShapedType::getNumElements(input.getShape().drop_front());
  if (elements % size)
    return emitOpError("expected rows of a multiple of ")
           << size << " elements, but got " << elements;
  return success();
}

/// Fails unless the types of `values` are `types`.
static LogicalResult verifyTypes(Operation *op, StringRef what, TypeRange types,
                                 TypeRange expected) {
  if (types.size() != expected.size())
    return op->emitOpError("expected ")
           << expected.size() << " " << what << ", but got " << types.size();
  for (auto [index, pair] : llvm::enumerate(llvm::zip(types, expected))) {
    auto [got, want] = pair;
    if (got != want)
      return op->emitOpError("expected type ")
             << want << " of " << what << " " << index << ", but got " << got;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// StackOp
//===----------------------------------------------------------------------===//

YieldOp StackOp::getYield() {
  return cast<YieldOp>(getBody().front().getTerminator());
}

LogicalResult StackOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                        ValueRange operands, DictionaryAttr,
                                        OpaqueProperties, RegionRange,
                                        SmallVectorImpl<Type> &results) {
  llvm::append_range(results, operands.getTypes());
  return success();
}

LogicalResult StackOp::verifyRegions() {
  if (getFirst() < 0 || getLast() < getFirst())
    return emitOpError("expected layers 0 <= first <= last, but got ")
           << getFirst() << " to " << getLast();
  if (static_cast<int64_t>(getLast()) > kMaxExtent)
    return emitOpError("expected at most ")
           << kMaxExtent << " layers, but got " << getLast();
  Block &block = getBody().front();
  if (block.getNumArguments() == 0 || !block.getArgument(0).getType().isIndex())
    return emitOpError("expected the layer index as first block argument");
  if (failed(verifyTypes(getOperation(), "block arguments",
                         TypeRange(block.getArgumentTypes()).drop_front(),
                         getInits().getTypes())))
    return failure();
  return verifyTypes(getOperation(), "yielded values",
                     getYield().getOperandTypes(), getInits().getTypes());
}

//===----------------------------------------------------------------------===//
// KernelOp
//===----------------------------------------------------------------------===//

YieldOp KernelOp::getYield() {
  return cast<YieldOp>(getBody().front().getTerminator());
}

LogicalResult KernelOp::verifyRegions() {
  if (failed(verifyTypes(getOperation(), "block arguments",
                         getBody().front().getArgumentTypes(),
                         getInputs().getTypes())))
    return failure();
  return verifyTypes(getOperation(), "yielded values",
                     getYield().getOperandTypes(), getResultTypes());
}

bool tenon::isRowOp(Operation *op) {
  return isa<NormOp, RopeOp, RopeAnglesOp, RowsOp, GateOp, QuantizeOp,
             arith::AddFOp>(op);
}

#define GET_OP_CLASSES
#include "dialects/Tenon/IR/TenonOps.cpp.inc"
