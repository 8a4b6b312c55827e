//===- RowRuns.cpp - kernels that one worker can do for a row -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// In a batch, what happens between the projections of attention happens in each
// row apart. Short caches: a worker that does all of it for a row of its own
// waits for nobody in between. Long or unequal ones: parts of each row's cache
// are shared out, because waiting costs less than the longest row. So it is
// with several rows of one sequence, which read what the others append.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/Outline/RowRuns.h"
#include "dialects/TenonCPU/IR/TenonCPU.h"
#include "dialects/TenonRT/IR/TenonRT.h"
#include "lib/Target/CPU/Kernels/Kernels.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;
using tenon::rt::JobField;

/// What a row costs beside its slots, and what the barriers of a run cost,
/// in slots of one layer. Orders of magnitude: both are some microseconds.
constexpr int64_t rowCost = 64, barrierCost = 128;

static bool usesCache(KernelOp kernel) {
  return llvm::any_of(kernel.getInputs().getTypes(),
                      [](Type type) { return isa<CacheType>(type); });
}

/// True when a kernel treats each row apart, and other kernels of its block
/// read what it makes.
static bool isOfRows(KernelOp kernel) {
  FailureOr<KernelShape> shape = classifyKernel(kernel);
  if (failed(shape) || *shape == KernelShape::Contract ||
      *shape == KernelShape::Embed)
    return false;
  auto rows =
      dyn_cast_or_null<RowsAttr>(kernel.getSchedule().value_or(Attribute()));
  if (rows && (rows.getSplit() == Split::None || rows.getSplit() == Split::One))
    return false;
  for (Operation &op : kernel.getBody().front())
    if (isa<RowsOp>(op))
      return false;
  for (Value result : kernel.getResults())
    if (isa<RankedTensorType>(result.getType()))
      for (Operation *user : result.getUsers())
        if (!isa<KernelOp>(user) || user->getBlock() != kernel->getBlock())
          return false;
  return true;
}

SmallVector<RowRun> tenon::cpu::findRowRuns(Block &block) {
  SmallVector<RowRun> runs;
  auto entry = block.getParentOp();
  if (!isa<func::FuncOp>(entry))
    entry = entry->getParentOfType<func::FuncOp>();
  if (!entry || !entry->hasAttr(kRowSequencesAttrName))
    return runs;
  RowRun run;
  auto end = [&] {
    if (run.size() > 1 && llvm::any_of(run, usesCache))
      runs.push_back(run);
    run.clear();
  };
  for (Operation &op : block) {
    auto kernel = dyn_cast<KernelOp>(op);
    if (kernel && isOfRows(kernel))
      run.push_back(kernel);
    else if (!isa<WeightAtOp>(op))
      end();
  }
  end();
  return runs;
}

bool tenon::cpu::isInRowRun(KernelOp kernel) {
  return llvm::any_of(findRowRuns(*kernel->getBlock()), [&](const RowRun &run) {
    return llvm::is_contained(run, kernel);
  });
}

Value tenon::cpu::emitSharesRows(Emitter &e, Value job) {
  Type index = e.b.getIndexType();
  auto number = [&](JobField field, Value row = {}) -> Value {
    return rt::NumberOp::create(e.b, index, field, job, row);
  };
  Value rows = number(JobField::rows), workers = number(JobField::workers);
  Value zero = e.index(0), one = e.index(1);
  auto loop = [&](Value first, Value last, Value step, ValueRange inits,
                  function_ref<SmallVector<Value>(Value, ValueRange)> body) {
    auto made = scf::ForOp::create(e.b, first, last, step, inits);
    OpBuilder::InsertionGuard guard(e.b);
    e.b.setInsertionPointToStart(made.getBody());
    scf::YieldOp::create(
        e.b, body(made.getInductionVar(), made.getRegionIterArgs()));
    return made.getResults();
  };
  // Workers without a row have no cost.
  ValueRange costs =
      loop(zero, e.min(rows, workers), one, {zero, zero},
           [&](Value worker, ValueRange sums) -> SmallVector<Value> {
             Value own =
                 loop(worker, rows, workers, {zero},
                      [&](Value row, ValueRange sum) -> SmallVector<Value> {
                        Value slots = number(JobField::slots_used, row);
                        return {e.add(sum[0], e.add(slots, rowCost))};
                      })[0];
             return {e.add(sums[0], own), e.max(sums[1], own)};
           });
  // Rows of one sequence see each other's slots: their workers have to meet.
  Type list = MemRefType::get({ShapedType::kDynamic}, e.b.getI32Type());
  auto slotsOf = [&](Value row) -> Value {
    Value slots = rt::BufferOp::create(e.b, list, JobField::slot_positions, job,
                                       row, Value(), zero);
    return memref::ExtractAlignedPointerAsIndexOp::create(e.b, slots);
  };
  ValueRange same =
      loop(zero, rows, one, {zero}, [&](Value row, ValueRange sum) {
        Value own = slotsOf(row);
        return SmallVector<Value>(
            loop(zero, row, one, sum,
                 [&](Value other, ValueRange count) -> SmallVector<Value> {
                   Value isSame = arith::CmpIOp::create(
                       e.b, arith::CmpIPredicate::eq, own, slotsOf(other));
                   return {e.add(count[0], arith::SelectOp::create(e.b, isSame,
                                                                   one, zero))};
                 }));
      });
  Value isApart =
      arith::CmpIOp::create(e.b, arith::CmpIPredicate::eq, same[0], zero);
  Value most = e.mul(costs[1], workers);
  Value allowed = e.add(costs[0], e.mul(workers, barrierCost));
  return arith::AndIOp::create(
      e.b, isApart,
      arith::CmpIOp::create(e.b, arith::CmpIPredicate::ule, most, allowed));
}
