//===- ConvertRowKernels.cpp - functions of row kernels -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shows what becomes of row kernels one by one, for tests and for people. The
// kernels phase outlines all kernels together with their driver instead.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/Passes.h"
#include "lib/Conversion/TenonToLinalg/TenonToLinalg.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace tenon {

#define GEN_PASS_DEF_CONVERTROWKERNELSPASS
#include "lib/Conversion/Passes.h.inc"

namespace {

struct ConvertRowKernels : impl::ConvertRowKernelsPassBase<ConvertRowKernels> {
  using ConvertRowKernelsPassBase::ConvertRowKernelsPassBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    insertRowKernelDialects(registry);
  }

  void runOnOperation() override {
    OpBuilder builder(&getContext());
    SmallVector<KernelOp> kernels;
    getOperation().walk([&](KernelOp kernel) { kernels.push_back(kernel); });
    for (KernelOp kernel : kernels) {
      builder.setInsertionPointToEnd(getOperation().getBody());
      std::string name = ("kernel_" + kernel.getName()).str();
      if (getOperation().lookupSymbol(name)) {
        kernel.emitOpError("expected a name of its own, but got '")
            << kernel.getName() << "' again";
        return signalPassFailure();
      }
      auto module = ModuleOp::create(builder, kernel.getLoc(), name);
      builder.setInsertionPointToStart(module.getBody());
      FunctionType type = isRowKernel(kernel) ? getRowKernelType(kernel)
                                              : builder.getFunctionType({}, {});
      auto function =
          func::FuncOp::create(builder, kernel.getLoc(), name, type);
      function.addEntryBlock();
      if (failed(lowerRowKernel(kernel, function)))
        return signalPassFailure();
    }
  }
};

} // namespace
} // namespace tenon
