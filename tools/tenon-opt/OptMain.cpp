//===- OptMain.cpp - what tools over textual IR share ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The flow of mlir-opt with Tenon's dialects and passes.
//
//===----------------------------------------------------------------------===//

#include "tools/tenon-opt/OptMain.h"

#include "lib/Pipelines/Phases.h"
#include "lib/Support/Version.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Path.h"

using namespace mlir;

int tenon::optMain(int argc, char **argv) {
  static std::string name = llvm::sys::path::stem(argv[0]).str();
  llvm::cl::SetVersionPrinter(
      [](llvm::raw_ostream &os) { printVersion(os, name); });
  DialectRegistry registry;
  registerAllTenonDialects(registry);
  registerAllTenonPasses();
  auto [input, output] = registerAndParseCLIOptions(
      argc, argv,
      "Tenon's passes on textual or bytecode IR\n\n"
      "  tenon-opt model.mlir --canonicalize            # one pass\n"
      "  tenon-opt model.mlir --pass-pipeline='builtin.module(cse)'\n"
      "  tenon-opt model.mlir --emit-bytecode -o model.mlirbc\n",
      registry);
  return asMainReturnCode(MlirOptMain(argc, argv, input, output, registry));
}
