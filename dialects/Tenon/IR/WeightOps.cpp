//===- WeightOps.cpp - archives, weights, contractions --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Verifiers of the ops that name or read weights: a weight's layer map fits
// its schemes, a use fits the symbol, and a contraction's shapes agree.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/IR/Limits.h"
#include "dialects/Tenon/IR/Shapes.h"
#include "dialects/Tenon/IR/Tenon.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace tenon;

//===----------------------------------------------------------------------===//
// WeightOp
//===----------------------------------------------------------------------===//

int64_t WeightOp::getSchemeIndex(int64_t layer) {
  if (std::optional<ArrayRef<int64_t>> map = getSchemeOfLayer())
    return (*map)[layer];
  return 0;
}

SchemeAttr WeightOp::getScheme(int64_t layer) {
  return cast<SchemeAttr>(getSchemes()[getSchemeIndex(layer)]);
}

std::string WeightOp::getTensorName(int64_t layer) {
  constexpr StringLiteral placeholder = "{layer}";
  std::string name = getTensor().str();
  const std::string number = std::to_string(layer);
  for (size_t at = 0;
       (at = name.find(placeholder.data(), at)) != std::string::npos;
       at += number.size())
    name.replace(at, placeholder.size(), number);
  return name;
}

WeightType WeightOp::getWeightType() {
  SmallVector<SchemeKind> kinds;
  for (Attribute scheme : getSchemes())
    kinds.push_back(cast<SchemeAttr>(scheme).getKind());
  return WeightType::get(getContext(), getShape(), kinds);
}

LogicalResult WeightOp::verify() {
  if (getSchemes().empty())
    return emitOpError("expected at least one scheme");
  SmallVector<SchemeKind> kinds;
  for (Attribute scheme : getSchemes())
    kinds.push_back(cast<SchemeAttr>(scheme).getKind());
  if (failed(
          WeightType::verify([&] { return emitOpError(); }, getShape(), kinds)))
    return failure();
  if (getLayers() && *getLayers() < 1)
    return emitOpError("expected at least 1 layer, but got ") << *getLayers();
  if (getCount() > kMaxExtent)
    return emitOpError("expected at most ")
           << kMaxExtent << " layers, but got " << getCount();
  bool named = getTensor().contains("{layer}");
  if (getLayers().has_value() != named)
    return emitOpError("expected '{layer}' in the tensor's name exactly when "
                       "the weight has layers, but got '")
           << getTensor() << "'";
  if (std::optional<ArrayRef<int64_t>> map = getSchemeOfLayer()) {
    if (static_cast<int64_t>(map->size()) != getCount())
      return emitOpError("expected one scheme index per layer (")
             << getCount() << "), but got " << map->size();
    for (int64_t index : *map)
      if (index < 0 || index >= static_cast<int64_t>(getSchemes().size()))
        return emitOpError("expected scheme indices below ")
               << getSchemes().size() << ", but got " << index;
  } else if (getSchemes().size() != 1) {
    return emitOpError("expected a scheme index per layer ('by') for ")
           << getSchemes().size() << " schemes";
  }
  if (std::optional<ArrayRef<int64_t>> offsets = getOffsets())
    if (static_cast<int64_t>(offsets->size()) != getCount())
      return emitOpError("expected one offset per layer (")
             << getCount() << "), but got " << offsets->size();
  return success();
}

LogicalResult WeightOp::verifySymbolUses(SymbolTableCollection &symbols) {
  if (!symbols.lookupNearestSymbolFrom<ArchiveOp>(*this, getArchiveAttr()))
    return emitOpError("expected a tenon.archive, but got ")
           << getArchiveAttr();
  return success();
}

//===----------------------------------------------------------------------===//
// WeightAtOp
//===----------------------------------------------------------------------===//

LogicalResult WeightAtOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto weight =
      symbols.lookupNearestSymbolFrom<WeightOp>(*this, getWeightAttr());
  if (!weight)
    return emitOpError("expected a tenon.weight, but got ") << getWeightAttr();
  if (weight.getLayers().has_value() != static_cast<bool>(getLayer()))
    return emitOpError("expected a layer index exactly when the weight has "
                       "layers")
               .attachNote(weight.getLoc())
           << "the weight";
  if (weight.getWeightType() != getType())
    return emitOpError("expected type ")
           << weight.getWeightType() << ", but got " << getType();
  return success();
}

//===----------------------------------------------------------------------===//
// EmbeddingOp, LinearOp
//===----------------------------------------------------------------------===//

LogicalResult EmbeddingOp::verify() {
  WeightType weight = getWeight().getType();
  if (weight.isVector())
    return emitOpError("expected a matrix, but got ") << weight;
  return verifyShape(getOperation(), "result", getResult().getType(),
                     {getIds().getType().getDimSize(0), weight.getColumns()});
}

LogicalResult LinearOp::verify() {
  WeightType weight = getWeight().getType();
  if (weight.isVector())
    return emitOpError("expected a matrix, but got ") << weight;
  RankedTensorType input = getInput().getType();
  RankedTensorType result = getResult().getType();
  if (failed(verifyFlattened(getOperation(), "input", input,
                             weight.getColumns())) ||
      failed(
          verifyFlattened(getOperation(), "result", result, weight.getRows())))
    return failure();
  if (input.getElementType().isBF16() && weight.getColumns() % kInputPair)
    return emitOpError("expected an even number of columns for an input of "
                       "bf16, but got ")
           << weight.getColumns();
  if (input.getDimSize(0) != result.getDimSize(0))
    return emitOpError("expected as many result rows as input rows (")
           << input << "), but got " << result;
  if (getBias()) {
    WeightType bias = getBias().getType();
    if (!bias.isVector() || bias.getRows() != weight.getRows())
      return emitOpError("expected a bias vector of ")
             << weight.getRows() << " elements, but got " << bias;
  }
  return success();
}
