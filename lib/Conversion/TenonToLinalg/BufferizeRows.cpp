//===- BufferizeRows.cpp - row kernels without allocations ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rows have static shapes, so every intermediate has a static size: the
// allocation hook of one-shot bufferization puts it on the stack, at the top
// of the function.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/Passes.h"

#include "mlir/Dialect/Arith/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Linalg/Transforms/AllInterfaces.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/Transforms/SubsetInsertionOpInterfaceImpl.h"
#include "mlir/Dialect/Vector/Transforms/BufferizableOpInterfaceImpl.h"

using namespace mlir;

namespace tenon {

#define GEN_PASS_DEF_BUFFERIZEROWSPASS
#include "lib/Conversion/Passes.h.inc"

namespace {

/// Largest buffer on the stack.
constexpr int64_t maxStackBytes = 64 * 1024;

FailureOr<Value> allocateOnStack(OpBuilder &builder, Location loc,
                                 MemRefType type, ValueRange dynamicSizes,
                                 unsigned alignment) {
  Operation *parent = builder.getInsertionBlock()->getParentOp();
  auto function = dyn_cast<func::FuncOp>(parent);
  if (!function)
    function = parent->getParentOfType<func::FuncOp>();
  if (!dynamicSizes.empty() || !type.hasStaticShape() ||
      type.getNumElements() * type.getElementTypeBitWidth() / 8 > maxStackBytes)
    return emitError(loc, "expected a buffer of a static size of at most ")
           << maxStackBytes << " bytes in a row kernel, but got " << type;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&function.getBody().front());
  Value buffer = memref::AllocaOp::create(builder, loc, type,
                                          builder.getI64IntegerAttr(64));
  return buffer;
}

struct BufferizeRows : impl::BufferizeRowsPassBase<BufferizeRows> {
  using BufferizeRowsPassBase::BufferizeRowsPassBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    BufferizeRowsPassBase::getDependentDialects(registry);
    arith::registerBufferizableOpInterfaceExternalModels(registry);
    linalg::registerAllDialectInterfaceImplementations(registry);
    scf::registerBufferizableOpInterfaceExternalModels(registry);
    tensor::registerBufferizableOpInterfaceExternalModels(registry);
    tensor::registerSubsetOpInterfaceExternalModels(registry);
    vector::registerBufferizableOpInterfaceExternalModels(registry);
  }

  void runOnOperation() override {
    bufferization::OneShotBufferizationOptions options;
    options.allocationFn = allocateOnStack;
    options.bufferAlignment = 64;
    bufferization::BufferizationState state;
    if (failed(
            bufferization::runOneShotBufferize(getOperation(), options, state)))
      signalPassFailure();
  }
};

} // namespace
} // namespace tenon
