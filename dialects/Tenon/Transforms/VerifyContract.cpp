//===- VerifyContract.cpp - what each phase promises to the next ----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Verifiers say what an op means; contracts say what a module looks like
// between phases. A pass that leaves its phase's form is found here, at the
// phase's end, and not by a crash two phases later.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringSwitch.h"

namespace tenon {
#define GEN_PASS_DEF_VERIFYCONTRACTPASS
#include "dialects/Tenon/Transforms/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

namespace {

enum class Contract { Unknown, Imported, Optimized, Scheduled };

/// Fails unless the op belongs to the dialects of the core phases.
LogicalResult verifyDialect(Operation *op) {
  StringRef dialect = op->getName().getDialectNamespace();
  if (dialect == "tenon" || dialect == "arith" || dialect == "func")
    return success();
  return op->emitOpError("expected ops of tenon, arith and func, but got one "
                         "of '")
         << dialect << "'";
}

/// No kernel yet, and nothing that a target chooses.
LogicalResult verifyImported(Operation *op) {
  if (isa<KernelOp>(op))
    return op->emitOpError("expected no kernel before they are formed");
  if (auto weight = dyn_cast<WeightOp>(op))
    if (weight.getPacking() || weight.getOffsets())
      return op->emitOpError("expected no packing before a target is chosen");
  return success();
}

/// Work of an entry is inside kernels.
LogicalResult verifyKernels(Operation *op) {
  if (op->getParentOfType<KernelOp>() || isa<KernelOp>(op) ||
      !op->getParentOfType<func::FuncOp>())
    return success();
  if (isa<StackOp, WeightAtOp, YieldOp, func::ReturnOp, arith::ConstantOp>(op))
    return success();
  return op->emitOpError("expected work inside a tenon.kernel");
}

/// Each kernel says how it runs, each weight how it lies.
LogicalResult verifySchedules(Operation *op) {
  if (auto kernel = dyn_cast<KernelOp>(op))
    if (!kernel.getSchedule())
      return op->emitOpError("expected a schedule");
  auto read = dyn_cast<WeightAtOp>(op);
  if (!read)
    return success();
  auto weight =
      SymbolTable::lookupNearestSymbolFrom<WeightOp>(op, read.getWeightAttr());
  if (weight && !weight.getPacking())
    return weight.emitOpError("expected a packing of a weight that is read")
               .attachNote(op->getLoc())
           << "read here";
  return success();
}

/// One more than the last layer that `index` can be: it counts the layers of
/// a stack or is a constant, also where a kernel takes it as an input.
std::optional<int64_t> getLayerBound(Value index) {
  if (auto argument = dyn_cast<BlockArgument>(index)) {
    Operation *parent = argument.getOwner()->getParentOp();
    if (auto kernel = dyn_cast<KernelOp>(parent))
      return getLayerBound(kernel.getInputs()[argument.getArgNumber()]);
    if (auto stack = dyn_cast<StackOp>(parent))
      if (argument.getArgNumber() == 0)
        return static_cast<int64_t>(stack.getLast());
    return std::nullopt;
  }
  APInt value;
  if (matchPattern(index, m_ConstantInt(&value)) && value.ult(kMaxExtent))
    return value.getSExtValue() + 1;
  return std::nullopt;
}

/// Fails unless `index` is below `layers`: code that follows does not ask
/// again.
LogicalResult verifyLayer(Operation *op, Value index, int64_t layers,
                          StringRef what) {
  std::optional<int64_t> bound = getLayerBound(index);
  if (!bound)
    return op->emitOpError("expected the layer to be that of a stack or a "
                           "constant");
  if (*bound <= layers)
    return success();
  return op->emitOpError("expected a layer below the ")
         << layers << " of the " << what << ", but got up to " << *bound - 1;
}

/// Layers exist.
LogicalResult verifyLayers(Operation *op) {
  if (auto append = dyn_cast<CacheAppendOp>(op))
    return verifyLayer(op, append.getLayer(),
                       append.getCache().getType().getLayers(), "cache");
  if (auto attention = dyn_cast<AttentionOp>(op))
    return verifyLayer(op, attention.getLayer(),
                       attention.getCache().getType().getLayers(), "cache");
  auto read = dyn_cast<WeightAtOp>(op);
  if (!read || !read.getLayer())
    return success();
  auto weight =
      SymbolTable::lookupNearestSymbolFrom<WeightOp>(op, read.getWeightAttr());
  return weight ? verifyLayer(op, read.getLayer(), weight.getCount(), "weight")
                : success();
}

struct VerifyContract
    : public tenon::impl::VerifyContractPassBase<VerifyContract> {
  using VerifyContractPassBase::VerifyContractPassBase;

  void runOnOperation() override {
    auto contract = llvm::StringSwitch<Contract>(phase)
                        .Case("imported", Contract::Imported)
                        .Case("optimized", Contract::Optimized)
                        .Case("scheduled", Contract::Scheduled)
                        .Default(Contract::Unknown);
    if (contract == Contract::Unknown) {
      emitError(getOperation().getLoc())
          << "expected phase imported, optimized or scheduled, but got '"
          << phase << "'";
      return signalPassFailure();
    }
    bool bad = failed(verifyModule());
    bad |= failed(verifyLinearCaches(getOperation()));
    getOperation().walk([&](Operation *op) {
      if (op == getOperation().getOperation())
        return;
      bad |= failed(verifyDialect(op));
      bad |= failed(verifyLayers(op));
      if (contract == Contract::Imported)
        bad |= failed(verifyImported(op));
      if (contract >= Contract::Optimized)
        bad |= failed(verifyKernels(op));
      if (contract == Contract::Scheduled)
        bad |= failed(verifySchedules(op));
    });
    if (bad)
      signalPassFailure();
    else
      markAllAnalysesPreserved();
  }

  /// Passes ask whether an entry has this attribute, not for its value.
  static LogicalResult verifyMarks(func::FuncOp function) {
    Attribute mark = function->getAttr(kEntryAttrName);
    if (mark && !isa<UnitAttr>(mark))
      return function.emitOpError("expected '")
             << kEntryAttrName << "' to be a unit attribute, but got " << mark;
    return success();
  }

  /// A model attribute and an entry.
  LogicalResult verifyModule() {
    ModuleOp module = getOperation();
    for (auto function : module.getOps<func::FuncOp>())
      if (failed(verifyMarks(function)))
        return failure();
    if (!module->getAttrOfType<ModelAttr>(kModelAttrName))
      return module.emitError()
             << "expected a #tenon.model attribute '" << kModelAttrName << "'";
    for (auto function : module.getOps<func::FuncOp>())
      if (function->hasAttr(kEntryAttrName)) {
        if (function.getBody().hasOneBlock())
          return success();
        return function.emitOpError("expected an entry with a body of one "
                                    "block");
      }
    return module.emitError()
           << "expected a function with '" << kEntryAttrName << "'";
  }
};

} // namespace
