//===- Compiled.cpp - kernels of a test as machine code -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compiled.h"

#include "lib/Conversion/Passes.h"
#include "lib/Conversion/TenonToLinalg/TenonToLinalg.h"
#include "lib/Pipelines/NativePipeline.h"
#include "lib/Target/CPU/LinkLibrary.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "gtest/gtest.h"

#include <dlfcn.h>

using namespace mlir;
using namespace tenon;
using namespace tenon::test;

/// Runs the passes of a test's module up to the native phase.
static LogicalResult lower(ModuleOp module, const cpu::CpuTarget &target) {
  PipelineOptions options;
  options.target.vectorBits = target.vectorBits;
  PassManager rows(module->getContext());
  rows.addPass(createConvertRowKernelsPass());
  if (failed(rows.run(module)))
    return failure();
  for (auto function :
       llvm::make_early_inc_range(module.getOps<func::FuncOp>()))
    function.erase();
  PassManager native(module->getContext());
  buildRowKernelPasses(native.nest<ModuleOp>().nest<func::FuncOp>(), options);
  buildNativePipeline(native, options);
  return native.run(module);
}

std::unique_ptr<Compiled> Compiled::create(llvm::StringRef source,
                                           llvm::StringRef cpuName,
                                           cpu::Sanitizer sanitizer) {
  DialectRegistry registry;
  registerAllTenonDialects(registry);
  cpu::registerEmission(registry);
  MLIRContext context(registry);
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(source, &context);
  EXPECT_TRUE(module) << source.str();
  if (!module)
    return nullptr;
  auto target = cpu::CpuTarget::get(cpuName);
  if (!target) {
    ADD_FAILURE() << llvm::toString(target.takeError());
    return nullptr;
  }
  if (failed(lower(*module, *target))) {
    ADD_FAILURE() << "lowering failed";
    return nullptr;
  }
  for (auto nested : module->getOps<ModuleOp>())
    if (auto run = nested.lookupSymbol<LLVM::LLVMFuncOp>("run"))
      run.setVisibility_(LLVM::Visibility::Protected);
  auto objects = cpu::emitObjects(*module, *target, sanitizer, {"run"});
  if (failed(objects)) {
    ADD_FAILURE() << "emission failed";
    return nullptr;
  }

  auto compiled = std::unique_ptr<Compiled>(new Compiled);
  llvm::SmallString<128> folder;
  EXPECT_FALSE(llvm::sys::fs::createUniqueDirectory("tenon-test", folder));
  compiled->folder = folder.str().str();
  compiled->file = compiled->folder + "/test.so";
  cpu::LinkOptions link{compiled->file, "test.so", "run", sanitizer};
  if (llvm::Error error = cpu::linkLibrary(*objects, link)) {
    ADD_FAILURE() << llvm::toString(std::move(error));
    return nullptr;
  }
  return compiled;
}

Compiled::~Compiled() {
  if (handle)
    dlclose(handle);
  llvm::sys::fs::remove_directories(folder);
}

void Compiled::run(tenon_rt_job &job, uint64_t worker) {
  if (!handle)
    handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_TRUE(handle) << dlerror();
  auto entry = reinterpret_cast<tenon_rt_entry_fn>(dlsym(handle, "run"));
  ASSERT_TRUE(entry) << dlerror();
  entry(&job, worker);
}
