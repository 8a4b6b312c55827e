//===- Emission.cpp - from the native phase to an artifact ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The order follows from what the files say of each other: packed weights give
// the id that the library carries, the library's bytes give the hash that the
// weight file carries.
//
//===----------------------------------------------------------------------===//

#include "dialects/TenonRT/IR/TenonRT.h"
#include "lib/Compiler/Archives.h"
#include "lib/Compiler/ArtifactText.h"
#include "lib/Compiler/Compilation.h"
#include "lib/Compiler/TokenizerCheck.h"
#include "lib/Compiler/WeightFile.h"
#include "lib/Target/CPU/LinkLibrary.h"

#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace tenon;

namespace {

/// What the ops of the native module say about the artifact.
FailureOr<cpu::ArtifactDescription> describe(ModuleOp native) {
  auto artifacts = native.getOps<rt::ArtifactOp>();
  if (!llvm::hasSingleElement(artifacts))
    return native.emitError("expected one tenon_rt.artifact in a module of "
                            "the native phase, but got ")
           << std::distance(artifacts.begin(), artifacts.end());
  rt::ArtifactOp op = *artifacts.begin();
  cpu::ArtifactDescription description;
  description.cpu = op.getCpu().str();
  description.vocab = op.getVocab();
  description.context = op.getContext();
  description.layers = op.getLayers();
  description.cacheLayerSlotBytes = op.getCacheLayerSlotBytes();
  description.cacheType = op.getCacheType().str();
  description.weightsBytes = op.getWeightsBytes();
  description.hasMarks = op.getHasMarks().value_or(false);
  description.topK = op.getTopK().value_or(0);
  for (auto entry : native.getOps<rt::EntryOp>())
    description.entries.push_back(
        {entry.getName().str(), entry.getFunction().str(),
         static_cast<uint64_t>(entry.getMaxRows()),
         static_cast<uint64_t>(entry.getArenaBytes()),
         static_cast<uint64_t>(entry.getScratchBytes())});
  if (description.entries.empty())
    return native.emitError("expected at least one tenon_rt.entry in a module "
                            "of the native phase");
  return description;
}

uint64_t sumCode(ArrayRef<cpu::ObjectFile> objects) {
  uint64_t bytes = 0;
  for (const cpu::ObjectFile &object : objects)
    bytes += object.codeBytes;
  return bytes;
}

} // namespace

LogicalResult Compilation::pack(Archives &archives,
                                llvm::ArrayRef<PackedTensor> plan,
                                cpu::ArtifactDescription &description,
                                std::optional<WeightFile> &file) {
  auto created = WeightFile::create(files->add(".weights"), archives.metadata(),
                                    description.weightsBytes);
  if (!created)
    return fail(files->failure(".weights", created.takeError()));
  file.emplace(std::move(*created));
  auto read = [&](const PackedTensor &tensor) { return archives.read(tensor); };
  if (failed(packWeights(context, plan, read, file->packed())))
    return failure();
  description.weightsId = file->seal();
  return success();
}

FailureOr<cpu::ArtifactDescription> Compilation::describeArtifact() {
  auto description = describe(*module);
  if (failed(description))
    return failure();
  // The IR may come from an earlier run for another machine.
  if (!options.cpu.empty() && current.name != description->cpu)
    return module->emitError("--cpu: expected ")
           << description->cpu << ", for which this IR was scheduled, but got "
           << current.name << "; compile from an earlier phase";
  auto target = cpu::CpuTarget::get(description->cpu);
  if (!target)
    return fail(target.takeError());
  current.target = std::move(*target);
  description->name = checked.name;
  description->compiler = getVersion().str();
  description->triple = current.target.triple;
  description->cpu = current.target.name;
  description->features = current.target.featureList();
  description->sanitizer = cpu::sanitizerName(checked.sanitizer).str();
  return description;
}

FailureOr<std::vector<cpu::ObjectFile>>
Compilation::emitObjects(const cpu::ArtifactDescription &description) {
  std::vector<llvm::StringRef> entries;
  for (const cpu::EntryDescription &entry : description.entries)
    entries.push_back(entry.function);
  if (reuse)
    llvm::append_range(entries, reuse->kept());
  auto objects =
      cpu::emitObjects(*module, current.target, checked.sanitizer, entries);
  if (failed(objects))
    return failure();
  if (reuse) {
    objects = reuse->complete(std::move(*objects));
    warnOfCache(reuse->takeProblems());
  }
  return objects;
}

LogicalResult Compilation::writeArtifact() {
  auto description = describeArtifact();
  if (failed(description))
    return failure();

  auto plan = planPacking(*module);
  if (failed(plan))
    return failure();
  if (plan->empty())
    return module->emitError("expected at least one tenon.weight in a module "
                             "of the native phase, but got none");
  if (description->weightsBytes != getSectionBytes(*plan))
    return module->emitError("expected tenon_rt.artifact to say that the "
                             "packed weights have ")
           << getSectionBytes(*plan) << " bytes, but got "
           << description->weightsBytes;
  auto archives = Archives::open(
      *module, source.isInMemory()
                   ? llvm::StringRef()
                   : llvm::sys::path::parent_path(source.path()));
  if (failed(archives))
    return failure();
  if (auto file = archives->metadataFile())
    if (auto error =
            checkTokenizer(archives->metadata(), description->vocab, *file))
      return fail(std::move(error));

  std::optional<WeightFile> weights;
  if (options.weights) {
    if (failed(pack(*archives, *plan, *description, weights)))
      return failure();
    monitor.endStep("pack weights");
  }

  auto objects = emitObjects(*description);
  if (failed(objects))
    return failure();
  std::vector<cpu::ArtifactDescription> variants = {*description};
  if (failed(addVariants(*plan, variants, *objects)))
    return failure();
  std::vector<llvm::StringRef> entries;
  for (const cpu::ArtifactDescription &variant : variants)
    for (const cpu::EntryDescription &entry : variant.entries)
      entries.push_back(entry.function);
  // The least demanding CPU: whoever reads the table may have no other.
  llvm::LLVMContext llvmContext;
  auto table = cpu::emitObject(*cpu::buildDescriptor(llvmContext, variants),
                               current.target, cpu::Sanitizer::None, entries);
  if (!table)
    return fail(table.takeError());
  objects->push_back(std::move(*table));
  monitor.endStep("emit objects");

  std::string library = files->add(".so");
  if (auto error = cpu::linkLibrary(
          *objects, {library, checked.name + ".so", TENON_RT_ARTIFACT_SYMBOL,
                     checked.sanitizer, current.target.triple}))
    return fail(files->failure(".so", std::move(error)));
  auto bytes = llvm::MemoryBuffer::getFile(library, /*IsText=*/false,
                                           /*RequiresNullTerminator=*/false);
  if (!bytes)
    return fail(
        files->failure(".so", llvm::errorCodeToError(bytes.getError())));
  llvm::ArrayRef<uint8_t> image(
      reinterpret_cast<const uint8_t *>((*bytes)->getBufferStart()),
      (*bytes)->getBufferSize());
  if (weights)
    if (auto error = weights->finish(image))
      return fail(files->failure(".weights", std::move(error)));

  ArtifactFacts facts;
  facts.description = &*description;
  facts.variants = variants;
  facts.tensors = *plan;
  facts.kernels = costs;
  facts.rates = checked.rates;
  facts.libraryHash = toHex(hash128(image));
  facts.libraryBytes = image.size();
  facts.codeBytes = sumCode(*objects);
  if (auto error = files->write(".h", [&](llvm::raw_ostream &stream) {
        writeHeader(*description, stream);
      }))
    return fail(std::move(error));
  if (auto error = files->write(".json", [&](llvm::raw_ostream &stream) {
        writeFacts(facts, stream);
      }))
    return fail(std::move(error));
  auto paths = files->commit();
  if (!paths)
    return fail(paths.takeError());
  result.files = std::move(*paths);
  result.codeBytes = facts.codeBytes;
  result.weightBytes = description->weightsBytes;
  monitor.endStep("link and write");
  return success();
}
