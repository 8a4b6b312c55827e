//===- Phases.h - the way of a model through the compiler -------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The phases are one enum. Each has a pipeline function that leads to it from
// the phase before, and a contract that says what the next may rely on.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_PIPELINES_PHASES_H
#define TENON_LIB_PIPELINES_PHASES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tenon {

namespace cpu {
struct CpuTarget;
} // namespace cpu

/// Phases in order. `Artifact` is files, all others are IR.
enum class Phase { Imported, Optimized, Scheduled, Kernels, Native, Artifact };

/// "imported", "optimized", "scheduled", "kernels", "native", "artifact".
llvm::StringRef getPhaseName(Phase phase);

/// The phase of this name, or nothing.
std::optional<Phase> parsePhase(llvm::StringRef name);

/// What the pipelines need to know of the machine.
struct CPUTargetOptions {
  /// As given by --cpu and as LLVM calls it: "native", "x86-64-v3", ...
  std::string cpu = "x86-64-v3";
  /// Instructions that code may use, LLVM's names: "avx2", "avx512vnni",
  /// "neon", ... A builder asks `has` before it emits any of them; without, its
  /// code is plain vector arithmetic that every target can run.
  llvm::SmallVector<std::string> features;
  /// Bits of a vector register: 128, 256 or 512.
  unsigned vectorBits = 256;
  /// Vector registers.
  unsigned vectorRegisters = 16;
  /// Bytes of a core's own second-level cache.
  uint64_t cacheBytes = 1 << 20;

  /// Whether code may use the feature: "avxvnni", "avx512vnni", "avx512bf16",
  /// "dotprod", "i8mm", ...
  bool has(llvm::StringRef feature) const {
    return llvm::is_contained(features, feature);
  }
};

/// How activations are kept where they meet weights.
enum class Activations { F32, BF16, Int8 };

/// Options of all pipelines; plain data that a session owns.
struct PipelineOptions {
  CPUTargetOptions target;
  /// Inputs of products with weights; those of Int8 stay f32 where the weights
  /// are F32, F16 or BF16.
  Activations activations = Activations::Int8;
  /// Tokens that the chunk entry takes at once.
  int64_t chunkRows = 256;
  /// Fusion passes that are left out, by name.
  std::vector<std::string> disabledPasses;
  /// Whether entries call the runtime before and after each kernel.
  bool hasMarks = false;
  /// Name of the artifact.
  std::string name = "model";
};

/// Names of the fusion passes, in order. None is needed for correctness.
llvm::ArrayRef<llvm::StringRef> getFusionPassNames();

/// Fails unless each of `names` is the name of a fusion pass.
llvm::Error checkDisabledPasses(llvm::ArrayRef<std::string> names);

/// Adds the fusion passes that are not disabled: from a kernel per op to the
/// kernels that run.
void buildFusionPipeline(mlir::OpPassManager &manager,
                         const PipelineOptions &options);

/// Adds the passes that lead from the phase before `phase` to `phase`, ending
/// with the verifier of its contract. `phase` is Optimized to Native.
void buildPhasePipeline(mlir::OpPassManager &manager, Phase phase,
                        const PipelineOptions &options);

/// The two halves of the way to Kernels: each kernel becomes a function in a
/// module of its own; those functions are lowered. In between, a module stands
/// for the code that will come of it and for nothing else.
void buildOutlinePipeline(mlir::OpPassManager &manager,
                          const PipelineOptions &options);
void buildKernelBodyPipeline(mlir::OpPassManager &manager,
                             const PipelineOptions &options);

/// The facts of a CPU that pipelines use.
CPUTargetOptions getCPUTargetOptions(const cpu::CpuTarget &target);

/// Registers the CPU's passes and the pipelines "tenon-to-optimized",
/// "tenon-to-scheduled" and "tenon-to-kernels".
void registerPhasePipelines();

/// Registers every dialect and dialect extension that any phase uses.
void registerAllTenonDialects(mlir::DialectRegistry &registry);

/// Registers every pass and a pipeline per phase ("tenon-to-kernels", ...).
void registerAllTenonPasses();

} // namespace tenon

#endif // TENON_LIB_PIPELINES_PHASES_H
