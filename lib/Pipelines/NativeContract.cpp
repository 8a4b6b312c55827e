//===- NativeContract.cpp - contracts around the native phase -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A kernel that allocates would be slow and could fail without a way to say
// so; a call that no library of the artifact answers would only show when the
// artifact is opened. Both are refused here, by name.
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/NativePipeline.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MathExtras.h"

#include <limits>

using namespace mlir;

namespace tenon {

#define GEN_PASS_DEF_VERIFYKERNELMODULEPASS
#define GEN_PASS_DEF_VERIFYNATIVEMODULEPASS
#include "lib/Pipelines/Passes.h.inc"

namespace {

/// Largest buffer on the stack, and all those of one function together.
constexpr int64_t stackBytes = 256 * 1024;

/// Bytes of a static buffer, or the largest number where they overflow.
int64_t countBytes(MemRefType type) {
  Type element = type.getElementType();
  int64_t count = 1;
  if (auto vector = dyn_cast<VectorType>(element)) {
    count = vector.getNumElements();
    element = vector.getElementType();
  }
  int64_t bits = element.isIntOrFloat() ? element.getIntOrFloatBitWidth() : 64;
  int64_t bytes = llvm::divideCeil(count * bits, 8);
  for (int64_t extent : type.getShape())
    if (llvm::MulOverflow(bytes, extent, bytes))
      return std::numeric_limits<int64_t>::max();
  return bytes;
}

struct VerifyKernelModule
    : impl::VerifyKernelModulePassBase<VerifyKernelModule> {
  using VerifyKernelModulePassBase::VerifyKernelModulePassBase;

  void runOnOperation() override {
    markAllAnalysesPreserved();
    WalkResult result = getOperation().walk([&](Operation *op) {
      if (op == getOperation())
        return WalkResult::advance();
      if (isa<ModuleOp>(op)) {
        op->emitError("expected modules of kernels to hold no modules");
        return WalkResult::interrupt();
      }
      if (isa<memref::AllocOp, memref::DeallocOp, memref::ReallocOp>(op)) {
        op->emitOpError("expected kernels to allocate nothing; use a buffer of "
                        "the arena or a small static one on the stack");
        return WalkResult::interrupt();
      }
      if (auto function = dyn_cast<func::FuncOp>(op))
        return failed(verifyStack(function)) ? WalkResult::interrupt()
                                             : WalkResult::advance();
      for (Type type : op->getResultTypes())
        if (isa<TensorType>(type)) {
          op->emitOpError("expected buffers in kernels, but got ") << type;
          return WalkResult::interrupt();
        }
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }

private:
  static LogicalResult verifyStack(func::FuncOp function) {
    int64_t bytes = 0;
    WalkResult result = function.walk([&](memref::AllocaOp op) {
      if (!op.getType().hasStaticShape()) {
        op.emitOpError("expected a buffer of static size, but got ")
            << op.getType();
        return WalkResult::interrupt();
      }
      if (op->getBlock() != &function.getBody().front()) {
        op.emitOpError("expected buffers on the stack in the entry block of "
                       "their function, where no loop repeats them");
        return WalkResult::interrupt();
      }
      if (llvm::AddOverflow(bytes, countBytes(op.getType()), bytes))
        bytes = std::numeric_limits<int64_t>::max();
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return failure();
    if (bytes > stackBytes)
      return function.emitOpError("expected at most ")
             << stackBytes << " bytes on the stack, but got " << bytes;
    return success();
  }
};

struct VerifyNativeModule
    : impl::VerifyNativeModulePassBase<VerifyNativeModule> {
  using VerifyNativeModulePassBase::VerifyNativeModulePassBase;

  void runOnOperation() override {
    markAllAnalysesPreserved();
    WalkResult result = getOperation().walk([&](Operation *op) {
      if (op == getOperation() ||
          isa_and_nonnull<LLVM::LLVMDialect>(op->getDialect()))
        return WalkResult::advance();
      op->emitOpError("expected only the LLVM dialect in the native phase; no "
                      "pass lowers this op");
      return WalkResult::interrupt();
    });
    if (!result.wasInterrupted())
      for (auto function : getOperation().getOps<LLVM::LLVMFuncOp>())
        if (function.isExternal() && isRuntimeCall(function.getSymName())) {
          function.emitOpError("expected no call of MLIR's runtime in kernels; "
                               "a copy of strided memory or an allocation "
                               "became one");
          result = WalkResult::interrupt();
        }
    if (result.wasInterrupted())
      signalPassFailure();
  }

private:
  /// Functions that upstream conversions call and no library has.
  static bool isRuntimeCall(StringRef name) {
    static const llvm::StringSet<> names = {"memrefCopy", "malloc", "free",
                                            "aligned_alloc", "printNewline"};
    return names.contains(name) || name.starts_with("_mlir_");
  }
};

} // namespace
} // namespace tenon
