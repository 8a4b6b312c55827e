//===- KernelFusion.h - what fusion passes share ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Making a kernel of ops, and one kernel of several. Which kernels become one
// is decided by the passes, a file each; here is only how.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENON_TRANSFORMS_KERNELFUSION_H
#define TENON_DIALECTS_TENON_TRANSFORMS_KERNELFUSION_H

#include "dialects/Tenon/IR/Tenon.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tenon {

/// Puts `op` into a kernel of its own, which yields the results that are used.
KernelOp wrapInKernel(mlir::Operation *op);

/// Makes one kernel of `kernels`, which are in block order, at the place of
/// `at`, one of them. Their inputs have to be defined before `at` and the users
/// of their results to follow it: see `canMerge`.
KernelOp mergeKernels(llvm::ArrayRef<KernelOp> kernels, KernelOp at);

/// Whether `kernels` of one block, in block order, may run at the place of
/// `at`: none has a schedule that somebody chose, no value is used before it is
/// made, and caches are read and written in the order in which they were.
bool canMerge(llvm::ArrayRef<KernelOp> kernels, KernelOp at);

/// Whether the kernel does nothing but work row by row.
bool isRowWork(KernelOp kernel);

/// The only op of the kernel, if it is one of type `OpTy`.
template <typename OpTy>
OpTy getLoneOp(KernelOp kernel) {
  mlir::Block &block = kernel.getBody().front();
  return llvm::hasNItems(block, 2) ? llvm::dyn_cast<OpTy>(block.front())
                                   : OpTy();
}

/// The kernel that makes `value`, if it has no other result and no use but
/// `user`, an op of the same block.
KernelOp getSoleProducer(mlir::Value value, mlir::Operation *user);

/// What the kernel reads as `argument`, an argument of its body.
mlir::Value getOuterValue(KernelOp kernel, mlir::Value argument);

/// Calls `fuse` for every block of an entry that holds kernels: its body and
/// the bodies of its stacks. Other functions have no kernels to fuse.
void forEachKernelBlock(mlir::func::FuncOp function,
                        llvm::function_ref<void(mlir::Block &)> fuse);

} // namespace tenon

#endif // TENON_DIALECTS_TENON_TRANSFORMS_KERNELFUSION_H
