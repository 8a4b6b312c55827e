//===- WrongPasses.cpp - passes that change the meaning -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each pass makes one mistake that a real pass could make. Validation must
// catch every one of them. One more pass changes numbers within the bound that
// it declares, and must not be caught.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/IR/Tenon.h"
#include "lib/Validation/Tolerance.h"
#include "tools/tenon-opt/OptMain.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassRegistry.h"

using namespace mlir;
using namespace tenon;

namespace {

/// A name and what it does to each op.
struct Mistake {
  const char *argument;
  const char *summary;
  void (*make)(Operation *op);
};

struct WrongPass : public PassWrapper<WrongPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(WrongPass)

  explicit WrongPass(const Mistake *mistake) : mistake(mistake) {}
  StringRef getArgument() const override { return mistake->argument; }
  StringRef getDescription() const override { return mistake->summary; }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect>();
  }
  void runOnOperation() override { getOperation().walk(mistake->make); }

  const Mistake *mistake;
};

/// Scales the epsilon of a norm.
void scaleEps(Operation *op, double factor) {
  if (auto norm = dyn_cast<NormOp>(op))
    norm.setEps(APFloat(float(norm.getEps().convertToDouble() * factor)));
}

const Mistake kMistakes[] = {
    {"test-wrong-mask", "tokens see later ones",
     [](Operation *op) {
       if (auto attention = dyn_cast<AttentionOp>(op))
         attention.setMask(MaskKind::Full);
     }},
    {"test-wrong-residual", "drops the residual",
     [](Operation *op) {
       if (auto add = dyn_cast<arith::AddFOp>(op))
         add.replaceAllUsesWith(add.getRhs());
     }},
    {"test-wrong-gate", "swaps gate and up",
     [](Operation *op) {
       if (auto gate = dyn_cast<GateOp>(op)) {
         Value up = gate.getUp();
         gate.getUpMutable().assign(gate.getGate());
         gate.getGateMutable().assign(up);
       }
     }},
    {"test-wrong-rope", "rotates other pairs",
     [](Operation *op) {
       if (auto rope = dyn_cast<RopeOp>(op))
         rope.setStyle(rope.getStyle() == RopeStyle::Interleaved
                           ? RopeStyle::HalfSplit
                           : RopeStyle::Interleaved);
     }},
    {"test-wrong-eps", "an epsilon ten times as large",
     [](Operation *op) { scaleEps(op, 10); }},
    {"test-wrong-bias", "drops a bias",
     [](Operation *op) {
       if (auto linear = dyn_cast<LinearOp>(op))
         linear.getBiasMutable().clear();
     }},
    {"test-wrong-layer", "takes the weight of the first layer",
     [](Operation *op) {
       auto at = dyn_cast<WeightAtOp>(op);
       if (!at || !at.getLayer())
         return;
       OpBuilder builder(at);
       at.getLayerMutable().assign(
           arith::ConstantIndexOp::create(builder, at.getLoc(), 0));
     }},
    {"test-wrong-order", "reads a cache from before the append",
     [](Operation *op) {
       auto attention = dyn_cast<AttentionOp>(op);
       auto append = attention
                         ? attention.getCache().getDefiningOp<CacheAppendOp>()
                         : CacheAppendOp();
       if (append) {
         attention->moveBefore(append);
         attention.getCacheMutable().assign(append.getCache());
       }
     }},
    {"test-wrong-value", "appends keys as values",
     [](Operation *op) {
       if (auto append = dyn_cast<CacheAppendOp>(op))
         append.getValueMutable().assign(append.getKey());
     }},
    {"test-declared-eps", "an epsilon a little larger, within a bound",
     [](Operation *op) { scaleEps(op, 1.01); }},
};

} // namespace

int main(int argc, char **argv) {
  for (const Mistake &mistake : kMistakes)
    registerPass([&mistake] { return std::make_unique<WrongPass>(&mistake); });
  registerTolerance("test-declared-eps", {Metric::RootMeanSquare, 1e-3});
  return optMain(argc, argv);
}
