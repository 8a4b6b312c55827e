//===- OutlineKernels.cpp - kernels to functions, entries to drivers ------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Outlines before anything is bufferised: places of values between kernels
// come from their lives, not from an analysis of the whole model.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/Kernels/CacheLayout.h"
#include "lib/Target/CPU/Outline/Driver.h"
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
  LogicalResult describeArtifact(CacheType cache);
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

LogicalResult OutlineKernelsPass::describeArtifact(CacheType cache) {
  ModuleOp module = getOperation();
  auto model = module->getAttrOfType<ModelAttr>(kModelAttrName);
  if (!model)
    return module.emitError("expected a module attribute '")
           << kModelAttrName << "'";
  int64_t weightBytes = 0;
  for (WeightOp weight : module.getOps<WeightOp>())
    for (int64_t layer = 0; layer < weight.getCount(); ++layer)
      weightBytes = std::max<int64_t>(
          weightBytes, (*weight.getOffsets())[layer] +
                           llvm::alignTo(getPackedBytes(weight, layer), 64));
  CacheLayoutOf layout(cache);
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  rt::ArtifactOp::create(
      builder, module.getLoc(), artifactName, model.getVocab(),
      model.getContextLength(), cache.getLayers(),
      layout.keySlotBytes() + layout.valueSlotBytes(),
      cache.getK().isF16() ? "f16" : "f32", cpu, weightBytes);
  return success();
}

void OutlineKernelsPass::runOnOperation() {
  ModuleOp module = getOperation();
  CPUTargetOptions target;
  target.cpu = cpu;
  target.vectorBits = vectorBits;
  target.vectorRegisters = vectorRegisters;
  target.cacheBytes = cacheBytes;

  SmallVector<func::FuncOp> entries;
  for (auto function : module.getOps<func::FuncOp>())
    if (function->hasAttr(kMaxRowsAttrName))
      entries.push_back(function);
  if (entries.empty()) {
    module.emitError("expected entries with '") << kMaxRowsAttrName << "'";
    return signalPassFailure();
  }
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  auto drivers =
      ModuleOp::create(builder, module.getLoc(), StringRef("driver"));
  KernelTable kernels(module, target);
  CacheType cache;
  for (func::FuncOp entry : entries) {
    FailureOr<BufferPlan> plan = planBuffers(entry);
    if (failed(plan))
      return signalPassFailure();
    cache = dyn_cast<CacheType>(entry.getArgumentTypes().back());
    if (!cache) {
      entry.emitOpError("expected a cache as last argument");
      return signalPassFailure();
    }
    if (failed(checkCache(entry, cache)))
      return signalPassFailure();
    FailureOr<DriverFacts> facts = buildDriver(entry, *plan, kernels, drivers);
    if (failed(facts))
      return signalPassFailure();
    builder.setInsertionPointToEnd(module.getBody());
    rt::EntryOp::create(builder, entry.getLoc(), entry.getName(),
                        facts->function, facts->maxRows, facts->arenaBytes,
                        facts->scratchBytes);
  }
  if (failed(describeArtifact(cache)))
    return signalPassFailure();
  for (func::FuncOp entry : entries)
    entry.erase();
}
