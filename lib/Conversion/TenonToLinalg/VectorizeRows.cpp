//===- VectorizeRows.cpp - vectors of the target's width ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An op over N elements is split where whole vectors end, the first part is
// tiled by one vector, and both are vectorised: no masks, no scalar tail.
// Reductions are left to LLVM's loop vectoriser, which keeps several partial
// sums in registers.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/AllInterfaces.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace tenon {

#define GEN_PASS_DEF_VECTORIZEROWSPASS
#include "lib/Conversion/Passes.h.inc"

namespace {

/// True for ops of one parallel loop of static length on buffers.
bool isElementwiseRow(linalg::LinalgOp op) {
  return op.hasPureBufferSemantics() && op.getNumLoops() == 1 &&
         op.getNumParallelLoops() == 1 &&
         !ShapedType::isDynamicShape(op.getStaticLoopRanges());
}

struct VectorizeRows : impl::VectorizeRowsPassBase<VectorizeRows> {
  using VectorizeRowsPassBase::VectorizeRowsPassBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    VectorizeRowsPassBase::getDependentDialects(registry);
    linalg::registerAllDialectInterfaceImplementations(registry);
  }

  void runOnOperation() override {
    if (lanes < 1) {
      getOperation().emitError("expected lanes >= 1, but got ")
          << lanes.getValue();
      return signalPassFailure();
    }
    SmallVector<linalg::LinalgOp> rows;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (isElementwiseRow(op))
        rows.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (linalg::LinalgOp op : rows)
      if (failed(vectorizeRow(rewriter, op)))
        return signalPassFailure();
  }

private:
  LogicalResult vectorizeRow(IRRewriter &rewriter, linalg::LinalgOp op) {
    int64_t length = op.getStaticLoopRanges().front();
    int64_t whole = length / lanes * lanes;
    rewriter.setInsertionPoint(op);
    TilingInterface main, rest;
    if (whole == 0)
      rest = cast<TilingInterface>(op.getOperation());
    else if (whole == length)
      main = cast<TilingInterface>(op.getOperation());
    else
      std::tie(main, rest) =
          linalg::splitOp(rewriter, cast<TilingInterface>(op.getOperation()),
                          /*dimension=*/0, rewriter.getIndexAttr(whole));
    if (main && failed(vectorizeTiled(rewriter, main)))
      return failure();
    return rest ? vectorizeWhole(rewriter, rest) : success();
  }

  LogicalResult vectorizeTiled(IRRewriter &rewriter, TilingInterface op) {
    scf::SCFTilingOptions options;
    options.setTileSizes({rewriter.getIndexAttr(lanes)});
    rewriter.setInsertionPoint(op);
    FailureOr<scf::SCFTilingResult> tiled =
        scf::tileUsingSCF(rewriter, op, options);
    if (failed(tiled))
      return op->emitOpError("expected an op that tiles by ")
             << lanes.getValue();
    rewriter.eraseOp(op);
    return vectorizeWhole(rewriter, tiled->tiledOps.front());
  }

  LogicalResult vectorizeWhole(IRRewriter &rewriter, Operation *op) {
    rewriter.setInsertionPoint(op);
    FailureOr<linalg::VectorizationResult> result =
        linalg::vectorize(rewriter, op);
    if (failed(result))
      return op->emitOpError("expected an op that has a vector form");
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace
} // namespace tenon
