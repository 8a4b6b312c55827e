//===- ScheduleKernels.cpp - how kernels run, how weights lie -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tile sizes of contractions and of attention are chosen in files of their own.
// Work row by row is done by every worker for itself when there are few rows,
// and one row is appended by the last worker to finish what comes before, so
// that nobody waits.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/AttentionSchedule.h"
#include "lib/Target/CPU/ContractionSchedule.h"
#include "lib/Target/CPU/Kernels/CacheLayout.h"
#include "lib/Target/CPU/Kernels/Kernels.h"
#include "lib/Target/CPU/Outline/CheckEntry.h"
#include "lib/Target/CPU/Outline/RowRuns.h"
#include "lib/Target/CPU/Packing.h"
#include "lib/Target/CPU/Passes.h"

namespace tenon::cpu {
#define GEN_PASS_DEF_SCHEDULEKERNELSPASS
#include "lib/Target/CPU/Passes.h.inc"
} // namespace tenon::cpu

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

namespace {

struct ScheduleKernelsPass
    : cpu::impl::ScheduleKernelsPassBase<ScheduleKernelsPass> {
  using ScheduleKernelsPassBase::ScheduleKernelsPassBase;
  void runOnOperation() override;

private:
  LogicalResult schedule(KernelOp kernel, int64_t maxRows);
  LogicalResult packWeights();
};

} // namespace

/// True when all workers have met between `kernel` and `maker`, a later op of
/// its block: work other than row by row is always shared out.
static bool meetsBefore(KernelOp kernel, Operation *maker) {
  for (Operation *op = kernel->getNextNode(); op && op != maker;
       op = op->getNextNode())
    if (auto other = dyn_cast<KernelOp>(op)) {
      FailureOr<KernelShape> shape = classifyKernel(other);
      if (succeeded(shape) && *shape != KernelShape::Rows &&
          *shape != KernelShape::Merge)
        return true;
    }
  return false;
}

/// True when workers have to meet after `kernel`: a stack carries its result,
/// the caller gets it, or the next value of what it reads takes the same
/// memory right after.
static bool needsBarrier(KernelOp kernel) {
  for (Operation *user : kernel->getUsers())
    if (isa<StackOp, YieldOp, func::ReturnOp>(user))
      return true;
  auto stack = dyn_cast<StackOp>(kernel->getParentOp());
  if (!stack)
    return false;
  for (Value input : kernel.getInputs())
    for (auto [carried, yielded] :
         llvm::zip(stack.getCarried(), stack.getYield().getOperands()))
      if (input == carried && isa<RankedTensorType>(input.getType()) &&
          !meetsBefore(kernel, yielded.getDefiningOp()))
        return true;
  return false;
}

LogicalResult ScheduleKernelsPass::schedule(KernelOp kernel, int64_t maxRows) {
  bool one = maxRows == 1;
  bool isByRow = attendsByRow(kernel->getParentOfType<func::FuncOp>());
  FailureOr<KernelShape> shape = classifyKernel(kernel);
  if (failed(shape))
    return failure();
  if (kernel.getSchedule())
    return checkSchedule(kernel, *shape, maxRows);
  Attribute schedule;
  switch (*shape) {
  case KernelShape::Contract:
    schedule = chooseContraction(
        kernel, maxRows,
        makeTarget(vectorBits, vectorRegisters, cacheBytes, features));
    break;
  case KernelShape::Attend:
    schedule =
        chooseAttention(cast<AttentionOp>(kernel.getBody().front().front()),
                        isByRow, vectorBits, vectorRegisters);
    break;
  case KernelShape::Rows:
  case KernelShape::Merge:
    schedule = RowsAttr::get(&getContext(), maxRows <= kStepRows &&
                                                    !needsBarrier(kernel) &&
                                                    !isInRowRun(kernel)
                                                ? Split::None
                                                : Split::Rows);
    break;
  case KernelShape::Embed:
    schedule = RowsAttr::get(&getContext(), Split::Rows);
    break;
  case KernelShape::Append:
    schedule =
        RowsAttr::get(&getContext(), one ? Split::One : Split::HeadsAndRows);
    break;
  }
  kernel.setScheduleAttr(schedule);
  return success();
}

/// Packing and offsets of every weight: whole layers one after the other, in
/// the order in which the module declares the weights.
LogicalResult ScheduleKernelsPass::packWeights() {
  Builder builder(&getContext());
  SmallVector<WeightOp> weights(getOperation().getOps<WeightOp>());
  DenseMap<Operation *, SmallVector<int64_t>> offsets;
  int64_t at = 0;
  WeightOp beyond;
  auto place = [&](WeightOp weight, int64_t layer) {
    offsets[weight].push_back(at);
    int64_t bytes = getAlignedBytes(weight, layer);
    if (bytes > maxPackedBytes - at)
      beyond = weight;
    else
      at += bytes;
  };
  int64_t layers = 0;
  for (WeightOp weight : weights) {
    if (!weight.getLayers())
      place(weight, 0);
    layers = std::max(layers, weight.getCount());
  }
  for (int64_t layer = 0; layer < layers; ++layer)
    for (WeightOp weight : weights)
      if (weight.getLayers() && layer < weight.getCount())
        place(weight, layer);
  if (beyond)
    return beyond.emitOpError("expected at most ")
           << maxPackedBytes
           << " bytes of packed weights, but all of them take more";
  for (WeightOp weight : weights) {
    bool vector = weight.getShape().size() == 1;
    weight.setPackingAttr(PackAttr::get(&getContext(), vector ? 1 : kLanes));
    weight.setOffsetsAttr(builder.getDenseI64ArrayAttr(offsets[weight]));
  }
  return success();
}

void ScheduleKernelsPass::runOnOperation() {
  if (failed(checkVectors(getOperation(), vectorBits, vectorRegisters)))
    return signalPassFailure();
  for (auto function : getOperation().getOps<func::FuncOp>()) {
    std::optional<int64_t> maxRows = getMaxRows(function);
    if (!maxRows)
      continue;
    WalkResult result = function.walk([&](KernelOp kernel) {
      return failed(schedule(kernel, *maxRows)) ? WalkResult::interrupt()
                                                : WalkResult::advance();
    });
    if (result.wasInterrupted())
      return signalPassFailure();
  }
  if (failed(packWeights()))
    signalPassFailure();
}
