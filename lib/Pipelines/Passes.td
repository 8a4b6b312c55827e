//===- Passes.td - contracts around the native phase -------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_PIPELINES_PASSES_TD
#define TENON_LIB_PIPELINES_PASSES_TD

include "mlir/Pass/PassBase.td"

def VerifyKernelModulePass
    : Pass<"tenon-verify-kernel-module", "::mlir::ModuleOp"> {
  let summary = "Checks a nested module of the kernels phase.";
  let description = [{
    Changes nothing. Kernels and drivers hold no tensors and allocate nothing
    but buffers of a small static size on the stack, in the entry block of
    their function, so that no loop grows the stack.
  }];
}

def VerifyNativeModulePass
    : Pass<"tenon-verify-native-module", "::mlir::ModuleOp"> {
  let summary = "Checks a nested module of the native phase.";
  let description = [{
    Changes nothing. The module is wholly in the LLVM dialect and calls
    neither an allocator nor a function of MLIR's own runtime.
  }];
}

def VerifyEntriesPass : Pass<"tenon-verify-entries", "::mlir::ModuleOp"> {
  let summary = "Checks what entries say of their drivers.";
  let description = [{
    Changes nothing; for modules of the kernels and native phases that come
    from a file. Every `tenon_rt.entry` names a driver that is there, takes a
    job and the number of a worker and was built for the rows and the memory
    that the entry states; in the kernels phase, no buffer of a driver reaches
    beyond the arena.
  }];
}

#endif // TENON_LIB_PIPELINES_PASSES_TD
