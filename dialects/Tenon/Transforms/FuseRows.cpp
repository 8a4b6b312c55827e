//===- FuseRows.cpp - row work with its neighbours ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Decides that work row by row (norms, rotations, quantisation, gates, chosen
// rows, additions) runs together with the row work next to it: a row stays in
// the first-level cache, and workers meet at most once. A kernel loops over
// rows of one kind, so all rows and chosen rows do not mix.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/Transforms/KernelFusion.h"
#include "dialects/Tenon/Transforms/Passes.h"

namespace tenon {
#define GEN_PASS_DEF_FUSEROWSPASS
#include "dialects/Tenon/Transforms/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

static bool choosesRows(KernelOp kernel) {
  return !kernel.getBody().front().getOps<RowsOp>().empty();
}

/// Marks in `chosen` the values of `block` that have a row per chosen row.
static void markChosen(Block &block, DenseSet<Value> &chosen) {
  for (Operation &op : block) {
    auto isChosen = [&](Value value) { return chosen.contains(value); };
    if (auto stack = dyn_cast<StackOp>(op)) {
      for (auto [init, carried, result] :
           llvm::zip(stack.getInits(), stack.getCarried(), stack.getResults()))
        if (isChosen(init)) {
          chosen.insert(carried);
          chosen.insert(result);
        }
      markChosen(stack.getBody().front(), chosen);
    } else if (auto kernel = dyn_cast<KernelOp>(op);
               llvm::any_of(op.getOperands(), isChosen) ||
               (kernel && choosesRows(kernel))) {
      chosen.insert(op.result_begin(), op.result_end());
    }
  }
}

/// Fuses every run of row work without a gap.
static void fuseRows(Block &block, const DenseSet<Value> &chosen) {
  SmallVector<SmallVector<KernelOp>> runs;
  auto isChosen = [&](KernelOp kernel) {
    return kernel->getNumResults() > 0 && chosen.contains(kernel->getResult(0));
  };
  bool isOpen = false;
  for (Operation &op : block) {
    auto kernel = dyn_cast<KernelOp>(op);
    if (!kernel || !isRowWork(kernel)) {
      isOpen = false;
      continue;
    }
    // Chosen rows are read first: what follows in their kernel is for them.
    if (!isOpen || choosesRows(kernel) ||
        isChosen(kernel) != isChosen(runs.back().back()))
      runs.emplace_back();
    runs.back().push_back(kernel);
    isOpen = true;
  }
  for (ArrayRef<KernelOp> run : runs)
    if (run.size() > 1 && canMerge(run, run.back()))
      mergeKernels(run, run.back());
}

namespace {

struct FuseRowsPass : tenon::impl::FuseRowsPassBase<FuseRowsPass> {
  using FuseRowsPassBase::FuseRowsPassBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (!function->hasAttr(kEntryAttrName) || function.isExternal())
      return;
    DenseSet<Value> chosen;
    markChosen(function.getBody().front(), chosen);
    forEachKernelBlock(function,
                       [&](Block &block) { fuseRows(block, chosen); });
  }
};

} // namespace
