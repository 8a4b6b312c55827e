//===- IRFuzzer.cpp - any bytes as IR of the core dialect -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Text goes through the parser and the verifiers of the core dialect. What is
// valid must survive a print and a second parse, and the canonicaliser and the
// linearity of caches must cope with it. An input that starts with `V` or `T`
// and a zero byte goes to the dialect's reader of bytecode versions or types.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/IR/Tenon.h"
#include "dialects/Tenon/Transforms/Passes.h"
#include "test/Fuzz/IR/BytecodeInput.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace tenon;

/// LLVM's arenas poison what they have not handed out, in code that is compiled
/// with ASan only; libMLIR hands out memory of the same arenas without it.
extern "C" const char *__asan_default_options() {
  return "allow_user_poisoning=0";
}

/// A context without threads; made anew now and then, since it keeps every
/// type and attribute that it has seen.
static MLIRContext &getContext() {
  static std::unique_ptr<MLIRContext> context;
  static unsigned runs = 0;
  if (!context || ++runs % 256 == 0) {
    context = std::make_unique<MLIRContext>(MLIRContext::Threading::DISABLED);
    context
        ->loadDialect<TenonDialect, func::FuncDialect, arith::ArithDialect>();
  }
  return *context;
}

/// Reads a version or a type as from bytecode; a type that was read is printed.
static void readBytecode(MLIRContext &context, char kind, StringRef bytes) {
  auto *dialect = context.getLoadedDialect<TenonDialect>();
  auto *interface = dialect->getRegisteredInterface<BytecodeDialectInterface>();
  BytecodeInput input(&context, bytes);
  if (kind == 'V') {
    (void)interface->readVersion(input);
  } else if (Type type = interface->readType(input)) {
    std::string text;
    llvm::raw_string_ostream(text) << type;
    if (parseType(text, &context) != type) {
      llvm::errs() << "printed type is not parsed: " << text << "\n";
      abort();
    }
  }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  MLIRContext &context = getContext();
  ScopedDiagnosticHandler quiet(&context,
                                [](Diagnostic &) { return success(); });
  // Ends with a zero byte, as a file in memory does: the lexer looks at it.
  std::string bytes(reinterpret_cast<const char *>(data), size);
  StringRef input = bytes;
  if (input.size() >= 2 && input[1] == 0 &&
      (input[0] == 'V' || input[0] == 'T')) {
    readBytecode(context, input[0], input.drop_front(2));
    return 0;
  }
  // The container of bytecode is MLIR's.
  if (input.starts_with("ML\xefR"))
    return 0;
  ParserConfig config(&context);
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(input, config);
  if (!module)
    return 0;
  std::string text;
  llvm::raw_string_ostream os(text);
  module->print(os);
  OwningOpRef<ModuleOp> again = parseSourceString<ModuleOp>(text, config);
  if (!again) {
    llvm::errs() << "printed IR is not parsed:\n" << text;
    abort();
  }
  (void)verifyLinearCaches(*module);
  PassManager manager(&context);
  manager.addPass(createCanonicalizerPass());
  if (failed(manager.run(*module))) {
    llvm::errs() << "canonical form is not valid:\n" << text;
    abort();
  }
  return 0;
}
