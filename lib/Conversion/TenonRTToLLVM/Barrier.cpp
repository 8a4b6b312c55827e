//===- Barrier.cpp - the barrier of a driver ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A barrier is a counter of arrivals and a phase. A worker reads the phase,
// arrives, and waits for another phase; the last one to arrive sets the counts
// back and moves the phase on. The phase is read before arriving, because it
// may change any time after. The additions form one release sequence, so the
// last worker has seen what all others wrote, and its release of the phase
// hands that on.
//
// Who waits spins first and sleeps then. A sleeper counts itself before it
// looks at the phase for the last time, and the last worker moves the phase
// before it looks at the count: in the one order of these four operations at
// least one of the two sees the other.
//
// A driver calls functions, so that its code stays small.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/TenonRTToLLVM/TenonRTToLLVM.h"

#include "tenon-rt/abi.h"

#include "llvm/TargetParser/Triple.h"

using namespace mlir;
using namespace tenon;

namespace {

/// Writes the body of one function of the barrier, block by block.
class BarrierBuilder {
public:
  BarrierBuilder(OpBuilder &builder, LLVM::LLVMFuncOp function)
      : builder(builder), function(function), loc(function.getLoc()),
        word(builder.getI32Type()),
        pointer(LLVM::LLVMPointerType::get(builder.getContext())),
        entry(function.addEntryBlock(builder)), job(entry->getArgument(0)) {
    builder.setInsertionPointToStart(entry);
  }

  void buildArrive(const llvm::Triple &machine);
  void buildRelease();
  void buildBarrier(LLVM::LLVMFuncOp arrive, LLVM::LLVMFuncOp release);

private:
  Block *addBlock(TypeRange types = {}) {
    OpBuilder::InsertionGuard guard(builder);
    Region &body = function.getBody();
    return builder.createBlock(&body, body.end(), types,
                               SmallVector<Location>(types.size(), loc));
  }
  Value field(size_t offset) {
    return getJobAddress(builder, loc, job, offset);
  }
  Value constant(Type type, int64_t value) {
    return LLVM::ConstantOp::create(builder, loc, type,
                                    builder.getIntegerAttr(type, value));
  }
  /// A field that does not change while the job runs.
  Value plain(size_t offset, Type type) {
    return LLVM::LoadOp::create(builder, loc, type, field(offset),
                                /*alignment=*/8);
  }
  Value load(size_t offset, LLVM::AtomicOrdering ordering) {
    return LLVM::LoadOp::create(builder, loc, word, field(offset),
                                /*alignment=*/4, /*isVolatile=*/false,
                                /*isNonTemporal=*/false, /*isInvariant=*/false,
                                /*isInvariantGroup=*/false, ordering);
  }
  void store(Value value, size_t offset, LLVM::AtomicOrdering ordering) {
    unsigned bytes = value.getType().getIntOrFloatBitWidth() / 8;
    LLVM::StoreOp::create(builder, loc, value, field(offset), bytes,
                          /*isVolatile=*/false, /*isNonTemporal=*/false,
                          /*isInvariantGroup=*/false, ordering);
  }
  Value equal(Value lhs, Value rhs) {
    return LLVM::ICmpOp::create(builder, loc, LLVM::ICmpPredicate::eq, lhs,
                                rhs);
  }
  void call(size_t hook, ArrayRef<Type> types, ValueRange arguments) {
    auto type = LLVM::LLVMFunctionType::get(
        LLVM::LLVMVoidType::get(builder.getContext()), types);
    SmallVector<Value> operands = {plain(hook, pointer)};
    llvm::append_range(operands, arguments);
    LLVM::CallOp::create(builder, loc, type, operands);
  }
  Value workers() {
    return LLVM::TruncOp::create(
        builder, loc, word,
        plain(offsetof(tenon_rt_job, workers), builder.getI64Type()));
  }

  OpBuilder &builder;
  LLVM::LLVMFuncOp function;
  Location loc;
  Type word, pointer;
  Block *entry;
  Value job;
};

} // namespace

void BarrierBuilder::buildArrive(const llvm::Triple &machine) {
  Block *arrive = addBlock();
  Block *spin = addBlock({builder.getI64Type()});
  Block *wait = addBlock();
  Block *pause = addBlock();
  Block *sleep = addBlock();
  Block *exit = addBlock({builder.getI1Type()});
  Value yes = constant(builder.getI1Type(), 1);
  Value no = constant(builder.getI1Type(), 0);

  // A worker alone has nobody to wait for.
  Value count = workers();
  LLVM::CondBrOp::create(builder, loc, equal(count, constant(word, 1)), exit,
                         ValueRange(yes), arrive, ValueRange());

  builder.setInsertionPointToStart(arrive);
  size_t phase = offsetof(tenon_rt_job, barrier_phase);
  Value before = load(phase, LLVM::AtomicOrdering::monotonic);
  Value arrived = LLVM::AtomicRMWOp::create(
      builder, loc, LLVM::AtomicBinOp::add,
      field(offsetof(tenon_rt_job, barrier_count)), constant(word, 1),
      LLVM::AtomicOrdering::acq_rel);
  arrived = LLVM::AddOp::create(builder, loc, arrived, constant(word, 1));
  LLVM::CondBrOp::create(builder, loc, equal(arrived, count), exit,
                         ValueRange(yes), spin,
                         ValueRange(constant(builder.getI64Type(), 0)));

  builder.setInsertionPointToStart(spin);
  Value round = spin->getArgument(0);
  Value now = load(phase, LLVM::AtomicOrdering::acquire);
  LLVM::CondBrOp::create(builder, loc, equal(now, before), wait, ValueRange(),
                         exit, ValueRange(no));

  builder.setInsertionPointToStart(wait);
  Value isEarly = LLVM::ICmpOp::create(
      builder, loc, LLVM::ICmpPredicate::ult, round,
      plain(offsetof(tenon_rt_job, spins), builder.getI64Type()));
  LLVM::CondBrOp::create(builder, loc, isEarly, pause, sleep);

  builder.setInsertionPointToStart(pause);
  // Tells the processor that this worker waits. A yield does nothing on most
  // AArch64; to empty the pipeline takes about as long as a pause of x86.
  if (machine.isX86())
    LLVM::CallIntrinsicOp::create(builder, loc,
                                  builder.getStringAttr("llvm.x86.sse2.pause"),
                                  ValueRange());
  else if (machine.isAArch64())
    LLVM::CallIntrinsicOp::create(builder, loc,
                                  builder.getStringAttr("llvm.aarch64.isb"),
                                  ValueRange(constant(word, 15)));
  Value next = LLVM::AddOp::create(builder, loc, round,
                                   constant(builder.getI64Type(), 1));
  LLVM::BrOp::create(builder, loc, ValueRange(next), spin);

  builder.setInsertionPointToStart(sleep);
  call(offsetof(tenon_rt_job, wait), {pointer, word}, {job, before});
  LLVM::BrOp::create(builder, loc, ValueRange(round), spin);

  builder.setInsertionPointToStart(exit);
  LLVM::ReturnOp::create(builder, loc, exit->getArgument(0));
}

void BarrierBuilder::buildRelease() {
  Block *others = addBlock();
  Block *wake = addBlock();
  Block *exit = addBlock();

  // Nobody claims units until the phase has moved on.
  store(constant(builder.getI64Type(), 0), offsetof(tenon_rt_job, next_unit),
        LLVM::AtomicOrdering::monotonic);
  LLVM::CondBrOp::create(builder, loc, equal(workers(), constant(word, 1)),
                         exit, others);

  builder.setInsertionPointToStart(others);
  store(constant(word, 0), offsetof(tenon_rt_job, barrier_count),
        LLVM::AtomicOrdering::monotonic);
  size_t phase = offsetof(tenon_rt_job, barrier_phase);
  Value next = LLVM::AddOp::create(builder, loc,
                                   load(phase, LLVM::AtomicOrdering::monotonic),
                                   constant(word, 1));
  store(next, phase, LLVM::AtomicOrdering::seq_cst);
  Value sleepers = load(offsetof(tenon_rt_job, barrier_sleepers),
                        LLVM::AtomicOrdering::seq_cst);
  LLVM::CondBrOp::create(builder, loc, equal(sleepers, constant(word, 0)), exit,
                         wake);

  builder.setInsertionPointToStart(wake);
  call(offsetof(tenon_rt_job, wake), {pointer}, {job});
  LLVM::BrOp::create(builder, loc, exit);

  builder.setInsertionPointToStart(exit);
  LLVM::ReturnOp::create(builder, loc, ValueRange());
}

void BarrierBuilder::buildBarrier(LLVM::LLVMFuncOp arrive,
                                  LLVM::LLVMFuncOp release) {
  Block *last = addBlock();
  Block *exit = addBlock();
  Value isLast = LLVM::CallOp::create(builder, loc, arrive, job).getResult();
  LLVM::CondBrOp::create(builder, loc, isLast, last, exit);
  builder.setInsertionPointToStart(last);
  LLVM::CallOp::create(builder, loc, release, job);
  LLVM::BrOp::create(builder, loc, exit);
  builder.setInsertionPointToStart(exit);
  LLVM::ReturnOp::create(builder, loc, ValueRange());
}

/// The function `name(job)` of the module; `build` writes a new one.
static LLVM::LLVMFuncOp
getOrCreate(OpBuilder &builder, ModuleOp module, StringRef name, Type result,
            llvm::function_ref<void(LLVM::LLVMFuncOp)> build) {
  if (auto function = module.lookupSymbol<LLVM::LLVMFuncOp>(name))
    return function;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(module.getBody());
  auto type = LLVM::LLVMFunctionType::get(
      result, {LLVM::LLVMPointerType::get(module.getContext())});
  auto function = LLVM::LLVMFuncOp::create(builder, module.getLoc(), name, type,
                                           LLVM::Linkage::Internal);
  build(function);
  return function;
}

LLVM::LLVMFuncOp tenon::getOrCreateArrive(OpBuilder &builder, ModuleOp module) {
  return getOrCreate(
      builder, module, "tenon_arrive", builder.getI1Type(),
      [&](LLVM::LLVMFuncOp function) {
        auto triple = module->getAttrOfType<StringAttr>(
            LLVM::LLVMDialect::getTargetTripleAttrName());
        BarrierBuilder(builder, function)
            .buildArrive(llvm::Triple(triple ? triple.getValue() : "x86_64"));
      });
}

LLVM::LLVMFuncOp tenon::getOrCreateRelease(OpBuilder &builder,
                                           ModuleOp module) {
  return getOrCreate(builder, module, "tenon_release",
                     LLVM::LLVMVoidType::get(builder.getContext()),
                     [&](LLVM::LLVMFuncOp function) {
                       BarrierBuilder(builder, function).buildRelease();
                     });
}

LLVM::LLVMFuncOp tenon::getOrCreateBarrier(OpBuilder &builder,
                                           ModuleOp module) {
  return getOrCreate(
      builder, module, "tenon_barrier",
      LLVM::LLVMVoidType::get(builder.getContext()),
      [&](LLVM::LLVMFuncOp function) {
        LLVM::LLVMFuncOp arrive = getOrCreateArrive(builder, module);
        LLVM::LLVMFuncOp release = getOrCreateRelease(builder, module);
        function.setNoInline(true);
        BarrierBuilder(builder, function).buildBarrier(arrive, release);
      });
}
