//===- EmitObject.cpp - LLVM dialect to object files in memory ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Linkage is decided here and not by whoever wrote the module: a definition
// that no other module uses becomes internal before optimisation, all others
// are hidden, so that calls between kernels need no procedure linkage table
// and the artifact exports nothing but its descriptor.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/EmitObject.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Threading.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/Errc.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;
using namespace tenon::cpu;

void tenon::cpu::registerEmission(DialectRegistry &registry) {
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
}

namespace {

/// Target, linkage and instrumentation attributes of every symbol.
void prepareSymbols(llvm::Module &module, const CpuTarget &target,
                    Sanitizer sanitizer, llvm::ArrayRef<llvm::StringRef> keep) {
  llvm::StringSet<> kept;
  for (llvm::StringRef name : keep)
    kept.insert(name);
  for (llvm::GlobalValue &value : module.global_values()) {
    // Names of LLVM's own, such as the list of constructors, have a meaning.
    if (value.getName().starts_with("llvm."))
      continue;
    // Protected: meant to be exported.
    if (value.hasProtectedVisibility() && !value.isDeclaration())
      continue;
    bool isKept = kept.contains(value.getName());
    if (value.isDeclaration() && !isKept)
      continue;
    if (!isKept) {
      value.setLinkage(llvm::GlobalValue::InternalLinkage);
      continue;
    }
    value.setLinkage(llvm::GlobalValue::ExternalLinkage);
    value.setVisibility(llvm::GlobalValue::HiddenVisibility);
    value.setDSOLocal(true);
  }

  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("tune-cpu", target.tuneFor);
    function.addFnAttr("prefer-vector-width",
                       std::to_string(target.vectorBits));
    function.addFnAttr(llvm::Attribute::NoUnwind);
    // Without a frame pointer LLVM cannot align the stack once it allocates
    // registers, and a spilled vector of 64 bytes crosses cache lines in three
    // of four calls (by where the thread's stack happens to be): such a step
    // kernel runs at half its speed.
    function.addFnAttr("frame-pointer", "all");
  }
  markForSanitizer(module, sanitizer);
}

void optimize(llvm::Module &module, llvm::TargetMachine &machine,
              Sanitizer sanitizer) {
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = true;
  tuning.SLPVectorization = true;
  llvm::PassBuilder builder(&machine, tuning);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);

  llvm::ModulePassManager passes =
      builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3);
  addSanitizerPasses(passes, sanitizer);
  passes.run(module, modules);
}

llvm::Expected<uint64_t> countCode(llvm::StringRef object) {
  auto file = llvm::object::ObjectFile::createELFObjectFile(
      llvm::MemoryBufferRef(object, "object"));
  if (!file)
    return file.takeError();
  uint64_t bytes = 0;
  for (const llvm::object::SectionRef &section : (*file)->sections())
    if (section.isText())
      bytes += section.getSize();
  return bytes;
}

} // namespace

llvm::Expected<ObjectFile>
tenon::cpu::emitObject(llvm::Module &module, const CpuTarget &target,
                       Sanitizer sanitizer,
                       llvm::ArrayRef<llvm::StringRef> keep) {
  auto machine = target.createTargetMachine();
  if (!machine)
    return machine.takeError();
  module.setTargetTriple(llvm::Triple(target.triple));
  module.setDataLayout((*machine)->createDataLayout());
  module.setPICLevel(llvm::PICLevel::BigPIC);
  prepareSymbols(module, target, sanitizer, keep);

  std::string problem;
  llvm::raw_string_ostream problems(problem);
  if (llvm::verifyModule(module, &problems))
    return llvm::createStringError(llvm::errc::invalid_argument,
                                   "expected valid LLVM IR in module '%s', "
                                   "but got: %s",
                                   module.getModuleIdentifier().c_str(),
                                   problem.c_str());
  optimize(module, **machine, sanitizer);

  ObjectFile object;
  object.name = module.getModuleIdentifier();
  llvm::raw_svector_ostream stream(object.data);
  llvm::legacy::PassManager emission;
  if ((*machine)->addPassesToEmitFile(emission, stream, /*DwoOut=*/nullptr,
                                      llvm::CodeGenFileType::ObjectFile))
    return llvm::createStringError(
        llvm::errc::not_supported,
        "expected LLVM to emit object files for '%s'", target.triple.c_str());
  emission.run(module);

  auto code = countCode({object.data.data(), object.data.size()});
  if (!code)
    return code.takeError();
  object.codeBytes = *code;
  return object;
}

mlir::FailureOr<std::vector<ObjectFile>>
tenon::cpu::emitObjects(ModuleOp native, const CpuTarget &target,
                        Sanitizer sanitizer,
                        llvm::ArrayRef<llvm::StringRef> entries) {
  // What one module declares and another defines is used across the border.
  llvm::SmallVector<ModuleOp> modules(native.getOps<ModuleOp>());
  llvm::StringSet<> unique;
  llvm::SmallVector<llvm::StringRef> keep;
  auto use = [&](llvm::StringRef name) {
    if (unique.insert(name).second)
      keep.push_back(name);
  };
  llvm::StringMap<ModuleOp> owner;
  for (ModuleOp module : modules)
    for (auto function : module.getOps<LLVM::LLVMFuncOp>())
      if (!function.isExternal())
        owner.try_emplace(function.getSymName(), module);
  for (llvm::StringRef name : entries)
    use(name);
  for (ModuleOp module : modules)
    for (auto function : module.getOps<LLVM::LLVMFuncOp>())
      if (function.isExternal() && owner.contains(function.getSymName()))
        use(function.getSymName());

  for (ModuleOp module : modules) {
    if (!module.getSymName())
      return module.emitError("expected every nested module of the native "
                              "phase to have a name, but got one without");
    for (auto function : module.getOps<LLVM::LLVMFuncOp>())
      if (!function.isExternal() && unique.contains(function.getSymName()) &&
          owner.lookup(function.getSymName()) != module)
        return function.emitError("expected one definition of '")
               << function.getSymName() << "' in the artifact, but got two";
  }

  std::vector<ObjectFile> objects(modules.size());
  auto emit = [&](size_t index) -> LogicalResult {
    ModuleOp module = modules[index];
    llvm::LLVMContext context;
    std::unique_ptr<llvm::Module> translated =
        translateModuleToLLVMIR(module, context, *module.getSymName());
    if (!translated)
      return module.emitError("expected module '")
             << *module.getSymName() << "' to be in the LLVM dialect";
    translated->setSourceFileName(*module.getSymName());
    auto object = emitObject(*translated, target, sanitizer, keep);
    if (!object)
      return module.emitError(llvm::toString(object.takeError()));
    objects[index] = std::move(*object);
    return success();
  };
  if (failed(failableParallelForEachN(native.getContext(), 0, modules.size(),
                                      emit)))
    return failure();
  return objects;
}
