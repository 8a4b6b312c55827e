//===- PhasePipelines.cpp - what leads from phase to phase ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One function per phase, in order. Each begins and ends with the verifier of
// a phase's contract where there is one: a module may have been written by hand
// at any phase.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/Transforms/Passes.h"
#include "lib/Conversion/TenonToLinalg/TenonToLinalg.h"
#include "lib/Pipelines/NativePipeline.h"
#include "lib/Pipelines/Phases.h"
#include "lib/Target/CPU/CpuTarget.h"
#include "lib/Target/CPU/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassOptions.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace tenon;

namespace {

constexpr llvm::StringLiteral phaseNames[] = {
    "imported", "optimized", "scheduled", "kernels", "native", "artifact"};

} // namespace

StringRef tenon::getPhaseName(Phase phase) {
  return phaseNames[static_cast<size_t>(phase)];
}

std::optional<Phase> tenon::parsePhase(StringRef name) {
  for (auto [index, known] : llvm::enumerate(phaseNames))
    if (known == name)
      return static_cast<Phase>(index);
  return std::nullopt;
}

/// Adds the verifier of a phase's contract.
static void addContract(OpPassManager &manager, StringRef phase) {
  VerifyContractPassOptions options;
  options.phase = phase.str();
  manager.addPass(createVerifyContractPass(options));
}

static void buildOptimizePipeline(OpPassManager &manager,
                                  const PipelineOptions &options) {
  addContract(manager, "imported");
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  if (options.activations != Activations::F32) {
    QuantizeActivationsPassOptions quantize;
    quantize.bf16 = options.activations == Activations::BF16;
    manager.addNestedPass<func::FuncOp>(
        createQuantizeActivationsPass(quantize));
  }
  manager.addNestedPass<func::FuncOp>(createFormKernelsPass());
  buildFusionPipeline(manager, options);
  manager.addNestedPass<func::FuncOp>(createCopyCarriedPass());
  MakeEntriesPassOptions entries;
  entries.chunkRows = options.chunkRows;
  manager.addPass(createMakeEntriesPass(entries));
  manager.addNestedPass<func::FuncOp>(createSplitAttentionPass());
  // AVX-VNNI and i8mm could multiply bytes as well; attention stays exact there
  // because nobody has measured it.
  RoundAttentionPassOptions round;
  round.integers = options.activations == Activations::Int8 &&
                   options.target.has("avx512vnni");
  if (options.activations != Activations::F32 &&
      (round.integers || options.target.has("avx512bf16"))) {
    manager.addNestedPass<func::FuncOp>(createRoundAttentionPass(round));
  }
  addContract(manager, "optimized");
}

static void buildSchedulePipeline(OpPassManager &manager,
                                  const PipelineOptions &options) {
  addContract(manager, "optimized");
  cpu::ScheduleKernelsPassOptions schedule;
  cpu::setTarget(schedule, options.target);
  manager.addPass(cpu::createScheduleKernelsPass(schedule));
  addContract(manager, "scheduled");
}

void tenon::buildOutlinePipeline(OpPassManager &manager,
                                 const PipelineOptions &options) {
  addContract(manager, "scheduled");
  cpu::OutlineKernelsPassOptions outline;
  cpu::setTarget(outline, options.target);
  outline.cpu = options.target.cpu;
  outline.artifactName = options.name;
  outline.hasMarks = options.hasMarks;
  manager.addPass(cpu::createOutlineKernelsPass(outline));
}

void tenon::buildKernelBodyPipeline(OpPassManager &manager,
                                    const PipelineOptions &options) {
  OpPassManager &kernels = manager.nest<ModuleOp>();
  buildRowKernelPasses(kernels.nest<func::FuncOp>(), options);
  kernels.addPass(createCanonicalizerPass());
  kernels.addPass(createCSEPass());
}

void tenon::buildPhasePipeline(OpPassManager &manager, Phase phase,
                               const PipelineOptions &options) {
  switch (phase) {
  case Phase::Imported:
  case Phase::Artifact:
    return;
  case Phase::Optimized:
    return buildOptimizePipeline(manager, options);
  case Phase::Scheduled:
    return buildSchedulePipeline(manager, options);
  case Phase::Kernels:
    buildOutlinePipeline(manager, options);
    return buildKernelBodyPipeline(manager, options);
  case Phase::Native:
    return buildNativePipeline(manager, options);
  }
}

namespace {

/// Options of the registered pipelines, with the names of tenonc.
struct PhaseOptions : PassPipelineOptions<PhaseOptions> {
  Option<std::string> cpu{*this, "cpu", llvm::cl::init("x86-64-v3"),
                          llvm::cl::desc("native, x86-64-v3, znver4, ...")};
  Option<Activations> activations{
      *this, "activations", llvm::cl::init(Activations::Int8),
      llvm::cl::desc("inputs of products with weights"),
      llvm::cl::values(clEnumValN(Activations::Int8, "int8",
                                  "integers with a scale per 32 elements "
                                  "where weights are quantised"),
                       clEnumValN(Activations::BF16, "bf16", "16-bit floats"),
                       clEnumValN(Activations::F32, "f32", "floats"))};
  Option<int64_t> chunkRows{*this, "chunk-rows", llvm::cl::init(256),
                            llvm::cl::desc("tokens that `chunk` takes")};
  ListOption<std::string> disabledPasses{
      *this, "disable-pass", llvm::cl::desc("fusion passes to leave out")};
  Option<bool> profile{*this, "profile", llvm::cl::init(false),
                       llvm::cl::desc("calls of the runtime around kernels")};
  Option<std::string> name{*this, "name", llvm::cl::init("model"),
                           llvm::cl::desc("name of the artifact")};
};

} // namespace

/// Registers a pipeline whose options can be refused, which the shorter way
/// (PassPipelineRegistration) does not allow.
static void registerPhase(Phase phase, StringRef argument,
                          StringRef description) {
  registerPassPipeline(
      argument, description,
      [phase](
          OpPassManager &manager, StringRef text,
          function_ref<LogicalResult(const Twine &)> refuse) -> LogicalResult {
        PhaseOptions given;
        if (failed(given.parseFromString(text)))
          return failure();
        PipelineOptions options;
        llvm::Expected<cpu::CpuTarget> target = cpu::CpuTarget::get(given.cpu);
        if (!target)
          return refuse("cpu: " + llvm::toString(target.takeError()));
        options.target = getCPUTargetOptions(*target);
        options.activations = given.activations;
        options.chunkRows = given.chunkRows;
        options.disabledPasses.assign(given.disabledPasses.begin(),
                                      given.disabledPasses.end());
        if (llvm::Error error = checkDisabledPasses(options.disabledPasses))
          llvm::report_fatal_error(std::move(error), /*gen_crash_diag=*/false);
        options.hasMarks = given.profile;
        options.name = given.name;
        buildPhasePipeline(manager, phase, options);
        return success();
      },
      [](function_ref<void(const mlir::detail::PassOptions &)> describe) {
        describe(PhaseOptions());
      });
}

CPUTargetOptions tenon::getCPUTargetOptions(const cpu::CpuTarget &target) {
  CPUTargetOptions options;
  options.cpu = target.name;
  options.features.assign(target.features.begin(), target.features.end());
  options.vectorBits = target.vectorBits;
  options.vectorRegisters = target.vectorRegisters;
  options.cacheBytes = target.l2Bytes;
  return options;
}

void tenon::registerPhasePipelines() {
  cpu::registerTenonCPUPasses();
  registerPhase(Phase::Optimized, "tenon-to-optimized",
                "imported -> optimized: kernels, entries");
  registerPhase(Phase::Scheduled, "tenon-to-scheduled",
                "optimized -> scheduled: schedules, packing");
  registerPhase(Phase::Kernels, "tenon-to-kernels",
                "scheduled -> kernels: functions, drivers");
}
