//===- Compiled.h - kernels of a test as machine code -----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Takes a module with nested modules of kernels (or with row kernels) and a
// `module @driver` that has a function `run(job, worker)`, through the native
// phase into a library in a temporary folder, and calls it.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TEST_UNIT_CONVERSION_COMPILED_H
#define TENON_TEST_UNIT_CONVERSION_COMPILED_H

#include "lib/Target/CPU/EmitObject.h"
#include "tenon-rt/abi.h"

#include <memory>
#include <string>

namespace tenon::test {

/// A library made from a test's source.
class Compiled {
public:
  /// Null, after a gtest failure, when a step fails.
  static std::unique_ptr<Compiled>
  create(llvm::StringRef source, llvm::StringRef cpu = "native",
         cpu::Sanitizer sanitizer = cpu::Sanitizer::None);
  ~Compiled();

  /// Path of the library.
  const std::string &path() const { return file; }

  /// Calls `run` on this thread.
  void run(tenon_rt_job &job, uint64_t worker = 0);

private:
  std::string folder, file;
  void *handle = nullptr;
};

} // namespace tenon::test

#endif // TENON_TEST_UNIT_CONVERSION_COMPILED_H
