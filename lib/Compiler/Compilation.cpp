//===- Compilation.cpp - the way of one model through the phases ----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The output folder is opened first: that it cannot be written should be said
// before minutes of work, not after. Phases run one by one, each with its own
// pass manager, so that any of them can be the first or the last.
//
//===----------------------------------------------------------------------===//

#include "lib/Compiler/Compilation.h"

#include "dialects/Tenon/Transforms/Passes.h"
#include "lib/Compiler/Explain.h"
#include "lib/Pipelines/NativePipeline.h"

#include "mlir/Parser/Parser.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace tenon;

void tenon::printIR(ModuleOp module, llvm::raw_ostream &stream) {
  module.print(stream);
  stream << '\n';
}

LogicalResult Compilation::fail(llvm::Error error) {
  return emitError(UnknownLoc::get(context))
         << llvm::toString(std::move(error));
}

LogicalResult Compilation::load() {
  if (!checked.sourceIsIR) {
    module = importGGUF(source.path(), context, checked.import);
    return success(bool(module));
  }
  std::unique_ptr<llvm::MemoryBuffer> buffer;
  if (source.isInMemory()) {
    buffer = llvm::MemoryBuffer::getMemBuffer(source.contents(), source.path());
  } else {
    auto file = llvm::MemoryBuffer::getFile(source.path());
    if (!file)
      return fail(llvm::createStringError(
          file.getError(), "%s: expected a file that can be read, but got: %s",
          source.path().c_str(), file.getError().message().c_str()));
    buffer = std::move(*file);
  }
  auto manager = std::make_shared<llvm::SourceMgr>();
  manager->AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  module = parseSourceFile<ModuleOp>(manager, ParserConfig(context));
  return success(bool(module));
}

void Compilation::warnOfCache(llvm::ArrayRef<std::string> problems) {
  for (const std::string &problem : problems)
    emitWarning(UnknownLoc::get(context))
        << "kernel cache " << options.cacheFolder << ": " << problem;
}

void Compilation::openCache() {
  // Dumped phases and IR that is written show all kernels, and IR of later
  // phases may hold anything under their names.
  if (options.cacheFolder.empty() || checked.to != Phase::Artifact ||
      checked.from >= Phase::Kernels || !options.dumpPhases.empty())
    return;
  auto cache = KernelCache::open(options.cacheFolder, options.cacheLimit);
  if (!cache)
    return warnOfCache(
        "it cannot be used: " + llvm::toString(cache.takeError()) +
        "; choose another folder with --cache-dir, or none "
        "with --no-cache");
  auto emission = describeEmission(current.target, checked.sanitizer);
  if (!emission)
    return warnOfCache("it is not used, because the compiler cannot read its "
                       "own program: " +
                       llvm::toString(emission.takeError()));
  reuse.emplace(std::move(*cache), std::move(*emission));
}

LogicalResult Compilation::runKernelsPhase(const PipelineOptions &pipeline) {
  PassManager outline(context), lower(context);
  buildOutlinePipeline(outline, pipeline);
  buildKernelBodyPipeline(lower, pipeline);
  if (failed(outline.run(*module)))
    return failure();
  reuse->take(*module);
  result.kernels += reuse->totalCount();
  result.cachedKernels += reuse->foundCount();
  return lower.run(*module);
}

LogicalResult Compilation::runPhase(Phase phase) {
  PipelineOptions pipeline;
  pipeline.target = getCPUTargetOptions(current.target);
  pipeline.target.cpu = current.name;
  // What all CPUs share may count on what all of them have.
  if (phase <= Phase::Optimized)
    for (const CheckedCpu &other : checked.others)
      llvm::erase_if(pipeline.target.features, [&](const std::string &feature) {
        return !other.target.has(feature);
      });
  pipeline.activations = checked.activations;
  pipeline.disabledPasses = options.disabledPasses;
  pipeline.hasMarks = options.profile;
  pipeline.name = checked.name;
  if (phase == Phase::Kernels && reuse)
    return runKernelsPhase(pipeline);
  PassManager manager(context);
  buildPhasePipeline(manager, phase, pipeline);
  return manager.run(*module);
}

LogicalResult Compilation::dump(Phase phase) {
  if (options.dumpPhases.empty())
    return success();
  std::error_code made = llvm::sys::fs::create_directories(options.dumpPhases);
  if (!made && !llvm::sys::fs::is_directory(options.dumpPhases))
    made = std::make_error_code(std::errc::not_a_directory);
  if (made)
    return fail(llvm::createStringError(
        made,
        "%s: expected a folder for --dump-phases, but got: %s; give one that "
        "exists or can be made",
        options.dumpPhases.c_str(), made.message().c_str()));
  llvm::SmallString<128> path(options.dumpPhases);
  // The first CPU's files have the plain names.
  bool isOther = phase > Phase::Optimized && current.name != checked.cpu;
  llvm::sys::path::append(path, checked.name + "." +
                                    (isOther ? current.name + "." : "") +
                                    llvm::Twine(static_cast<int>(phase) + 1) +
                                    "-" + getPhaseName(phase) + ".mlir");
  // LLVM's writeToOutput would end the process when the disk is full.
  std::error_code error;
  llvm::raw_fd_ostream stream(path, error);
  if (!error) {
    printIR(*module, stream);
    stream.close();
    error = stream.error();
    stream.clear_error();
    if (error)
      llvm::sys::fs::remove(path);
  }
  if (!error)
    return success();
  return fail(llvm::createStringError(
      error, "%s: cannot be written: %s; give another folder for --dump-phases",
      path.c_str(), error.message().c_str()));
}

LogicalResult Compilation::writeIR() {
  std::string suffix = "." + getPhaseName(checked.to).str() + ".mlir";
  if (auto error = files->write(
          suffix, [&](llvm::raw_ostream &stream) { printIR(*module, stream); }))
    return fail(std::move(error));
  auto paths = files->commit();
  if (!paths)
    return fail(paths.takeError());
  result.files = std::move(*paths);
  return success();
}

LogicalResult Compilation::run() {
  auto opened = OutputFiles::open(output.path(), checked.name);
  if (!opened)
    return fail(opened.takeError());
  files = std::move(*opened);
  if (failed(load()) || failed(dump(checked.from)))
    return failure();
  // Phases check what they make; IR from a file was made by anybody.
  if (checked.from >= Phase::Kernels && failed(verifyEntries(*module)))
    return failure();
  if (checked.from == Phase::Scheduled) {
    PassManager contract(context);
    contract.addPass(createVerifyContractPass({"scheduled"}));
    if (failed(contract.run(*module)))
      return failure();
    costs = cpu::countKernels(*module);
  }
  monitor.endStep(checked.sourceIsIR ? "read"
                                     : getPhaseName(Phase::Imported).str());
  openCache();
  Phase last = std::min(checked.to, Phase::Native);
  for (int i = static_cast<int>(checked.from) + 1; i <= static_cast<int>(last);
       ++i) {
    Phase phase = static_cast<Phase>(i);
    if (failed(runPhase(phase)) || failed(dump(phase)))
      return failure();
    if (phase == Phase::Optimized && !checked.others.empty())
      optimized = module->clone();
    if (phase == Phase::Scheduled) {
      result.explanation = explain(*module, checked.rates);
      costs = cpu::countKernels(*module);
    }
    bool reused = phase == Phase::Kernels && reuse;
    monitor.endStep(getPhaseName(phase).str(),
                    reused ? llvm::formatv("{0} of {1} kernels from the cache",
                                           result.cachedKernels, result.kernels)
                                 .str()
                           : std::string());
  }
  return checked.to == Phase::Artifact ? writeArtifact() : writeIR();
}
