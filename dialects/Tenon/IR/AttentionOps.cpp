//===- AttentionOps.cpp - attention, rotary positions, appends ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Verifiers of the ops that read or write caches, and the folds of merges.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/IR/Shapes.h"
#include "dialects/Tenon/IR/Tenon.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace tenon;

LogicalResult RopeAnglesOp::verify() {
  int64_t dims = getDims();
  if (dims < 2 || dims % 2)
    return emitOpError("expected an even number of dims >= 2, but got ")
           << dims;
  if (dims > kMaxExtent)
    return emitOpError("expected at most ")
           << kMaxExtent << " dims, but got " << dims;
  if (!getBase().isFinite() || getBase().convertToDouble() <= 0)
    return emitOpError("expected a positive base, but got ")
           << getBase().convertToDouble();
  if (getFactors()) {
    WeightType factors = getFactors().getType();
    if (!factors.isVector() || factors.getRows() != dims / 2)
      return emitOpError("expected a vector of ")
             << dims / 2 << " factors, but got " << factors;
  }
  return verifyShape(getOperation(), "result", getResult().getType(),
                     {getPositions().getType().getDimSize(0), dims / 2, 2});
}

LogicalResult RopeOp::verify() {
  RankedTensorType input = getInput().getType();
  RankedTensorType angles = getAngles().getType();
  if (input.getRank() != 3)
    return emitOpError("expected input [rows, heads, dim], but got ") << input;
  if (angles.getRank() != 3 || angles.getDimSize(2) != 2)
    return emitOpError("expected angles [rows, pairs, 2], but got ") << angles;
  if (angles.getDimSize(0) != input.getDimSize(0))
    return emitOpError("expected as many rows of angles as of input, but got ")
           << angles << " for " << input;
  if (ShapedType::isDynamicShape(input.getShape().drop_front()) ||
      angles.isDynamicDim(1))
    return emitOpError("expected static heads, dim and pairs, but got ")
           << input << " and " << angles;
  if (angles.getDimSize(1) > input.getDimSize(2) / 2)
    return emitOpError("expected at most ")
           << input.getDimSize(2) / 2 << " pairs, but got "
           << angles.getDimSize(1);
  return success();
}

LogicalResult CacheAppendOp::verify() {
  CacheType cache = getCache().getType();
  int64_t rows = getPositions().getType().getDimSize(0);
  if (failed(verifyShape(getOperation(), "key", getKey().getType(),
                         {rows, cache.getHeads(), cache.getDim()})))
    return failure();
  return verifyShape(getOperation(), "value", getValue().getType(),
                     {rows, cache.getHeads(), cache.getDim()});
}

LogicalResult AttentionOp::verify() {
  CacheType cache = getCache().getType();
  RankedTensorType query = getQuery().getType();
  int64_t rows = getPositions().getType().getDimSize(0);
  if (query.getRank() != 3)
    return emitOpError("expected query [rows, heads, dim], but got ") << query;
  int64_t heads = query.getDimSize(1);
  if (ShapedType::isDynamic(heads) || heads < 1 || heads % cache.getHeads())
    return emitOpError("expected query heads to be a multiple of the cache's ")
           << cache.getHeads() << " heads, but got " << query;
  if (failed(verifyShape(getOperation(), "query", query,
                         {rows, heads, cache.getDim()})) ||
      failed(verifyShape(getOperation(), "output", getOutput().getType(),
                         {rows, heads, cache.getDim()})))
    return failure();
  if (getKeyBias() && getKeyBias().getType().getRank() != 1)
    return emitOpError("expected a key bias [slots], but got ")
           << getKeyBias().getType();
  return verifyShape(getOperation(), "lse", getLse().getType(), {rows, heads});
}

LogicalResult MergeOp::verify() {
  auto output = cast<RankedTensorType>(getOutput().getType());
  auto lse = cast<RankedTensorType>(getLse().getType());
  // L12: sums of exponentials lose their meaning below f32.
  if (!lse.getElementType().isF32())
    return emitOpError("expected log-sums of f32 (L12), but got ") << lse;
  if (output.getRank() < 1 || output.getShape().drop_back() != lse.getShape())
    return emitOpError("expected one log-sum per output row, but got ")
           << lse << " for " << output;
  return success();
}
