//===- Compilation.h - the way of one model through the phases --*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One run of an invocation: load, phases, files. Errors go to the MLIR
// context's diagnostics, from where the invocation takes them.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_COMPILER_COMPILATION_H
#define TENON_LIB_COMPILER_COMPILATION_H

#include "lib/Compiler/Archives.h"
#include "lib/Compiler/KernelReuse.h"
#include "lib/Compiler/Monitor.h"
#include "lib/Compiler/Options.h"
#include "lib/Compiler/OutputFiles.h"
#include "lib/Compiler/WeightFile.h"
#include "lib/Target/CPU/ArtifactDescriptor.h"
#include "lib/Target/CPU/CostModel.h"

#include "mlir/IR/OwningOpRef.h"

namespace tenon {

class Compilation {
public:
  Compilation(mlir::MLIRContext *context, const CompileOptions &options,
              const CheckedOptions &checked, const Source &source,
              const Output &output, Monitor &monitor, CompileResult &result)
      : context(context), options(options), checked(checked), source(source),
        output(output), monitor(monitor), result(result),
        current{checked.cpu, checked.target} {}

  /// The whole way.
  mlir::LogicalResult run();

private:
  /// Reads the source into `module`.
  mlir::LogicalResult load();
  /// Opens the kernel cache, if this compilation has a use for one.
  void openCache();
  /// What the cache has to say goes to the user.
  void warnOfCache(llvm::ArrayRef<std::string> problems);
  mlir::LogicalResult runPhase(Phase phase);
  /// Leads to the kernels phase, less the kernels that the cache has.
  mlir::LogicalResult runKernelsPhase(const PipelineOptions &pipeline);
  /// Writes the IR to the folder of --dump-phases, if there is one.
  mlir::LogicalResult dump(Phase phase);
  mlir::LogicalResult writeIR();
  mlir::LogicalResult writeArtifact();
  /// Makes the weight file and packs the tensors into it.
  mlir::LogicalResult pack(Archives &archives,
                           llvm::ArrayRef<PackedTensor> plan,
                           cpu::ArtifactDescription &description,
                           std::optional<WeightFile> &file);
  /// What the native module says of the artifact for the current CPU.
  mlir::FailureOr<cpu::ArtifactDescription> describeArtifact();
  /// Objects of the native module for the current CPU.
  mlir::FailureOr<std::vector<cpu::ObjectFile>>
  emitObjects(const cpu::ArtifactDescription &description);
  /// Compiles `optimized` for the other CPUs: their objects join `objects`,
  /// their descriptions `variants`, which has that of the first.
  mlir::LogicalResult
  addVariants(llvm::ArrayRef<PackedTensor> plan,
              std::vector<cpu::ArtifactDescription> &variants,
              std::vector<cpu::ObjectFile> &objects);

  /// Makes an error that has no place in the IR.
  mlir::LogicalResult fail(llvm::Error error);

  mlir::MLIRContext *context;
  const CompileOptions &options;
  const CheckedOptions &checked;
  const Source &source;
  const Output &output;
  Monitor &monitor;
  CompileResult &result;
  CheckedCpu current; ///< the CPU that `module` is compiled for
  std::unique_ptr<OutputFiles> files;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::optional<KernelReuse> reuse;
  std::vector<cpu::KernelCost> costs; ///< of the scheduled phase, if it ran
  /// The optimized phase, when there are other CPUs to compile it for.
  mlir::OwningOpRef<mlir::ModuleOp> optimized;
};

/// Text of the IR as phases are dumped and written.
void printIR(mlir::ModuleOp module, llvm::raw_ostream &stream);

} // namespace tenon

#endif // TENON_LIB_COMPILER_COMPILATION_H
