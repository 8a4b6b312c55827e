//===- Check.h - a case on the machine and in the interpreter ---*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TEST_CONFORMANCE_CHECK_H
#define TENON_TEST_CONFORMANCE_CHECK_H

#include "Case.h"
#include "Library.h"

#include "dialects/Tenon/Interpreter/Interpreter.h"

#include <functional>
#include <map>

namespace tenon::conformance {

/// What all cases together showed.
struct Report {
  size_t runs = 0, failures = 0;
  /// Worst relative difference by group and format.
  std::map<std::pair<std::string, std::string>, double> worst;
};

/// Runs `function`, the text of `tested`, under each of its conditions and
/// with each way of sharing the units out, and compares what comes out with
/// the interpreter. Says on stderr what differs.
void check(const Case &tested, mlir::func::FuncOp function,
           interp::Interpreter &interpreter, const Library &library,
           Report &report);

/// A call that runs the kernels of `function` once, each with all of its units,
/// on buffers made for `conditions`: for what measures them.
std::function<void()> prepare(const Case &tested, const Conditions &conditions,
                              mlir::func::FuncOp function,
                              const Library &library);

/// Names what runs in the message of a signal or of a sanitizer.
void installCrashMessage();
/// Says on stderr what runs.
void printRunning();

} // namespace tenon::conformance

#endif // TENON_TEST_CONFORMANCE_CHECK_H
