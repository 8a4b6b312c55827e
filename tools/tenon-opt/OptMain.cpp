//===- OptMain.cpp - what tools over textual IR share ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The flow of mlir-opt with Tenon's dialects and passes, and the validation of
// passes. Output is kept only when all went well.
//
//===----------------------------------------------------------------------===//

#include "tools/tenon-opt/OptMain.h"

#include "lib/Pipelines/Phases.h"
#include "lib/Support/Version.h"
#include "lib/Validation/Passes.h"
#include "lib/Validation/Validator.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;
using namespace tenon;

namespace {

/// Options of the tool itself; constructed after those of MLIR.
struct ToolOptions {
  llvm::cl::OptionCategory category{"Validation of passes"};
  llvm::cl::opt<bool> validate{
      "validate-passes",
      llvm::cl::desc("Run the interpreter before and after each pass on "
                     "generated inputs and compare"),
      llvm::cl::cat(category)};
  llvm::cl::opt<std::string> folder{
      "validate-dir", llvm::cl::desc("Folder for reproducers"),
      llvm::cl::value_desc("folder"), llvm::cl::init("."),
      llvm::cl::cat(category)};
  llvm::cl::opt<uint64_t> seed{
      "validate-seed", llvm::cl::desc("Seed of generated weights and inputs"),
      llvm::cl::init(1), llvm::cl::cat(category)};
};

} // namespace

int tenon::optMain(int argc, char **argv) {
  llvm::InitLLVM setup(argc, argv);
  static std::string name = llvm::sys::path::stem(argv[0]).str();
  llvm::cl::SetVersionPrinter(
      [](llvm::raw_ostream &os) { printVersion(os, name); });
  DialectRegistry registry;
  registerAllTenonDialects(registry);
  registerAllTenonPasses();
  registerTenonValidationPasses();
  ToolOptions options;
  auto [input, output] = registerAndParseCLIOptions(
      argc, argv,
      "Tenon's passes on textual or bytecode IR\n\n"
      "  tenon-opt model.mlir --canonicalize            # one pass\n"
      "  tenon-opt model.mlir --pass-pipeline='builtin.module(cse)'\n"
      "  tenon-opt model.mlir --validate-passes --cse   # and check it\n"
      "  tenon-opt model.mlir --tenon-interpret=ids=1,2 # and run it\n"
      "  tenon-opt model.mlir --emit-bytecode -o model.mlirbc\n",
      registry);

  MlirOptMainConfig parsed = MlirOptMainConfig::createFromCLOptions();
  MlirOptMainConfig config = parsed;
  ValidationReport report;
  config.setPassPipelineSetupFn([&](PassManager &manager) {
    if (options.validate) {
      manager.getContext()->disableMultithreading();
      manager.addInstrumentation(std::make_unique<Validator>(
          ValidationOptions{options.seed, options.folder, name}, report));
    }
    return parsed.setupPassPipeline(manager);
  });
  if (config.shouldShowDialects() || config.shouldListPasses() ||
      config.shouldDumpPassPipeline())
    return asMainReturnCode(MlirOptMain(argc, argv, input, output, registry));

  std::string error;
  auto buffer = openInputFile(input, &error);
  if (!buffer) {
    llvm::errs() << name << ": error: " << error << "\n";
    return 1;
  }
  auto file = openOutputFile(output, &error);
  if (!file) {
    llvm::errs() << name << ": error: " << error << "\n";
    return 1;
  }
  if (failed(MlirOptMain(file->os(), std::move(buffer), registry, config)) ||
      report.wrong != 0)
    return 1;
  file->keep();
  return 0;
}
