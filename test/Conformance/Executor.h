//===- Executor.h - where kernels run ---------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels run in this process, or in a runner that is built for another
// architecture and started under an emulator.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TEST_CONFORMANCE_EXECUTOR_H
#define TENON_TEST_CONFORMANCE_EXECUTOR_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <string>
#include <vector>

namespace tenon::conformance {

/// One call of a kernel: memref descriptors and numbers.
class Call {
public:
  void addMemref(void *data, llvm::ArrayRef<int64_t> shape);
  void addNumber(int64_t number) { arguments.push_back({number, {}}); }
  /// Whether it has no more arguments than any executor can pass.
  bool fits() const;

  struct Argument {
    int64_t number = 0;              ///< when there is no descriptor
    std::vector<int64_t> descriptor; ///< of a memref, passed by its address
  };
  std::vector<Argument> arguments;
  void *function = nullptr;
};

/// Calls in the order in which a thread makes them.
using ThreadCalls = std::vector<Call>;

/// Runs kernels, and has the memory that they work on.
class Executor {
public:
  virtual ~Executor() = default;

  /// Opens the library; gives the `count` addresses of its table `symbol`.
  virtual llvm::Expected<std::vector<void *>> load(const std::string &path,
                                                   const std::string &symbol,
                                                   size_t count,
                                                   void *&handle) = 0;
  virtual void unload(void *handle) = 0;

  /// Runs every thread's calls, all threads at the same time.
  virtual void run(llvm::ArrayRef<ThreadCalls> threads) = 0;

  /// Whole pages that can be read and written.
  virtual uint8_t *allocate(size_t bytes) = 0;
  virtual void release(uint8_t *pages, size_t bytes) = 0;
  /// PROT_* for whole pages.
  virtual void protect(uint8_t *pages, size_t bytes, int protection) = 0;

  /// The one that is in use; in this process unless another was set.
  static Executor &get();
  static void set(std::unique_ptr<Executor> executor);
};

/// Starts the runner: a command with arguments, separated by blanks. Should it
/// end early, `onDeath` is called and this process ends.
llvm::Expected<std::unique_ptr<Executor>>
startRemoteExecutor(const std::string &command, void (*onDeath)());

} // namespace tenon::conformance

#endif // TENON_TEST_CONFORMANCE_EXECUTOR_H
