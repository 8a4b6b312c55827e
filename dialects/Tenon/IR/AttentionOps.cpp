//===- AttentionOps.cpp - attention, rotary positions, appends ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Verifiers of the ops that read or write caches, and the folds of merges.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/IR/Shapes.h"
#include "dialects/Tenon/IR/Tenon.h"

#include "mlir/Bytecode/BytecodeImplementation.h"
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
  if (getProducts() && !getProducts()->isBF16() &&
      !getProducts()->isSignlessInteger(8))
    return emitOpError("expected products of bf16 or i8, or none given for "
                       "exact ones, but got ")
           << *getProducts();
  // The results' rows of one head: one, or one per part.
  SmallVector<int64_t> shape = {rows, heads};
  if (std::optional<uint64_t> parts = getParts()) {
    int64_t count = static_cast<int64_t>(*parts);
    if (count < 1 || count > kMaxParts)
      return emitOpError("expected 1 to ")
             << kMaxParts << " parts, but got " << count;
    shape.push_back(count);
  }
  SmallVector<int64_t> output = shape;
  output.push_back(cache.getDim());
  if (failed(verifyShape(getOperation(), "query", query,
                         {rows, heads, cache.getDim()})) ||
      failed(
          verifyShape(getOperation(), "output", getOutput().getType(), output)))
    return failure();
  if (getKeyBias() && getKeyBias().getType().getRank() != 1)
    return emitOpError("expected a key bias [slots], but got ")
           << getKeyBias().getType();
  return verifyShape(getOperation(), "lse", getLse().getType(), shape);
}

// Mask and scale as the first version wrote them; in place of the mask a
// dictionary where there is more to say.
void AttentionOp::writeProperties(DialectBytecodeWriter &writer) {
  NamedAttrList more;
  if (getPartsAttr())
    more.append("parts", getPartsAttr());
  if (getProductsAttr())
    more.append("products", getProductsAttr());
  if (more.empty()) {
    writer.writeAttribute(getMaskAttr());
  } else {
    more.append("mask", getMaskAttr());
    writer.writeAttribute(more.getDictionary(getContext()));
  }
  writer.writeAttribute(getScaleAttr());
}

LogicalResult AttentionOp::readProperties(DialectBytecodeReader &reader,
                                          OperationState &state) {
  auto &properties = state.getOrAddProperties<Properties>();
  Attribute first;
  if (failed(reader.readAttribute(first)))
    return failure();
  if (auto all = dyn_cast<DictionaryAttr>(first)) {
    properties.mask = all.getAs<MaskKindAttr>("mask");
    properties.parts = all.getAs<IntegerAttr>("parts");
    properties.products = all.getAs<TypeAttr>("products");
  } else {
    properties.mask = dyn_cast<MaskKindAttr>(first);
  }
  if (!properties.mask)
    return reader.emitError()
           << "expected a mask of 'tenon.attention', but got " << first;
  return reader.readAttribute(properties.scale);
}

LogicalResult MergePartsOp::verify() {
  RankedTensorType parts = getParts().getType();
  if (parts.getRank() != 4 ||
      ShapedType::isDynamicShape(parts.getShape().drop_front()))
    return emitOpError("expected [rows, heads, parts, dim] of static heads, "
                       "parts and dim, but got ")
           << parts;
  int64_t rows = parts.getDimSize(0), heads = parts.getDimSize(1);
  if (parts.getDimSize(2) < 1 || parts.getDimSize(2) > kMaxParts)
    return emitOpError("expected 1 to ")
           << kMaxParts << " parts, but got " << parts;
  if (failed(verifyShape(getOperation(), "part_lse", getPartLse().getType(),
                         {rows, heads, parts.getDimSize(2)})) ||
      failed(verifyShape(getOperation(), "output", getOutput().getType(),
                         {rows, heads, parts.getDimSize(3)})))
    return failure();
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
