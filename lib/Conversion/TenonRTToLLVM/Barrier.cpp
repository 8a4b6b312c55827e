//===- Barrier.cpp - the barrier of a driver ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A barrier is a counter of arrivals and a phase. A worker reads the phase,
// arrives, and waits for another phase; the last one to arrive sets the count
// back and moves the phase on. The phase is read before arriving, because it
// may change any time after. The additions form one release sequence, so the
// last worker has seen what all others wrote, and its release of the phase
// hands that on. A driver calls one function, so that its code stays small.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/TenonRTToLLVM/TenonRTToLLVM.h"

#include "tenon-rt/abi.h"

#include "llvm/TargetParser/Triple.h"

using namespace mlir;
using namespace tenon;

namespace {

constexpr llvm::StringLiteral barrierName = "tenon_barrier";

/// Rounds of waiting before a worker offers its processor to others: some
/// tens of microseconds, longer than any wait between equal shares of work.
constexpr int32_t spins = 4000;

/// Writes the body of the barrier, block by block.
class BarrierBuilder {
public:
  BarrierBuilder(OpBuilder &builder, LLVM::LLVMFuncOp function,
                 const llvm::Triple &triple)
      : builder(builder), function(function), loc(function.getLoc()),
        triple(triple) {}

  void build();

private:
  Value field(size_t offset) {
    return LLVM::GEPOp::create(
        builder, loc, LLVM::LLVMPointerType::get(builder.getContext()),
        builder.getI8Type(), job, LLVM::GEPArg(static_cast<int32_t>(offset)),
        LLVM::GEPNoWrapFlags::inbounds);
  }
  Value constant(int32_t value) {
    return LLVM::ConstantOp::create(builder, loc, word,
                                    builder.getI32IntegerAttr(value));
  }
  Value load(Value address, LLVM::AtomicOrdering ordering) {
    return LLVM::LoadOp::create(builder, loc, word, address, /*alignment=*/4,
                                /*isVolatile=*/false, /*isNonTemporal=*/false,
                                /*isInvariant=*/false,
                                /*isInvariantGroup=*/false, ordering);
  }
  void store(Value value, Value address, LLVM::AtomicOrdering ordering) {
    LLVM::StoreOp::create(builder, loc, value, address, /*alignment=*/4,
                          /*isVolatile=*/false, /*isNonTemporal=*/false,
                          /*isInvariantGroup=*/false, ordering);
  }
  Value equal(Value lhs, Value rhs) {
    return LLVM::ICmpOp::create(builder, loc, LLVM::ICmpPredicate::eq, lhs,
                                rhs);
  }

  /// Tells the processor that this worker waits.
  void emitPause();

  OpBuilder &builder;
  LLVM::LLVMFuncOp function;
  Location loc;
  const llvm::Triple &triple;
  Type word;
  Value job;
};

void BarrierBuilder::emitPause() {
  auto call = [&](StringRef name, ValueRange operands) {
    LLVM::CallIntrinsicOp::create(builder, loc, builder.getStringAttr(name),
                                  operands);
  };
  if (triple.isX86())
    call("llvm.x86.sse2.pause", {});
  // A yield does nothing on most of these processors; to empty the pipeline
  // takes about as long as a pause of x86.
  else if (triple.isAArch64())
    call("llvm.aarch64.isb", constant(15));
}

void BarrierBuilder::build() {
  word = builder.getI32Type();
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Block *entry = function.addEntryBlock(builder);
  Region &body = function.getBody();
  Block *arrive = builder.createBlock(&body, body.end());
  Block *release = builder.createBlock(&body, body.end());
  Block *spin = builder.createBlock(&body, body.end(), {word}, {loc});
  Block *wait = builder.createBlock(&body, body.end());
  Block *pause = builder.createBlock(&body, body.end());
  Block *relax = builder.createBlock(&body, body.end());
  Block *exit = builder.createBlock(&body, body.end());

  // A worker alone has nobody to wait for.
  builder.setInsertionPointToStart(entry);
  job = entry->getArgument(0);
  Value workers = LLVM::LoadOp::create(builder, loc, builder.getI64Type(),
                                       field(offsetof(tenon_rt_job, workers)),
                                       /*alignment=*/8);
  workers = LLVM::TruncOp::create(builder, loc, word, workers);
  Value one = constant(1);
  LLVM::CondBrOp::create(builder, loc, equal(workers, one), exit, arrive);

  builder.setInsertionPointToStart(arrive);
  Value count = field(offsetof(tenon_rt_job, barrier_count));
  Value phase = field(offsetof(tenon_rt_job, barrier_phase));
  Value before = load(phase, LLVM::AtomicOrdering::monotonic);
  Value arrived =
      LLVM::AtomicRMWOp::create(builder, loc, LLVM::AtomicBinOp::add, count,
                                one, LLVM::AtomicOrdering::acq_rel);
  arrived = LLVM::AddOp::create(builder, loc, arrived, one);
  LLVM::CondBrOp::create(builder, loc, equal(arrived, workers), release,
                         ValueRange(), spin, ValueRange(constant(0)));

  builder.setInsertionPointToStart(release);
  store(constant(0), count, LLVM::AtomicOrdering::monotonic);
  store(LLVM::AddOp::create(builder, loc, before, one), phase,
        LLVM::AtomicOrdering::release);
  LLVM::BrOp::create(builder, loc, exit);

  builder.setInsertionPointToStart(spin);
  Value round = spin->getArgument(0);
  Value now = load(phase, LLVM::AtomicOrdering::acquire);
  LLVM::CondBrOp::create(builder, loc, equal(now, before), wait, exit);

  builder.setInsertionPointToStart(wait);
  Value isEarly = LLVM::ICmpOp::create(builder, loc, LLVM::ICmpPredicate::ult,
                                       round, constant(spins));
  LLVM::CondBrOp::create(builder, loc, isEarly, pause, relax);

  builder.setInsertionPointToStart(pause);
  emitPause();
  LLVM::BrOp::create(builder, loc,
                     ValueRange(LLVM::AddOp::create(builder, loc, round, one)),
                     spin);

  builder.setInsertionPointToStart(relax);
  Value callee = LLVM::LoadOp::create(builder, loc, pointer,
                                      field(offsetof(tenon_rt_job, relax)),
                                      /*alignment=*/8);
  auto type = LLVM::LLVMFunctionType::get(
      LLVM::LLVMVoidType::get(builder.getContext()), {pointer});
  LLVM::CallOp::create(builder, loc, type, ValueRange{callee, job});
  LLVM::BrOp::create(builder, loc, ValueRange(round), spin);

  builder.setInsertionPointToStart(exit);
  LLVM::ReturnOp::create(builder, loc, ValueRange());
}

} // namespace

LLVM::LLVMFuncOp tenon::getOrCreateBarrier(OpBuilder &builder,
                                           ModuleOp module) {
  if (auto function = module.lookupSymbol<LLVM::LLVMFuncOp>(barrierName))
    return function;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(module.getBody());
  MLIRContext *context = builder.getContext();
  auto type = LLVM::LLVMFunctionType::get(
      LLVM::LLVMVoidType::get(context), {LLVM::LLVMPointerType::get(context)});
  auto function = LLVM::LLVMFuncOp::create(
      builder, module.getLoc(), barrierName, type, LLVM::Linkage::Internal);
  function.setNoInline(true);

  // A module that says nothing is meant for x86.
  auto given = module->getAttrOfType<StringAttr>(
      LLVM::LLVMDialect::getTargetTripleAttrName());
  llvm::Triple triple(given ? given.getValue() : "x86_64");
  BarrierBuilder(builder, function, triple).build();
  return function;
}
