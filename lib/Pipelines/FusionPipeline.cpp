//===- FusionPipeline.cpp - what runs together, and in which order --------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The order of the fusion passes. What a contraction does to its sums comes
// first: gates before additions, for a gate has two contractions to win.
// Contractions that are still alone then join others of their input, which
// closes the gaps between the row work around them; row work comes last.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/Transforms/Passes.h"
#include "lib/Pipelines/Phases.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Errc.h"

using namespace mlir;
using namespace tenon;

namespace {

struct FusionPass {
  llvm::StringLiteral name;
  std::unique_ptr<Pass> (*create)();
};

} // namespace

static const FusionPass fusionPasses[] = {
    {"tenon-fuse-gates", createFuseGatesPass},
    {"tenon-fuse-additions", createFuseAdditionsPass},
    {"tenon-fuse-contractions", createFuseContractionsPass},
    {"tenon-fuse-rows", createFuseRowsPass},
};

ArrayRef<StringRef> tenon::getFusionPassNames() {
  static const SmallVector<StringRef> names(llvm::map_range(
      fusionPasses, [](const FusionPass &pass) { return pass.name; }));
  return names;
}

llvm::Error tenon::checkDisabledPasses(ArrayRef<std::string> names) {
  for (const std::string &name : names)
    if (!llvm::is_contained(getFusionPassNames(), name))
      return llvm::createStringError(
          llvm::errc::invalid_argument,
          "expected one of " + llvm::join(getFusionPassNames(), ", ") +
              ", the passes that can be left out, but got '" + name + "'");
  return llvm::Error::success();
}

void tenon::buildFusionPipeline(OpPassManager &manager,
                                const PipelineOptions &options) {
  for (const FusionPass &pass : fusionPasses)
    if (!llvm::is_contained(options.disabledPasses, pass.name))
      manager.addNestedPass<func::FuncOp>(pass.create());
}
