//===- Library.h - kernels of cases as machine code -------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Takes the functions of many cases through the passes and builders that a
// model takes: schedules are chosen, kernels built and lowered, objects emitted
// and linked to one library, which is loaded here.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TEST_CONFORMANCE_LIBRARY_H
#define TENON_TEST_CONFORMANCE_LIBRARY_H

#include "lib/Target/CPU/CpuTarget.h"
#include "lib/Target/CPU/Kernels/Kernels.h"

#include "llvm/ADT/DenseMap.h"

#include <memory>
#include <string>

namespace tenon::conformance {

/// What a kernel of a case became.
struct Machine {
  cpu::KernelShape shape;
  cpu::KernelWork work;
  /// Takes a pointer per memref and a number per index.
  void *function = nullptr;
  /// The same for the other parts, where there are any.
  void *prologue = nullptr, *finish = nullptr;
};

/// A loaded library with the kernels of a module.
class Library {
public:
  /// Compiles every kernel of the functions of `module`; an error says which
  /// step failed. `machine`: what code is emitted for, where it differs from
  /// what kernels are built for.
  /// @{
  static llvm::Expected<std::unique_ptr<Library>>
  create(mlir::ModuleOp module, const cpu::CpuTarget &target,
         const cpu::CpuTarget &machine);
  static llvm::Expected<std::unique_ptr<Library>>
  create(mlir::ModuleOp module, const cpu::CpuTarget &target) {
    return create(module, target, target);
  }
  /// @}
  ~Library();

  const Machine &get(KernelOp kernel) const {
    return machines.find(kernel.getOperation())->second;
  }
  /// Bytes of machine code, and how many functions there are.
  /// @{
  uint64_t codeBytes = 0;
  size_t functions = 0;
  /// @}

private:
  llvm::Error load(mlir::ModuleOp module, const cpu::CpuTarget &target,
                   llvm::ArrayRef<std::string> names);

  llvm::DenseMap<mlir::Operation *, Machine> machines;
  llvm::DenseMap<mlir::Operation *, size_t> numbers;
  void *handle = nullptr;
  std::string kept; ///< folder to remove at the end
};

} // namespace tenon::conformance

#endif // TENON_TEST_CONFORMANCE_LIBRARY_H
