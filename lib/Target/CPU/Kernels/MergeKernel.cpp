//===- MergeKernel.cpp - parts of an attention into one -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Units are rows. Weights of the parts follow from their log-sums; parts
// without weight are not read, so that a short cache costs nothing.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/Kernels/CacheLayout.h"
#include "lib/Target/CPU/Kernels/Kernels.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

namespace {

/// Vectors of a row that stay in registers while parts are added.
constexpr int64_t kColumns = 8;

class MergeBuilder {
public:
  MergeBuilder(KernelOp kernel, func::FuncOp function)
      : op(cast<MergePartsOp>(kernel.getBody().front().front())),
        function(function), arguments(kernel, KernelShape::Merge),
        count(op.getParts().getType().getDimSize(2)),
        dim(op.getParts().getType().getDimSize(3)),
        e(kernel.getLoc(), &function.front()) {}

  void build();

private:
  Value input(Value value) {
    unsigned number = cast<BlockArgument>(value).getArgNumber();
    return function.getArgument(arguments.inputs[number]);
  }
  /// Log-sums of 16 parts from `first` on; minus infinity beyond the last.
  Value loadLogSums(Value row, Value head, int64_t first);
  void emitHead(Value row, Value head);

  MergePartsOp op;
  func::FuncOp function;
  KernelArguments arguments;
  int64_t count, dim;
  Emitter e;
  Value parts, logSums, weights;
};

} // namespace

Value MergeBuilder::loadLogSums(Value row, Value head, int64_t first) {
  if (first + kLanes <= count)
    return e.loadVector(logSums, {row, head, e.index(first)});
  Value number = e.index(count - first);
  Value mask =
      vector::CreateMaskOp::create(e.b, e.vec(e.b.getI1Type()), number);
  Value some = e.loadMasked(logSums, {row, head, e.index(first)}, number);
  return arith::SelectOp::create(
      e.b, mask, some, e.splat(-std::numeric_limits<float>::infinity()));
}

void MergeBuilder::emitHead(Value row, Value head) {
  SmallVector<Value> sums;
  // Finite, so that differences are numbers where no part has anything.
  Value most = e.splat(-1.0e30);
  for (int64_t first = 0; first < count; first += kLanes) {
    sums.push_back(loadLogSums(row, head, first));
    most = e.larger(sums.back(), most);
  }
  Value maximum = e.largestLane(most);
  Value total = e.splat(0);
  for (auto [index, sum] : llvm::enumerate(sums)) {
    Value power = e.mulf(e.subf(sum, maximum), e.splat(llvm::numbers::log2e));
    Value weight = e.exp2(power);
    e.storeVector(weight, weights, {e.index(index * kLanes)});
    total = e.addf(total, weight);
  }
  Value sum = e.sumLanes(total);
  Value zero = e.f32Constant(0);
  Value some = arith::CmpFOp::create(e.b, arith::CmpFPredicate::UGT, sum, zero);
  Value factor = e.broadcast(
      arith::SelectOp::create(e.b, some, e.divf(e.f32Constant(1), sum), zero));
  Value output = function.getArgument(arguments.results[0]);
  auto lanesAt = [&](int64_t d) { return std::min(kLanes, dim - d); };
  for (int64_t begin = 0; begin < dim; begin += kColumns * kLanes) {
    int64_t end = std::min(dim, begin + kColumns * kLanes);
    SmallVector<Value> row16;
    for (int64_t d = begin; d < end; d += kLanes)
      row16.push_back(e.splat(0));
    row16 = e.loop(
        e.index(0), e.index(count), 1, row16, [&](Value p, ValueRange carried) {
          Value weight = e.load(weights, {p});
          Value used = arith::CmpFOp::create(e.b, arith::CmpFPredicate::UNE,
                                             weight, zero);
          auto added = scf::IfOp::create(e.b, carried.getTypes(), used, true);
          OpBuilder::InsertionGuard guard(e.b);
          e.b.setInsertionPointToStart(added.thenBlock());
          SmallVector<Value> next(carried);
          Value scale = e.broadcast(weight);
          for (auto [v, sum] : llvm::enumerate(next)) {
            int64_t d = begin + static_cast<int64_t>(v) * kLanes;
            SmallVector<Value> at = {row, head, p, e.index(d)};
            Value x = lanesAt(d) == kLanes
                          ? e.loadVector(parts, at)
                          : e.loadMasked(parts, at, e.index(lanesAt(d)));
            sum = e.fma(scale, x, sum);
          }
          scf::YieldOp::create(e.b, next);
          e.b.setInsertionPointToStart(added.elseBlock());
          scf::YieldOp::create(e.b, carried);
          return SmallVector<Value>(added.getResults());
        });
    for (auto [v, sum] : llvm::enumerate(row16)) {
      int64_t d = begin + static_cast<int64_t>(v) * kLanes;
      SmallVector<Value> at = {row, head, e.index(d)};
      if (lanesAt(d) == kLanes)
        e.storeVector(e.mulf(sum, factor), output, at);
      else
        e.storeMasked(e.mulf(sum, factor), output, at, e.index(lanesAt(d)));
    }
  }
  if (arguments.results.size() > 1) {
    Value largest = vector::ExtractOp::create(e.b, maximum, 0);
    Value lse = e.addf(largest, math::LogOp::create(e.b, sum));
    lse = arith::SelectOp::create(
        e.b, some, lse,
        e.f32Constant(-std::numeric_limits<double>::infinity()));
    e.store(lse, function.getArgument(arguments.results[1]), {row, head});
  }
}

void MergeBuilder::build() {
  parts = input(op.getParts());
  logSums = input(op.getPartLse());
  weights = e.view(function.getArgument(arguments.scratch), e.index(0), e.f32(),
                   {static_cast<int64_t>(llvm::alignTo(count, kLanes))});
  int64_t heads = op.getParts().getType().getDimSize(1);
  e.loop(function.getArgument(arguments.first),
         function.getArgument(arguments.last), 1, [&](Value row) {
           e.loop(e.index(0), e.index(heads), 1,
                  [&](Value head) { emitHead(row, head); });
         });
  func::ReturnOp::create(e.b);
}

LogicalResult tenon::cpu::buildMergeKernel(KernelOp kernel,
                                           func::FuncOp function) {
  MergeBuilder(kernel, function).build();
  return success();
}
