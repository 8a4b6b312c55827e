//===- Session.cpp - the compiler in a process ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The registry of dialects is filled once. Every invocation gets an MLIR
// context of its own over the session's threads, so that nothing of one model
// stays behind for the next.
//
//===----------------------------------------------------------------------===//

#include "lib/Compiler/SessionImpl.h"

#include "lib/Pipelines/Phases.h"
#include "lib/Target/CPU/EmitObject.h"
#include "tenon-rt/abi.h"

#include "llvm/Config/llvm-config.h"
#include "llvm/Support/Threading.h"

using namespace tenon;

std::string Version::str() const { return "tenon " + tenon + ", LLVM " + llvm; }

Version tenon::getVersion() {
  return {TENON_VERSION, LLVM_VERSION_STRING, TENON_RT_ABI_VERSION};
}

Session::Session(unsigned threads) : implementation(new Impl(threads)) {}

Session::~Session() = default;

Session::Impl::Impl(unsigned threads)
    : pool(llvm::hardware_concurrency(threads)) {
  registerAllTenonDialects(registry);
  cpu::registerEmission(registry);
}

std::unique_ptr<mlir::MLIRContext> Session::Impl::createContext() {
  auto context = std::make_unique<mlir::MLIRContext>(
      registry, mlir::MLIRContext::Threading::DISABLED);
  if (pool.getMaxConcurrency() > 1)
    context->setThreadPool(pool);
  // A message says what to do; the IR around it can be dumped.
  context->printOpOnDiagnostic(false);
  context->loadAllAvailableDialects();
  return context;
}
