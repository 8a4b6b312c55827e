//===- Passes.h - passes that know a CPU ------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_PASSES_H
#define TENON_LIB_TARGET_CPU_PASSES_H

#include "dialects/Tenon/IR/Tenon.h"
#include "dialects/TenonCPU/IR/TenonCPU.h"
#include "dialects/TenonRT/IR/TenonRT.h"
#include "lib/Pipelines/Phases.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace tenon::cpu {

#define GEN_PASS_DECL
#include "lib/Target/CPU/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "lib/Target/CPU/Passes.h.inc"

/// The target that a pass's options describe.
inline CPUTargetOptions makeTarget(unsigned vectorBits,
                                   unsigned vectorRegisters,
                                   uint64_t cacheBytes,
                                   llvm::ArrayRef<std::string> features) {
  CPUTargetOptions target;
  target.vectorBits = vectorBits;
  target.vectorRegisters = vectorRegisters;
  target.cacheBytes = cacheBytes;
  target.features.assign(features.begin(), features.end());
  return target;
}

/// Fills the target in `options` of a pass.
template <typename OptionsT>
void setTarget(OptionsT &options, const CPUTargetOptions &target) {
  options.vectorBits = target.vectorBits;
  options.vectorRegisters = target.vectorRegisters;
  options.cacheBytes = target.cacheBytes;
  options.features.assign(target.features.begin(), target.features.end());
}

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_PASSES_H
