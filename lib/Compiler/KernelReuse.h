//===- KernelReuse.h - kernels that need not be compiled --------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Joins a compilation with the kernel cache. Kernels are looked up as soon as
// they are functions of their own: what is found leaves the IR, so that nothing
// of it is lowered, optimised or emitted again.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_COMPILER_KERNELREUSE_H
#define TENON_LIB_COMPILER_KERNELREUSE_H

#include "lib/Compiler/KernelCache.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

namespace tenon {

/// What is in a key besides the IR, as text: versions, the compiler's own
/// bytes, the target, the sanitizer. Fails if the program that runs cannot be
/// read.
llvm::Expected<std::string> describeEmission(const cpu::CpuTarget &target,
                                             cpu::Sanitizer sanitizer);

/// The key of the code of one nested module. `keep` names those of its
/// functions that stay visible, in order.
KernelCache::Key getKernelKey(mlir::ModuleOp kernel,
                              llvm::ArrayRef<std::string> keep,
                              llvm::StringRef emission);

class KernelReuse {
public:
  KernelReuse(KernelCache cache, std::string emission)
      : cache(std::move(cache)), emission(std::move(emission)) {}

  /// Takes the nested modules that the cache knows out of `outlined`.
  void take(mlir::ModuleOp outlined);

  /// Functions that modules of the artifact use of each other, the ones that
  /// were taken out included.
  llvm::ArrayRef<std::string> kept() const { return keptNames; }

  /// Adds what was compiled to the cache and what was taken out to `compiled`,
  /// in the order in which the modules were.
  std::vector<cpu::ObjectFile> complete(std::vector<cpu::ObjectFile> compiled);

  unsigned foundCount() const { return found.size(); }
  unsigned totalCount() const { return modules.size(); }

  /// See KernelCache.
  std::vector<std::string> takeProblems() { return cache.takeProblems(); }

private:
  KernelCache cache;
  std::string emission;
  std::vector<std::pair<std::string, KernelCache::Key>> modules; ///< all
  std::vector<std::string> keptNames;
  llvm::StringMap<cpu::ObjectFile> found;
};

} // namespace tenon

#endif // TENON_LIB_COMPILER_KERNELREUSE_H
