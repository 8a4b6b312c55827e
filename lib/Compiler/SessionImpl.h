//===- SessionImpl.h - what a session owns ----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_COMPILER_SESSIONIMPL_H
#define TENON_LIB_COMPILER_SESSIONIMPL_H

#include "tenon/Session.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/ThreadPool.h"

namespace tenon {

/// Dialects and threads that invocations share.
class Session::Impl {
public:
  explicit Impl(unsigned threads);

  /// A context for one invocation.
  std::unique_ptr<mlir::MLIRContext> createContext();

private:
  mlir::DialectRegistry registry;
  llvm::DefaultThreadPool pool;
};

} // namespace tenon

#endif // TENON_LIB_COMPILER_SESSIONIMPL_H
