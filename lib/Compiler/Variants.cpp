//===- Variants.cpp - one artifact with code for several CPUs -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What no CPU decides is done once, up to the optimized phase. All variants
// read the same packed weights, which is checked and not assumed: a schedule
// that packed them in an order of its own would read others' bytes.
//
//===----------------------------------------------------------------------===//

#include "lib/Compiler/Compilation.h"
#include "lib/Target/CPU/VariantSymbols.h"

using namespace mlir;
using namespace tenon;

/// Gives the functions of a variant names of its own.
static llvm::Error separate(cpu::ArtifactDescription &description,
                            llvm::MutableArrayRef<cpu::ObjectFile> objects) {
  std::string suffix = "." + description.cpu;
  for (cpu::EntryDescription &entry : description.entries)
    entry.function += suffix;
  return cpu::renameSymbols(objects, suffix);
}

/// Whether both plans put the same bytes into the same places.
static bool packAlike(llvm::ArrayRef<PackedTensor> a,
                      llvm::ArrayRef<PackedTensor> b) {
  return llvm::equal(a, b, [](const PackedTensor &x, const PackedTensor &y) {
    return x.name == y.name && x.offset == y.offset && x.bytes == y.bytes &&
           x.format == y.format && x.interleave == y.interleave;
  });
}

LogicalResult
Compilation::addVariants(llvm::ArrayRef<PackedTensor> plan,
                         std::vector<cpu::ArtifactDescription> &variants,
                         std::vector<cpu::ObjectFile> &objects) {
  if (checked.others.empty())
    return success();
  if (auto error = separate(variants.front(), objects))
    return fail(std::move(error));
  for (const CheckedCpu &other : checked.others) {
    current = other;
    module = optimized->clone();
    reuse.reset();
    openCache();
    for (Phase phase : {Phase::Scheduled, Phase::Kernels, Phase::Native})
      if (failed(runPhase(phase)) || failed(dump(phase)))
        return failure();
    auto description = describeArtifact();
    if (failed(description))
      return failure();
    auto own = planPacking(*module);
    if (failed(own))
      return failure();
    const cpu::ArtifactDescription &first = variants.front();
    if (!packAlike(plan, *own) ||
        first.cacheLayerSlotBytes != description->cacheLayerSlotBytes)
      return fail(llvm::createStringError(
          "--cpu: expected CPUs with the same packed weights and caches, but "
          "'%s' and '%s' differ; compile an artifact for each",
          checked.cpu.c_str(), other.name.c_str()));
    description->weightsBytes = first.weightsBytes;
    description->weightsId = first.weightsId;
    auto made = emitObjects(*description);
    if (failed(made))
      return failure();
    if (auto error = separate(*description, *made))
      return fail(std::move(error));
    llvm::move(*made, std::back_inserter(objects));
    variants.push_back(std::move(*description));
    monitor.endStep("code for " + other.name);
  }
  return success();
}
