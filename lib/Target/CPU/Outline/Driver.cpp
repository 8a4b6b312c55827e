//===- Driver.cpp - an entry as an SPMD function --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every worker runs the driver: it does its share of each kernel, and meets the
// others in a barrier before it reads what they wrote. What every worker does
// for itself comes after that; what one worker does for all is done by the last
// one to arrive. Layers are a loop. Of a batch, workers may do whole rows from
// one projection to the next, which saves the barriers between.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/Outline/Driver.h"
#include "dialects/TenonCPU/IR/TenonCPU.h"
#include "lib/Target/CPU/Outline/KernelCalls.h"
#include "lib/Target/CPU/Outline/RowRuns.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

namespace {

class DriverBuilder {
public:
  DriverBuilder(func::FuncOp entry, const BufferPlan &plan,
                KernelTable &kernels, ModuleOp drivers, bool hasMarks)
      : entry(entry), plan(plan), function(createFunction(entry, drivers)),
        calls(plan, kernels, drivers, function,
              entry->hasAttr(kRowSequencesAttrName)),
        e(calls.e) {
    if (hasMarks)
      entry->walk([&](KernelOp kernel) {
        numbers.try_emplace(kernel, numbers.size());
      });
  }

  FailureOr<DriverFacts> run();

private:
  static func::FuncOp createFunction(func::FuncOp entry, ModuleOp drivers);
  LogicalResult emitBlock(Block &block, Layers layers);
  LogicalResult emitNext(KernelOp kernel, Layers layers);
  LogicalResult emitRun(ArrayRef<KernelOp> run, Layers layers);
  LogicalResult emitWaiting(Layers layers);
  LogicalResult emitKernel(KernelOp kernel, Layers layers,
                           bool isByRow = false);

  func::FuncOp entry;
  const BufferPlan &plan;
  func::FuncOp function;
  KernelCalls calls;
  Emitter &e;
  /// Whether workers do whole rows of a run; of batches only.
  Value sharesRows;
  /// Workers have shared work and not met since.
  bool isApart = false;
  /// Kernels since then that every worker, or one of them, does alone.
  SmallVector<KernelOp> waiting;
  /// The kernels of the entry in order, when they are marked; else empty.
  llvm::DenseMap<Operation *, int64_t> numbers;
};

} // namespace

func::FuncOp DriverBuilder::createFunction(func::FuncOp entry,
                                           ModuleOp drivers) {
  OpBuilder builder = OpBuilder::atBlockEnd(drivers.getBody());
  auto type = builder.getFunctionType(
      {rt::JobType::get(entry.getContext()), builder.getIndexType()}, {});
  auto function = func::FuncOp::create(
      builder, entry.getLoc(), ("tenon_" + entry.getName()).str(), type);
  function.addEntryBlock();
  return function;
}

static bool isForOne(KernelOp kernel) {
  auto rows =
      dyn_cast_or_null<RowsAttr>(kernel.getSchedule().value_or(Attribute()));
  return rows && rows.getSplit() == Split::One;
}

/// Emits the call of a kernel between its marks, for this worker's share of the
/// units or for whole rows.
LogicalResult DriverBuilder::emitKernel(KernelOp kernel, Layers layers,
                                        bool isByRow) {
  auto mark = [&](rt::MarkKind kind) {
    if (!numbers.empty())
      rt::MarkOp::create(e.b, kind, numbers.lookup(kernel), calls.job(),
                         function.getArgument(1), layers.current);
  };
  mark(rt::MarkKind::begin);
  if (failed(isByRow ? calls.emitRows(kernel, layers)
                     : calls.emit(kernel, layers)))
    return failure();
  mark(rt::MarkKind::end);
  return success();
}

/// Lets workers meet, and emits what waited for that. What one worker does is
/// done by the last to arrive, with what every worker does for itself before:
/// the others repeat only the latter.
LogicalResult DriverBuilder::emitWaiting(Layers layers) {
  auto emit = [&](ArrayRef<KernelOp> kernels) {
    for (KernelOp kernel : kernels)
      if (failed(emitKernel(kernel, layers)))
        return failure();
    return success();
  };
  SmallVector<KernelOp> queue = std::move(waiting);
  waiting.clear();
  auto end = std::find_if(queue.rbegin(), queue.rend(), isForOne).base();
  if (end != queue.begin()) {
    Value isLast = rt::ArriveOp::create(e.b, e.b.getI1Type(), calls.job());
    auto guard = scf::IfOp::create(e.b, isLast, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard insertion(e.b);
    e.b.setInsertionPointToStart(guard.thenBlock());
    if (failed(emit(ArrayRef(queue.begin(), end))))
      return failure();
    rt::ReleaseOp::create(e.b, calls.job());
  } else if (isApart) {
    rt::BarrierOp::create(e.b, calls.job());
  }
  isApart = false;
  llvm::erase_if(queue, isForOne);
  return emit(queue);
}

LogicalResult DriverBuilder::emitNext(KernelOp kernel, Layers layers) {
  if (!isShared(kernel)) {
    waiting.push_back(kernel);
    return success();
  }
  if (failed(emitWaiting(layers)) || failed(emitKernel(kernel, layers)))
    return failure();
  isApart = true;
  return success();
}

/// Either whole rows, or each kernel for itself.
LogicalResult DriverBuilder::emitRun(ArrayRef<KernelOp> run, Layers layers) {
  LogicalResult result = emitWaiting(layers);
  auto choice = scf::IfOp::create(e.b, sharesRows, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard insertion(e.b);
  e.b.setInsertionPointToStart(choice.thenBlock());
  for (KernelOp kernel : run)
    if (succeeded(result))
      result = emitKernel(kernel, layers, /*isByRow=*/true);
  e.b.setInsertionPointToStart(choice.elseBlock());
  for (KernelOp kernel : run)
    if (succeeded(result))
      result = emitNext(kernel, layers);
  isApart = true;
  return result;
}

LogicalResult DriverBuilder::emitBlock(Block &block, Layers layers) {
  SmallVector<RowRun> runs = findRowRuns(block);
  for (Operation &op : block) {
    e.b.setLoc(op.getLoc());
    if (auto kernel = dyn_cast<KernelOp>(op)) {
      auto run = llvm::find_if(runs, [&](const RowRun &candidate) {
        return llvm::is_contained(candidate, kernel);
      });
      if (run == runs.end()) {
        if (failed(emitNext(kernel, layers)))
          return failure();
      } else if (run->front() == kernel && failed(emitRun(*run, layers))) {
        return failure();
      }
    } else if (auto stack = dyn_cast<StackOp>(op)) {
      LogicalResult result = emitWaiting(layers);
      if (failed(result))
        return failure();
      int64_t lower = stack.getFirst(), upper = stack.getLast();
      e.loop(e.index(lower), e.index(upper), 1, [&](Value l) {
        result = emitBlock(stack.getBody().front(), {l, lower, upper});
      });
      if (failed(result))
        return failure();
    }
  }
  return emitWaiting(layers);
}

FailureOr<DriverFacts> DriverBuilder::run() {
  if (entry->hasAttr(kRowSequencesAttrName))
    sharesRows = emitSharesRows(e, calls.job());
  if (failed(emitBlock(entry.getBody().front(), {})))
    return failure();
  func::ReturnOp::create(e.b);
  DriverFacts facts;
  facts.function = function.getName().str();
  facts.maxRows = *getMaxRows(entry);
  facts.arenaBytes = llvm::alignTo(std::max<int64_t>(plan.arenaBytes, 64), 64);
  facts.scratchBytes = calls.getScratchBytes();
  calls.setScratchBytes(facts.scratchBytes);
  return facts;
}

FailureOr<DriverFacts>
tenon::cpu::buildDriver(func::FuncOp entry, const BufferPlan &plan,
                        KernelTable &kernels, ModuleOp drivers, bool hasMarks) {
  return DriverBuilder(entry, plan, kernels, drivers, hasMarks).run();
}
