//===- CopyCarried.cpp - a layer keeps what it reads late -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Decides which layers read a copy of what they were given. All values of a
// carried tensor share one memory, so its next value may be made only when the
// one before is read by nobody any more. A kernel that reads the old value
// while or after the next is made (a layer of one residual block) gets a copy,
// made at the start of the layer by the row work that stands there, if any.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/Transforms/KernelFusion.h"
#include "dialects/Tenon/Transforms/Passes.h"

#include "mlir/IR/Builders.h"

namespace tenon {
#define GEN_PASS_DEF_COPYCARRIEDPASS
#include "dialects/Tenon/Transforms/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

/// Reads of `carried` that do not end before `maker` starts.
static SmallVector<OpOperand *> findLateReads(Value carried, Operation *maker) {
  SmallVector<OpOperand *> late;
  Block *block = maker->getBlock();
  for (OpOperand &use : carried.getUses()) {
    Operation *reader = block->findAncestorOpInBlock(*use.getOwner());
    if (!reader->isBeforeInBlock(maker) &&
        !reader->hasTrait<OpTrait::IsTerminator>())
      late.push_back(&use);
  }
  return late;
}

/// A kernel at the start of the layer whose result is `value`; joins the first
/// kernel of the layer if that is row work on the same value.
static void copyAtStart(Value value, ArrayRef<OpOperand *> readers) {
  Block *block = value.getParentBlock();
  auto first = *block->getOps<KernelOp>().begin();
  OpBuilder builder(first);
  auto copy =
      KernelOp::create(builder, value.getLoc(), value.getType(),
                       builder.getStringAttr("copy"), value, Attribute());
  Block &body = copy.getBody().emplaceBlock();
  Value inside = body.addArgument(value.getType(), value.getLoc());
  builder.setInsertionPointToStart(&body);
  YieldOp::create(builder, value.getLoc(), inside);
  for (OpOperand *reader : readers)
    reader->set(copy.getResult(0));
  if (isRowWork(first) && llvm::is_contained(first.getInputs(), value) &&
      canMerge({copy, first}, first))
    mergeKernels({copy, first}, first);
}

namespace {

struct CopyCarriedPass : tenon::impl::CopyCarriedPassBase<CopyCarriedPass> {
  using CopyCarriedPassBase::CopyCarriedPassBase;

  void runOnOperation() override {
    if (!getOperation()->hasAttr(kEntryAttrName))
      return;
    getOperation().walk([](StackOp stack) {
      for (auto [carried, yielded] :
           llvm::zip(stack.getCarried(), stack.getYield().getOperands())) {
        auto maker = yielded.getDefiningOp<KernelOp>();
        if (!isa<RankedTensorType>(carried.getType()) || !maker ||
            maker->getBlock() != &stack.getBody().front())
          continue;
        SmallVector<OpOperand *> late = findLateReads(carried, maker);
        if (!late.empty())
          copyAtStart(carried, late);
      }
    });
  }
};

} // namespace
