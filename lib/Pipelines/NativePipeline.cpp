//===- NativePipeline.cpp - from kernels to the LLVM dialect --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The order of the passes from vector, scf and memref to LLVM. Vectors of more
// than one dimension are taken apart first, while loops still have structure;
// `convert-to-llvm` does the rest in one step, `tenon_rt` included. Optimising
// is LLVM's work, so there is little of it here.
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/NativePipeline.h"

#include "lib/Conversion/Passes.h"

#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ConvertToLLVM/ToLLVMPass.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/VectorToSCF/VectorToSCF.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/Vector/Transforms/Passes.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

void tenon::buildNativePipeline(OpPassManager &manager,
                                const PipelineOptions &) {
  OpPassManager &module = manager.nest<ModuleOp>();
  module.addPass(createVerifyKernelModulePass());

  OpPassManager &function = module.nest<func::FuncOp>();
  function.addPass(createConvertLinalgToLoopsPass());
  function.addPass(createExpandMathPass());
  function.addPass(vector::createLowerVectorMaskPass());
  function.addPass(vector::createLowerVectorMultiReductionPass(
      vector::VectorMultiReductionLowering::InnerReduction));
  function.addPass(createConvertVectorToSCFPass(
      VectorTransferToSCFOptions().enableFullUnroll()));
  function.addPass(createCanonicalizerPass());
  function.addPass(createCSEPass());

  module.addPass(memref::createExpandStridedMetadataPass());
  module.addPass(createLowerAffinePass());
  module.addPass(createSCFToControlFlowPass());
  ConvertVectorToLLVMPassOptions vectors;
  vectors.vectorContractLowering = vector::VectorContractLowering::OuterProduct;
  vectors.vectorTransposeLowering = vector::VectorTransposeLowering::Shuffle1D;
  module.addPass(createConvertVectorToLLVMPass(vectors));
  module.addPass(createConvertToLLVMPass());
  module.addPass(createReconcileUnrealizedCastsPass());
  module.addPass(createCanonicalizerPass());
  module.addPass(createCSEPass());
  module.addPass(createVerifyNativeModulePass());
}

void tenon::registerNativePipeline() {
  registerTenonNativePasses();
  PassPipelineRegistration<>(
      "tenon-to-native", "Lowers kernels and drivers to the LLVM dialect",
      [](OpPassManager &manager) { buildNativePipeline(manager, {}); });
}
