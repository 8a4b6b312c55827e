//===- RowKernelPasses.cpp - from linalg on rows to vectors ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elementwise ops are fused while they are tensors; buffers come before
// vectors, so that splitting and tiling have no tensors to thread through.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/Passes.h"
#include "lib/Conversion/TenonToLinalg/TenonToLinalg.h"
#include "lib/Pipelines/Phases.h"

#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

void tenon::buildRowKernelPasses(OpPassManager &functionManager,
                                 const PipelineOptions &options) {
  functionManager.addPass(createLinalgElementwiseOpFusionPass());
  functionManager.addPass(createCanonicalizerPass());
  // Fusion forgets where a result goes; this finds it again.
  functionManager.addPass(bufferization::createEmptyTensorEliminationPass());
  functionManager.addPass(createBufferizeRowsPass());
  functionManager.addPass(createCanonicalizerPass());
  VectorizeRowsPassOptions vectors;
  vectors.lanes = options.target.vectorBits / 32;
  functionManager.addPass(createVectorizeRowsPass(vectors));
  functionManager.addPass(createConvertLinalgToLoopsPass());
  functionManager.addPass(createCanonicalizerPass());
  functionManager.addPass(memref::createFoldMemRefAliasOpsPass());
  functionManager.addPass(createCSEPass());
  functionManager.addPass(createCanonicalizerPass());
}

void tenon::registerRowKernelPipeline() {
  PassPipelineRegistration<>(
      "tenon-row-kernels-to-vector",
      "Row kernels as functions on buffers, one by one, vectorised",
      [](OpPassManager &manager) {
        manager.addPass(createConvertRowKernelsPass());
        PipelineOptions options;
        options.target.vectorBits = 512;
        buildRowKernelPasses(manager.nest<ModuleOp>().nest<func::FuncOp>(),
                             options);
      });
}
