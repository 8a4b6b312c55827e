//===- OutlineKernels.cpp - kernels to functions, entries to drivers ------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Outlines before anything is bufferised: places of values between kernels
// come from their lives, not from an analysis of the whole model.
//
//===----------------------------------------------------------------------===//

#include "dialects/TenonRT/IR/DriverAttr.h"
#include "lib/Target/CPU/Kernels/CacheLayout.h"
#include "lib/Target/CPU/Outline/CheckEntry.h"
#include "lib/Target/CPU/Outline/Driver.h"
#include "lib/Target/CPU/Packing.h"
#include "lib/Target/CPU/Passes.h"

namespace tenon::cpu {
#define GEN_PASS_DEF_OUTLINEKERNELSPASS
#include "lib/Target/CPU/Passes.h.inc"
} // namespace tenon::cpu

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

namespace {

struct OutlineKernelsPass
    : cpu::impl::OutlineKernelsPassBase<OutlineKernelsPass> {
  using OutlineKernelsPassBase::OutlineKernelsPassBase;
  void runOnOperation() override;

private:
  LogicalResult check(ArrayRef<func::FuncOp> entries);
  void describeArtifact(CacheType cache, int64_t topK);
};

} // namespace

/// Refuses caches that this target cannot hold, by the axis's name.
static LogicalResult checkCache(func::FuncOp entry, CacheType type) {
  auto refuse = [&](StringRef axis, StringRef wanted, auto got) {
    return entry.emitOpError("expected a cache with ")
           << axis << " = " << wanted << " on this target, but got " << got;
  };
  if (type.getStore() != CacheStore::KV)
    return refuse("store", "kv", stringifyCacheStore(type.getStore()));
  if (type.getLayout() != CacheLayout::Contiguous)
    return refuse("layout", "contiguous",
                  stringifyCacheLayout(type.getLayout()));
  if (type.getRope() != RopeState::Post)
    return refuse("rope", "post", stringifyRopeState(type.getRope()));
  if (type.getPos() != PositionKind::Original)
    return refuse("pos", "original", stringifyPositionKind(type.getPos()));
  if (!type.getK().isF16() && !type.getK().isF32())
    return refuse("k", "f16 or f32", type.getK());
  if (type.getV() != type.getK())
    return refuse("v", "k", type.getV());
  return success();
}

/// All that the functions below take for granted.
LogicalResult OutlineKernelsPass::check(ArrayRef<func::FuncOp> entries) {
  ModuleOp module = getOperation();
  if (Operation *taken = module.lookupSymbol("driver"))
    return taken->emitOpError("expected no symbol '@driver': the functions "
                              "that run the entries go to a module of this "
                              "name; rename it");
  if (entries.empty())
    return module.emitError("expected entries with '")
           << kMaxRowsAttrName << "'";
  auto model = module->getAttrOfType<ModelAttr>(kModelAttrName);
  if (!model)
    return module.emitError("expected a module attribute '")
           << kModelAttrName << "'";
  if (failed(checkWeights(module)))
    return failure();
  Type cache;
  for (func::FuncOp entry : entries) {
    if (failed(checkEntry(entry, model)))
      return failure();
    Type own = entry.getArgumentTypes().back();
    if (failed(checkCache(entry, cast<CacheType>(own))))
      return failure();
    // The runtime looks for these.
    bool isStep = entry.getName() == "step";
    bool isBatch = entry.getName() == "batch";
    if (!isStep && !isBatch && entry.getName() != "chunk")
      return entry.emitOpError("expected entries 'step', 'chunk' and 'batch', "
                               "but got '")
             << entry.getName() << "'";
    if (isBatch != entry->hasAttr(kRowSequencesAttrName))
      return entry.emitOpError("expected '")
             << kRowSequencesAttrName << "' of 'batch' and of no other entry";
    int64_t rows = *getMaxRows(entry);
    if (isStep != (rows == 1))
      return entry.emitOpError("expected '")
             << kMaxRowsAttrName << "' = 1 of 'step' and more of the others, "
             << "but got " << rows << " of '" << entry.getName() << "'";
    if (cache && own != cache)
      return entry.emitOpError("expected the cache of the other entries, ")
             << cache << ", but got " << own;
    cache = own;
    if (getTopK(entry) != getTopK(entries.front()))
      return entry.emitOpError("expected as many best tokens as of the other "
                               "entries, ")
             << getTopK(entries.front()) << ", but got " << getTopK(entry);
  }
  for (auto function : module.getOps<func::FuncOp>())
    if (!llvm::is_contained(entries, function))
      return function.emitOpError("expected only functions with '")
             << kMaxRowsAttrName << "' in the scheduled phase";
  if (entries.size() != 3)
    return module.emitError("expected three entries, 'step', 'chunk' and "
                            "'batch', but got ")
           << entries.size();
  return success();
}

void OutlineKernelsPass::describeArtifact(CacheType cache, int64_t topK) {
  ModuleOp module = getOperation();
  auto model = module->getAttrOfType<ModelAttr>(kModelAttrName);
  int64_t weightBytes = 0;
  for (WeightOp weight : module.getOps<WeightOp>())
    for (int64_t layer = 0; layer < weight.getCount(); ++layer)
      weightBytes = std::max(weightBytes, (*weight.getOffsets())[layer] +
                                              getAlignedBytes(weight, layer));
  CacheLayoutOf layout(cache);
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  rt::ArtifactOp::create(
      builder, module.getLoc(), artifactName, model.getVocab(),
      model.getContextLength(), cache.getLayers(), layout.slotBytes(),
      cache.getK().isF16() ? "f16" : "f32", cpu, weightBytes,
      hasMarks ? builder.getBoolAttr(true) : BoolAttr(),
      topK ? builder.getI64IntegerAttr(topK) : IntegerAttr());
}

void OutlineKernelsPass::runOnOperation() {
  ModuleOp module = getOperation();
  if (failed(checkVectors(module, vectorBits, vectorRegisters)))
    return signalPassFailure();
  CPUTargetOptions target =
      makeTarget(vectorBits, vectorRegisters, cacheBytes, features);
  target.cpu = cpu;

  SmallVector<func::FuncOp> entries;
  for (auto function : module.getOps<func::FuncOp>())
    if (function->hasAttr(kMaxRowsAttrName))
      entries.push_back(function);
  if (failed(check(entries)))
    return signalPassFailure();
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  auto drivers =
      ModuleOp::create(builder, module.getLoc(), StringRef("driver"));
  KernelTable kernels(module, target);
  for (func::FuncOp entry : entries) {
    FailureOr<BufferPlan> plan = planBuffers(entry);
    if (failed(plan))
      return signalPassFailure();
    FailureOr<DriverFacts> facts =
        buildDriver(entry, *plan, kernels, drivers, hasMarks);
    if (failed(facts))
      return signalPassFailure();
    builder.setInsertionPointToEnd(module.getBody());
    auto described = rt::EntryOp::create(
        builder, entry.getLoc(), entry.getName(), facts->function,
        facts->maxRows, facts->arenaBytes, facts->scratchBytes);
    drivers.lookupSymbol(facts->function)
        ->setAttr(rt::kDriverAttrName, rt::getDriverAttr(described));
  }
  describeArtifact(cast<CacheType>(entries.front().getArgumentTypes().back()),
                   getTopK(entries.front()));
  for (func::FuncOp entry : entries)
    entry.erase();
  // What is lowered for another processor than x86 has to know it.
  if (target.has("neon"))
    for (ModuleOp nested : module.getOps<ModuleOp>())
      nested->setAttr(LLVM::LLVMDialect::getTargetTripleAttrName(),
                      StringAttr::get(&getContext(), "aarch64-linux-gnu"));
}
