//===- MakeEntries.cpp - one function per range of row counts -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A decoding step has one row, a prefill many, and a step of several sequences
// a few that see caches of their own: they want other kernels. The entry
// becomes three, `step`, `chunk` and `batch`, that differ in the largest number
// of rows they take.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

namespace tenon {
#define GEN_PASS_DEF_MAKEENTRIESPASS
#include "dialects/Tenon/Transforms/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

namespace {

struct MakeEntriesPass : tenon::impl::MakeEntriesPassBase<MakeEntriesPass> {
  using MakeEntriesPassBase::MakeEntriesPassBase;
  void runOnOperation() override;
};

} // namespace

void MakeEntriesPass::runOnOperation() {
  ModuleOp module = getOperation();
  SmallVector<func::FuncOp> entries;
  for (auto function : module.getOps<func::FuncOp>())
    if (function->hasAttr(kEntryAttrName))
      entries.push_back(function);
  if (entries.size() != 1) {
    module.emitError("expected one entry, but got ") << entries.size();
    return signalPassFailure();
  }
  if (chunkRows < 2) {
    module.emitError("expected chunk-rows >= 2, but got ")
        << chunkRows.getValue();
    return signalPassFailure();
  }
  if (batchRows < 2) {
    module.emitError("expected batch-rows >= 2, but got ")
        << batchRows.getValue();
    return signalPassFailure();
  }
  func::FuncOp chunk = entries.front();
  for (StringRef name : {"step", "batch", "chunk"})
    if (Operation *taken = module.lookupSymbol(name); taken && taken != chunk) {
      taken->emitOpError("expected no symbol '@")
          << name << "': the entry becomes 'step', 'batch' and 'chunk'; "
          << "rename it";
      return signalPassFailure();
    }
  Builder builder(&getContext());
  auto setUp = [&](func::FuncOp function, StringRef name, int64_t rows) {
    function.setName(name);
    function->setAttr(kMaxRowsAttrName, builder.getI64IntegerAttr(rows));
  };
  auto clone = [&](func::FuncOp after) {
    auto copy = cast<func::FuncOp>(chunk->clone());
    chunk->getBlock()->getOperations().insertAfter(Block::iterator(after),
                                                   copy);
    return copy;
  };
  func::FuncOp step = clone(chunk);
  func::FuncOp batch = clone(step);
  setUp(chunk, "chunk", chunkRows);
  setUp(step, "step", 1);
  setUp(batch, "batch", batchRows);
  batch->setAttr(kRowSequencesAttrName, builder.getUnitAttr());
}
