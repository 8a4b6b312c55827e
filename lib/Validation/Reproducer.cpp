//===- Reproducer.cpp - a small module that a pass breaks -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reduction is trial and error: a change stays when the pass, run again on the
// changed module, still gives other results. Each change keeps the module
// valid, so nothing has to be undone but by dropping a copy.
//
//===----------------------------------------------------------------------===//

#include "lib/Validation/Reproducer.h"

#include "lib/Validation/Inputs.h"

#include "mlir/IR/Verifier.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace tenon;

std::string tenon::describePipeline(Pass &pass, Operation *op) {
  std::string text;
  llvm::raw_string_ostream os(text);
  pass.printAsTextualPipeline(os);
  for (; op->getParentOp(); op = op->getParentOp())
    text = (op->getName().getStringRef() + "(" + text + ")").str();
  return text;
}

namespace {

/// Shrinks one module.
class Reducer {
public:
  Reducer(const ReproducerRequest &request, uint64_t seed)
      : request(request), seed(seed) {}

  OwningOpRef<ModuleOp> reduce(ModuleOp module);

private:
  using Change = llvm::function_ref<void(ModuleOp)>;

  /// True when the pass gives `module` another meaning.
  bool fails(ModuleOp module);
  /// Keeps `change` when the module still fails with it.
  bool attempt(Change change);
  void keepOneFunction();
  void shortenStacks();
  void bypassOps();

  const ReproducerRequest &request;
  uint64_t seed;
  /// Bounds the time that reduction takes.
  unsigned triesLeft = 200;
  OwningOpRef<ModuleOp> current;
};

} // namespace

bool Reducer::fails(ModuleOp module) {
  OwningOpRef<ModuleOp> after = module.clone();
  PassManager manager(module.getContext());
  // Errors of a candidate are no news.
  ScopedDiagnosticHandler quiet(module.getContext(),
                                [](Diagnostic &) { return success(); });
  if (failed(verify(module)) ||
      failed(parsePassPipeline(request.pipeline, manager)) ||
      failed(manager.run(*after)))
    return false;
  return compareModules(module, *after, request.tolerance, request.weights,
                        seed)
             .kind == Verdict::Different;
}

bool Reducer::attempt(Change change) {
  if (triesLeft == 0)
    return false;
  --triesLeft;
  OwningOpRef<ModuleOp> candidate = current->clone();
  change(*candidate);
  if (!fails(*candidate))
    return false;
  current = std::move(candidate);
  return true;
}

void Reducer::keepOneFunction() {
  auto functions = llvm::to_vector(current->getOps<func::FuncOp>());
  if (functions.size() < 2)
    return;
  for (func::FuncOp function : functions) {
    std::string name = function.getName().str();
    bool kept = attempt([&](ModuleOp module) {
      for (auto other :
           llvm::make_early_inc_range(module.getOps<func::FuncOp>()))
        if (other.getName() != name)
          other.erase();
    });
    if (kept)
      return;
  }
}

void Reducer::shortenStacks() {
  unsigned count = 0;
  current->walk([&](StackOp) { ++count; });
  for (unsigned index = 0; index < count; ++index) {
    // The first layer alone, the last alone, the first two.
    for (int choice = 0; choice < 3; ++choice) {
      bool kept = attempt([&](ModuleOp module) {
        unsigned at = 0;
        module.walk([&](StackOp stack) {
          if (at++ != index)
            return;
          int64_t first = stack.getFirst(), last = stack.getLast();
          if (choice == 1)
            stack.setFirst(std::max(first, last - 1));
          else
            stack.setLast(std::min(last, first + (choice == 0 ? 1 : 2)));
        });
      });
      if (kept)
        break;
    }
  }
}

/// Erases ops of functions without users and weights without readers.
static void eraseUnused(ModuleOp module) {
  for (bool changed = true; changed;) {
    changed = false;
    module.walk([&](Operation *op) {
      bool removable = isPure(op) || isa<AttentionOp, CacheAppendOp>(op);
      if (!removable || op->getNumResults() == 0 || !op->use_empty())
        return;
      op->erase();
      changed = true;
    });
  }
  for (auto weight : llvm::make_early_inc_range(module.getOps<WeightOp>()))
    if (SymbolTable::symbolKnownUseEmpty(weight, module))
      weight.erase();
}

void Reducer::bypassOps() {
  // Replaces an op by its operand of the same type, from the last to the first.
  unsigned count = 0;
  current->walk([&](Operation *) { ++count; });
  for (unsigned index = count; index-- > 0;) {
    attempt([&](ModuleOp module) {
      unsigned at = 0;
      Operation *op = nullptr;
      module.walk([&](Operation *candidate) {
        if (at++ == index)
          op = candidate;
      });
      if (!op || op->getNumResults() == 0)
        return;
      for (Value operand : op->getOperands())
        if (operand.getType() == op->getResult(0).getType()) {
          op->getResult(0).replaceAllUsesWith(operand);
          break;
        }
      eraseUnused(module);
    });
  }
}

OwningOpRef<ModuleOp> Reducer::reduce(ModuleOp module) {
  current = module.clone();
  // Validation replaces the weights anyway: say so.
  for (auto archive : current->getOps<ArchiveOp>()) {
    archive.setFile(("synthetic:" + Twine(seed)).str());
    archive.removeFingerprintAttr();
  }
  if (!fails(*current))
    return std::move(current);
  keepOneFunction();
  shortenStacks();
  bypassOps();
  attempt(eraseUnused);
  return std::move(current);
}

std::string tenon::writeReproducer(ModuleOp module,
                                   const ReproducerRequest &request,
                                   const ValidationOptions &options) {
  OwningOpRef<ModuleOp> reduced = Reducer(request, options.seed).reduce(module);
  SmallString<128> path(options.folder);
  llvm::sys::path::append(path, "tenon-reproducer-" + request.pass + ".mlir");
  llvm::Error error = llvm::writeToOutput(path, [&](llvm::raw_ostream &os) {
    os << "// RUN: " << options.tool << " %s --pass-pipeline='"
       << module->getName().getStringRef() << "(" << request.pipeline
       << ")' --validate-passes --validate-seed=" << options.seed << "\n\n";
    reduced->print(os, OpPrintingFlags().enableDebugInfo(false));
    os << "\n";
    return llvm::Error::success();
  });
  if (error) {
    llvm::consumeError(std::move(error));
    return {};
  }
  return path.str().str();
}
