//===- Library.cpp - kernels of cases as machine code ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A library shows one symbol, so a table of pointers to all kernels is that
// symbol. Kernels are reached through the wrappers that take memrefs by
// pointer: every argument is then 64 bits wide.
//
//===----------------------------------------------------------------------===//

#include "Library.h"
#include "Executor.h"
#include "Instrumented.h"

#include "lib/Conversion/TenonToLinalg/TenonToLinalg.h"
#include "lib/Pipelines/NativePipeline.h"
#include "lib/Target/CPU/LinkLibrary.h"
#include "lib/Target/CPU/Outline/KernelTable.h"
#include "lib/Target/CPU/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/FileSystem.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::conformance;

static constexpr llvm::StringLiteral kTable = "conformance_kernels";

static cpu::Sanitizer getSanitizer() {
  if (TENON_CONFORMANCE_ASAN)
    return cpu::Sanitizer::Address;
  if (TENON_CONFORMANCE_TSAN)
    return cpu::Sanitizer::Thread;
  return cpu::Sanitizer::None;
}

static LogicalResult scheduleAll(ModuleOp module,
                                 const CPUTargetOptions &target) {
  PassManager manager(module->getContext());
  cpu::ScheduleKernelsPassOptions options;
  cpu::setTarget(options, target);
  manager.addPass(cpu::createScheduleKernelsPass(options));
  return manager.run(module);
}

/// The passes of the kernels phase that follow the builders, and the native
/// phase.
static LogicalResult lowerAll(ModuleOp module, const CPUTargetOptions &target) {
  PipelineOptions options;
  options.target = target;
  PassManager manager(module->getContext());
  OpPassManager &kernels = manager.nest<ModuleOp>();
  buildRowKernelPasses(kernels.nest<func::FuncOp>(), options);
  kernels.addPass(createCanonicalizerPass());
  kernels.addPass(createCSEPass());
  buildNativePipeline(manager, options);
  return manager.run(module);
}

/// Adds `module @table` with the addresses of `names`.
static void addTable(ModuleOp module, llvm::ArrayRef<std::string> names) {
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  Location loc = module.getLoc();
  auto holder = ModuleOp::create(builder, loc, StringRef("table"));
  builder.setInsertionPointToStart(holder.getBody());
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  auto type = LLVM::LLVMFunctionType::get(
      LLVM::LLVMVoidType::get(builder.getContext()), {});
  for (const std::string &name : names)
    LLVM::LLVMFuncOp::create(builder, loc, name, type);
  auto array = LLVM::LLVMArrayType::get(pointer, names.size());
  auto table = LLVM::GlobalOp::create(builder, loc, array, /*isConstant=*/true,
                                      LLVM::Linkage::External, kTable,
                                      /*value=*/Attribute());
  table.setVisibility_(LLVM::Visibility::Protected);
  builder.createBlock(&table.getInitializerRegion());
  Value value = LLVM::UndefOp::create(builder, loc, array);
  for (auto [index, name] : llvm::enumerate(names)) {
    Value address = LLVM::AddressOfOp::create(builder, loc, pointer, name);
    value = LLVM::InsertValueOp::create(builder, loc, value, address,
                                        static_cast<int64_t>(index));
  }
  LLVM::ReturnOp::create(builder, loc, value);
}

static llvm::Error makeError(const llvm::Twine &step) {
  return llvm::createStringError("expected kernels that compile, but " + step +
                                 " failed");
}

llvm::Error Library::load(ModuleOp module, const cpu::CpuTarget &target,
                          llvm::ArrayRef<std::string> names) {
  FailureOr<std::vector<cpu::ObjectFile>> objects =
      cpu::emitObjects(module, target, getSanitizer(), {});
  if (failed(objects))
    return makeError("emission");
  for (const cpu::ObjectFile &object : *objects)
    codeBytes += object.codeBytes;
  llvm::SmallString<128> folder;
  if (std::error_code error =
          llvm::sys::fs::createUniqueDirectory("tenon-conformance", folder))
    return llvm::createStringError(error, "expected a temporary folder");
  std::string path = (folder + "/kernels.so").str();
  cpu::LinkOptions link{path, "kernels.so", kTable.str(), getSanitizer(),
                        target.triple};
  llvm::Error error = cpu::linkLibrary(*objects, link);
  std::vector<void *> table;
  if (!error) {
    auto loaded =
        Executor::get().load(path, kTable.str(), names.size(), handle);
    if (loaded)
      table = std::move(*loaded);
    else
      error = loaded.takeError();
  }
  // A sanitizer that reports something looks for the file's symbols.
  if (getSanitizer() == cpu::Sanitizer::None)
    llvm::sys::fs::remove_directories(folder);
  else
    kept = folder.str().str();
  if (error)
    return error;
  for (auto &[kernel, machine] : machines) {
    void **parts = &table[numbers.lookup(kernel)];
    machine.function = parts[0];
    if (machine.work.hasParts) {
      machine.prologue = parts[1];
      machine.finish = parts[2];
    }
  }
  return llvm::Error::success();
}

llvm::Expected<std::unique_ptr<Library>>
Library::create(ModuleOp module, const cpu::CpuTarget &target,
                const cpu::CpuTarget &machine) {
  CPUTargetOptions options = getCPUTargetOptions(target);
  if (failed(scheduleAll(module, options)))
    return makeError("scheduling");
  std::unique_ptr<Library> library(new Library);
  cpu::KernelTable table(module, options);
  SmallVector<func::FuncOp> functions(module.getOps<func::FuncOp>());
  llvm::MapVector<Operation *, size_t> known;
  std::vector<std::string> names;
  bool isBuilt = true;
  for (func::FuncOp function : functions)
    function.walk([&](KernelOp kernel) {
      FailureOr<cpu::KernelShape> shape = cpu::classifyKernel(kernel);
      if (failed(shape)) {
        isBuilt = false;
        return;
      }
      cpu::KernelFormats formats;
      for (Type type : kernel.getInputs().getTypes()) {
        auto weight = dyn_cast<WeightType>(type);
        formats.push_back(weight ? weight.getSchemes().front()
                                 : SchemeKind::F32);
      }
      FailureOr<func::FuncOp> built = table.get(kernel, *shape, formats);
      if (failed(built)) {
        isBuilt = false;
        return;
      }
      cpu::KernelWork work = cpu::getKernelWork(kernel, *shape);
      auto [entry, isNew] = known.insert({built->getOperation(), names.size()});
      SmallVector<cpu::KernelPart> parts = {cpu::KernelPart::Work};
      if (work.hasParts)
        parts.append({cpu::KernelPart::Prologue, cpu::KernelPart::Finish});
      for (cpu::KernelPart part : parts) {
        if (!isNew)
          break;
        func::FuncOp function = cpu::KernelTable::getPart(*built, part);
        function->setAttr(LLVM::LLVMDialect::getEmitCWrapperAttrName(),
                          UnitAttr::get(module->getContext()));
        names.push_back("_mlir_ciface_" + function.getName().str());
      }
      library->numbers[kernel] = entry->second;
      library->machines[kernel] = {*shape, work};
    });
  if (!isBuilt)
    return makeError("a builder");
  library->functions = names.size();
  if (failed(lowerAll(module, options)))
    return makeError("lowering");
  addTable(module, names);
  if (llvm::Error error = library->load(module, machine, names))
    return error;
  return library;
}

Library::~Library() {
  if (handle)
    Executor::get().unload(handle);
  if (!kept.empty())
    llvm::sys::fs::remove_directories(kept);
}
