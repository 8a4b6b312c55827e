//===- KernelTable.h - one function per distinct kernel ---------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_OUTLINE_KERNELTABLE_H
#define TENON_LIB_TARGET_CPU_OUTLINE_KERNELTABLE_H

#include "lib/Target/CPU/Kernels/Kernels.h"

#include "llvm/ADT/StringMap.h"

namespace tenon::cpu {

/// The tuples of formats that the layers of a kernel use.
struct KernelVariants {
  llvm::SmallVector<KernelFormats> formats;
  /// Per layer of the kernel's stack (one entry outside of stacks): index into
  /// `formats`.
  llvm::SmallVector<int64_t> byLayer;
};

/// Collects the variants of a kernel from the weights that it reads.
KernelVariants getKernelVariants(KernelOp kernel);

/// The weight symbol that `weight` was read from.
WeightOp getWeightSymbol(mlir::Value weight);

/// Name of the function that a variant of a kernel becomes.
std::string getKernelSymbol(KernelOp kernel, KernelShape shape,
                            const KernelFormats &formats);

/// Functions of the kernels made so far, by what they compute.
class KernelTable {
public:
  KernelTable(mlir::ModuleOp module, const CPUTargetOptions &target)
      : module(module), target(target) {}

  /// The function for `kernel` with these formats: builds it in a module of
  /// its own the first time, with the kernel's other parts.
  llvm::FailureOr<mlir::func::FuncOp> get(KernelOp kernel, KernelShape shape,
                                          const KernelFormats &formats);

  /// A part of a kernel that `get` gave.
  static mlir::func::FuncOp getPart(mlir::func::FuncOp work, KernelPart part);

private:
  mlir::ModuleOp module;
  const CPUTargetOptions &target;
  llvm::StringMap<mlir::func::FuncOp> functions;
};

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_OUTLINE_KERNELTABLE_H
