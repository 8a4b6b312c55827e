//===- Interpret.cpp - logits by the reference interpreter ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Imports a GGUF file, or reads a module (.mlir), and runs it in the
// interpreter: the path of every model before anything is optimised. Text
// arrives in calls of given sizes; the logits of all tokens go to a file of
// doubles.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/IR/Tenon.h"
#include "dialects/Tenon/Interpreter/Interpreter.h"
#include "lib/Import/GGUF/Import.h"
#include "lib/Validation/ArchiveWeights.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace tenon;

namespace {

/// Reads "1,2,3".
std::vector<int32_t> parseList(llvm::StringRef text) {
  std::vector<int32_t> numbers;
  for (llvm::StringRef part : llvm::split(text, ','))
    if (part.getAsInteger(10, numbers.emplace_back()))
      llvm::report_fatal_error("expected numbers and commas", false);
  return numbers;
}

/// The function that the model is entered by.
func::FuncOp findEntry(ModuleOp module) {
  for (auto function : module.getOps<func::FuncOp>())
    if (!function.isDeclaration())
      return function;
  return nullptr;
}

int fail(const llvm::Twine &text) {
  llvm::errs() << "error: " << text << "\n";
  return 1;
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 5)
    return fail("usage: tenon-test-interpret MODEL OUT SIZES IDS");
  std::vector<int32_t> sizes = parseList(argv[3]), ids = parseList(argv[4]);

  MLIRContext context;
  context.loadDialect<TenonDialect, func::FuncDialect, arith::ArithDialect>();
  ImportOptions options;
  options.cacheElement = ImportOptions::CacheElement::F32;
  OwningOpRef<ModuleOp> module =
      llvm::StringRef(argv[1]).ends_with(".mlir")
          ? parseSourceFile<ModuleOp>(argv[1], &context)
          : importGGUF(argv[1], &context, options);
  if (!module)
    return 1;
  func::FuncOp entry = findEntry(*module);
  if (!entry || entry.getNumArguments() != 4)
    return fail("expected an entry of ids, positions, rows and cache");
  auto cacheType = dyn_cast<CacheType>(entry.getArgumentTypes().back());
  if (!cacheType)
    return fail("expected the last argument to be a cache");

  std::error_code code;
  llvm::raw_fd_ostream out(argv[2], code);
  if (code)
    return fail(argv[2] + (": " + code.message()));
  interp::Interpreter interpreter(*module, openArchive);
  interp::RuntimeValue cache = interp::CacheValue::create(cacheType);
  int32_t at = 0;
  for (int32_t size : sizes) {
    std::vector<int32_t> piece, positions, rows;
    for (int32_t i = 0; i < size; ++i) {
      piece.push_back(ids[at + i]);
      positions.push_back(at + i);
      rows.push_back(i);
    }
    at += size;
    auto results = interpreter.run(entry, {interp::makeInts(piece),
                                           interp::makeInts(positions),
                                           interp::makeInts(rows), cache});
    if (failed(results))
      return 1;
    const auto &logits =
        *std::get<std::shared_ptr<const interp::FloatTensor>>((*results)[0]);
    out.write(reinterpret_cast<const char *>(logits.data.data()),
              logits.data.size() * sizeof(double));
    cache = (*results)[1];
  }
  return 0;
}
