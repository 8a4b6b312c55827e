//===- WorkShare.cpp - which units of a kernel a worker does --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Units that differ in size, or are large, are claimed a few at a time; equal
// small ones are one range per worker, because weights stream best in order. Of
// many weights a quarter is claimed after that range, because two workers are
// seldom equally fast.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/Outline/WorkShare.h"
#include "dialects/TenonCPU/IR/TenonCPU.h"
#include "dialects/TenonRT/IR/TenonRT.h"
#include "lib/Target/CPU/CostModel.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

Value WorkShare::getWorkers() {
  return rt::NumberOp::create(e.b, e.b.getIndexType(), rt::JobField::workers,
                              job, /*row=*/Value());
}

std::pair<Value, Value> WorkShare::getRange(Value units) {
  Value workers = getWorkers();
  auto share = [&](Value w) -> Value {
    return arith::DivUIOp::create(e.b, e.mul(units, w), workers);
  };
  return {share(worker), share(e.add(worker, 1))};
}

/// Claims of a worker when all work alike: enough that the last one to finish
/// is not late, few enough that the counter is not in the way.
constexpr int64_t claimsPerWorker = 32;

/// True when a kernel's units are claimed.
static bool isClaimed(KernelOp kernel) {
  return isa_and_nonnull<ChunkAttr, AttendAttr>(
      kernel.getSchedule().value_or(Attribute()));
}

/// Units of a piece of a step's weights that is claimed at once; 0 where they
/// are so few that equal ranges are as fast. A piece takes some microseconds to
/// read: far longer than to claim it, far shorter than what one of two workers
/// is late by when other programs use its core or the memory.
static int64_t getPieceUnits(KernelOp kernel, Value units) {
  constexpr double leastBytes = 1 << 20, pieceBytes = 64 << 10;
  IntegerAttr count;
  if (!isa_and_nonnull<StepAttr>(kernel.getSchedule().value_or(Attribute())) ||
      !matchPattern(units, m_Constant(&count)))
    return 0;
  double bytes = countKernel(kernel, /*entry=*/"").weightBytes;
  if (bytes < leastBytes)
    return 0;
  return std::max<int64_t>(1, count.getInt() * (pieceBytes / bytes));
}

/// Emits the work on a range of this worker's own, read in order, and then for
/// pieces of what is left, a quarter, which the faster workers take. Of fewer
/// units than workers all are left, and the range is empty, as kernels allow.
LogicalResult WorkShare::emitStream(Value units, int64_t size,
                                    EmitUnits emitUnits) {
  Value workers = getWorkers();
  Value isAlone =
      arith::CmpIOp::create(e.b, arith::CmpIPredicate::eq, workers, e.index(1));
  Value share = arith::DivUIOp::create(e.b, e.mul(units, 3), e.mul(workers, 4));
  share = arith::SelectOp::create(e.b, isAlone, units, share);
  Value from = e.mul(share, worker);
  if (failed(emitUnits(from, e.add(from, share))))
    return failure();
  Value start = e.mul(share, workers);
  return emitClaims(e.sub(units, start), e.index(size),
                    [&](Value from, Value to) {
                      return emitUnits(e.add(from, start), e.add(to, start));
                    });
}

LogicalResult WorkShare::emit(KernelOp kernel, Value units,
                              EmitUnits emitUnits) {
  if (!isClaimed(kernel)) {
    if (int64_t size = getPieceUnits(kernel, units))
      return emitStream(units, size, emitUnits);
    auto [from, to] = getRange(units);
    return emitUnits(from, to);
  }
  Value size = e.max(
      e.index(1),
      arith::DivUIOp::create(e.b, units, e.mul(getWorkers(), claimsPerWorker)));
  return emitClaims(units, size, emitUnits);
}

/// Emits the work on pieces of `size` units that this worker claims.
LogicalResult WorkShare::emitClaims(Value units, Value size,
                                    EmitUnits emitUnits) {
  Value pieces = arith::CeilDivUIOp::create(e.b, units, size);
  Type index = e.b.getIndexType();
  auto loop = scf::WhileOp::create(e.b, TypeRange(index), ValueRange());
  OpBuilder::InsertionGuard insertion(e.b);
  e.b.createBlock(&loop.getBefore());
  Value claimed = rt::ClaimOp::create(e.b, index, job);
  Value isLeft =
      arith::CmpIOp::create(e.b, arith::CmpIPredicate::ult, claimed, pieces);
  scf::ConditionOp::create(e.b, isLeft, claimed);
  Block *body = e.b.createBlock(&loop.getAfter(), {}, index, loop.getLoc());
  Value from = e.mul(body->getArgument(0), size);
  LogicalResult result = emitUnits(from, e.min(e.add(from, size), units));
  scf::YieldOp::create(e.b);
  return result;
}
