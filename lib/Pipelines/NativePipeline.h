//===- NativePipeline.h - from kernels to the LLVM dialect ------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_PIPELINES_NATIVEPIPELINE_H
#define TENON_LIB_PIPELINES_NATIVEPIPELINE_H

#include "lib/Pipelines/Phases.h"

#include "mlir/Pass/Pass.h"

namespace tenon {

#define GEN_PASS_DECL
#include "lib/Pipelines/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "lib/Pipelines/Passes.h.inc"

/// Adds the passes that lower every module nested in the top module to the
/// LLVM dialect, side by side. Ops at the top level are left as they are.
void buildNativePipeline(mlir::OpPassManager &manager,
                         const PipelineOptions &options);

/// Fails, at the entry and with the rule, unless every `tenon_rt.entry` of a
/// module of the kernels or native phase fits its driver.
mlir::LogicalResult verifyEntries(mlir::ModuleOp module);

/// Registers the pipeline as `tenon-to-native`, and the passes of its contract.
void registerNativePipeline();

} // namespace tenon

#endif // TENON_LIB_PIPELINES_NATIVEPIPELINE_H
