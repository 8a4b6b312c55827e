//===- QuantizeActivations.cpp - rounded inputs of contractions -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Products of bytes run at four times the rate of products of floats, those of
// pairs of bf16 at twice the rate. Where a weight is stored as small integers
// already, its input becomes integers too, with a scale for each block; bf16
// goes with every weight. Done before kernels are formed, so that the rounding
// joins the work that makes the input.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/IR/Limits.h"
#include "dialects/Tenon/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

namespace tenon {
#define GEN_PASS_DEF_QUANTIZEACTIVATIONSPASS
#include "dialects/Tenon/Transforms/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

namespace {

struct QuantizeActivationsPass
    : tenon::impl::QuantizeActivationsPassBase<QuantizeActivationsPass> {
  using QuantizeActivationsPassBase::QuantizeActivationsPassBase;
  void runOnOperation() override;
};

} // namespace

/// True when every layer of the weight has integer codes in whole blocks.
static bool isQuantized(WeightType weight) {
  if (weight.isVector() || weight.getColumns() % kInputBlock)
    return false;
  return llvm::none_of(weight.getSchemes(), [](SchemeKind kind) {
    return getBlockFormat(kind).isPlain();
  });
}

/// The type of the inputs of `linear` when they are rounded; null when they
/// stay floats.
static RankedTensorType getRoundedType(LinearOp linear, bool bf16) {
  RankedTensorType type = linear.getInput().getType();
  WeightType weight = linear.getWeight().getType();
  if (!type.getElementType().isF32() || type.getEncoding() ||
      ShapedType::isDynamicShape(type.getShape().drop_front()))
    return {};
  if (bf16)
    return weight.getColumns() % kInputPair
               ? RankedTensorType()
               : type.clone(BFloat16Type::get(type.getContext()));
  if (!isQuantized(weight))
    return {};
  auto encoding = BlocksAttr::get(type.getContext(), /*bits=*/8, kInputBlock);
  return RankedTensorType::get(type.getShape(), type.getElementType(),
                               encoding);
}

void QuantizeActivationsPass::runOnOperation() {
  if (!getOperation()->hasAttr(kEntryAttrName))
    return;
  // By block too: a value of an outer block is rounded in each of them.
  DenseMap<std::pair<Value, Block *>, Value> rounded;
  getOperation().walk([&](LinearOp linear) {
    RankedTensorType type = getRoundedType(linear, bf16);
    if (!type)
      return;
    Value &known = rounded[{linear.getInput(), linear->getBlock()}];
    if (!known) {
      OpBuilder builder(linear);
      known =
          QuantizeOp::create(builder, linear.getLoc(), type, linear.getInput());
    }
    linear.getInputMutable().assign(known);
  });
}
