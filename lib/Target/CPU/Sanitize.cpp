//===- Sanitize.cpp - instrumentation of generated code -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LLVM's own passes do the work, after optimisation, as in Clang. One gap is
// filled: ThreadSanitizer's pass leaves accesses of more than 16 bytes alone,
// and those are most of what kernels do. Each gets a call of the runtime's
// check of a range.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/Sanitize.h"

#include "llvm/IR/DataLayout.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/Instrumentation/AddressSanitizer.h"
#include "llvm/Transforms/Instrumentation/ThreadSanitizer.h"

using namespace llvm;
using namespace tenon::cpu;

llvm::StringRef tenon::cpu::sanitizerName(Sanitizer sanitizer) {
  switch (sanitizer) {
  case Sanitizer::None:
    return "";
  case Sanitizer::Address:
    return "address";
  case Sanitizer::Thread:
    return "thread";
  }
  llvm_unreachable("all sanitizers have a name");
}

void tenon::cpu::markForSanitizer(Module &module, Sanitizer sanitizer) {
  if (sanitizer == Sanitizer::None)
    return;
  for (Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr(sanitizer == Sanitizer::Address
                           ? Attribute::SanitizeAddress
                           : Attribute::SanitizeThread);
  }
}

namespace {

/// The widest access that ThreadSanitizer's own pass instruments.
constexpr uint64_t kWidestBytes = 16;

/// Calls `__tsan_read_range` or `__tsan_write_range` before each wide load or
/// store.
struct WideAccessPass : PassInfoMixin<WideAccessPass> {
  static bool isRequired() { return true; }

  PreservedAnalyses run(Module &module, ModuleAnalysisManager &) {
    LLVMContext &context = module.getContext();
    FunctionType *type = FunctionType::get(
        Type::getVoidTy(context),
        {PointerType::getUnqual(context), Type::getInt64Ty(context)}, false);
    FunctionCallee read = module.getOrInsertFunction("__tsan_read_range", type);
    FunctionCallee write =
        module.getOrInsertFunction("__tsan_write_range", type);
    for (Function &function : module) {
      SmallVector<Instruction *> accesses;
      for (Instruction &instruction : instructions(function))
        if (isa<LoadInst, StoreInst>(instruction))
          accesses.push_back(&instruction);
      for (Instruction *access : accesses) {
        uint64_t bytes =
            module.getDataLayout().getTypeStoreSize(getLoadStoreType(access));
        if (bytes <= kWidestBytes)
          continue;
        IRBuilder<> builder(access);
        builder.CreateCall(
            isa<LoadInst>(access) ? read : write,
            {getLoadStorePointerOperand(access), builder.getInt64(bytes)});
      }
    }
    return PreservedAnalyses::none();
  }
};

} // namespace

void tenon::cpu::addSanitizerPasses(ModulePassManager &passes,
                                    Sanitizer sanitizer) {
  if (sanitizer == Sanitizer::Address) {
    passes.addPass(AddressSanitizerPass(AddressSanitizerOptions(),
                                        /*UseGlobalGC=*/false,
                                        /*UseOdrIndicator=*/false));
  } else if (sanitizer == Sanitizer::Thread) {
    passes.addPass(WideAccessPass());
    passes.addPass(ModuleThreadSanitizerPass());
    passes.addPass(createModuleToFunctionPassAdaptor(ThreadSanitizerPass()));
  }
}
