//===- TopK.cpp - the best outputs of a contraction -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A list is sorted, the best first: of equal outputs the one of the lower
// number, whoever computed it and in which order. So the last entry is what an
// output has to beat, sixteen are compared with it at once, and after the first
// few hardly any is inserted. No number compares as better than anything; an
// empty place is minus infinity of the number -1, the largest without sign.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/Kernels/TopK.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

/// Bytes of a row's list: k values, then k numbers of outputs.
static int64_t getListBytes(int64_t k) { return llvm::alignTo(k * 8, 64); }

int64_t tenon::cpu::getTopKBytes(int64_t k, int64_t rows, int64_t groups) {
  return rows * (getListBytes(k) + groups * kLanes * 4);
}

/// `[rows, width]` elements of raw memory, `start` bytes in.
static Value viewRows(Emitter &e, Value bytes, Value start, Type element,
                      Value rows, int64_t width) {
  return memref::ViewOp::create(
      e.b, MemRefType::get({ShapedType::kDynamic, width}, element), bytes,
      start, rows);
}

Value TopKBuilder::count() {
  return function.getArgument(arguments.inputs[output.count]);
}

/// Bytes of all lists of a worker.
Value TopKBuilder::rowBytes() { return e.mul(rows, getListBytes(output.topK)); }

TopKBuilder::List TopKBuilder::viewList(Value start, Value row) {
  Value scratch = function.getArgument(arguments.scratch);
  Value place = e.add(start, scratchStart);
  int64_t width = getListBytes(output.topK) / 4;
  return {viewRows(e, scratch, place, e.f32(), rows, width),
          viewRows(e, scratch, place, e.b.getI32Type(), rows, width), row,
          output.topK};
}

void TopKBuilder::useTile(OutputMemory &memory, Value column, int64_t groups) {
  memory.firstColumn = column;
  memory.result =
      viewRows(e, function.getArgument(arguments.scratch),
               e.add(rowBytes(), scratchStart), e.f32(), rows, groups * kLanes);
}

/// Whether an output comes before the entry at `at`.
Value TopKBuilder::isBetter(Value value, Value id, const List &list, Value at) {
  Value other = e.load(list.values, {list.row, at});
  Value otherId = e.load(list.ids, {list.row, e.add(at, list.idStart)});
  auto compare = [&](arith::CmpFPredicate predicate) {
    return arith::CmpFOp::create(e.b, predicate, value, other);
  };
  Value isLower =
      arith::CmpIOp::create(e.b, arith::CmpIPredicate::ult, id, otherId);
  Value winsTie =
      arith::AndIOp::create(e.b, compare(arith::CmpFPredicate::OEQ), isLower);
  return arith::OrIOp::create(e.b, compare(arith::CmpFPredicate::OGT), winsTie);
}

void TopKBuilder::emitEmpty(const List &list) {
  Value nothing = e.f32Constant(-std::numeric_limits<double>::infinity());
  Value none = arith::ConstantIntOp::create(e.b, -1, 32);
  e.loop(e.index(0), e.index(output.topK), 1, [&](Value i) {
    e.store(nothing, list.values, {list.row, i});
    e.store(none, list.ids, {list.row, e.add(i, list.idStart)});
  });
}

/// Puts an output into its place, if it has one: those behind it move on.
void TopKBuilder::emitInsert(const List &list, Value value, Value id) {
  Value last = e.sub(count(), e.index(1));
  auto enters = scf::IfOp::create(e.b, isBetter(value, id, list, last),
                                  /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(e.b);
  e.b.setInsertionPointToStart(enters.thenBlock());
  Type index = e.b.getIndexType();
  auto loop = scf::WhileOp::create(e.b, TypeRange(index), ValueRange(last));
  Value at = e.b.createBlock(&loop.getBefore(), {}, index, loop.getLoc())
                 ->getArgument(0);
  Value hasFront =
      arith::CmpIOp::create(e.b, arith::CmpIPredicate::ugt, at, e.index(0));
  auto moves = scf::IfOp::create(e.b, TypeRange(e.b.getI1Type()), hasFront,
                                 /*withElseRegion=*/true);
  {
    OpBuilder::InsertionGuard inner(e.b);
    e.b.setInsertionPointToStart(moves.thenBlock());
    Value front = e.sub(at, e.index(1));
    scf::YieldOp::create(e.b, isBetter(value, id, list, front));
    e.b.setInsertionPointToStart(moves.elseBlock());
    scf::YieldOp::create(e.b, hasFront);
  }
  scf::ConditionOp::create(e.b, moves.getResult(0), at);
  Value to = e.b.createBlock(&loop.getAfter(), {}, index, loop.getLoc())
                 ->getArgument(0);
  Value from = e.sub(to, e.index(1));
  e.store(e.load(list.values, {list.row, from}), list.values, {list.row, to});
  e.store(e.load(list.ids, {list.row, e.add(from, list.idStart)}), list.ids,
          {list.row, e.add(to, list.idStart)});
  scf::YieldOp::create(e.b, from);
  e.b.setInsertionPointAfter(loop);
  Value place = loop.getResult(0);
  e.store(value, list.values, {list.row, place});
  e.store(id, list.ids, {list.row, e.add(place, list.idStart)});
}

void TopKBuilder::emitRank(const OutputMemory &memory, Value groups) {
  Value zero = e.index(0), lanes = e.index(kLanes);
  Value last = e.sub(count(), e.index(1));
  e.loop(zero, rows, 1, [&](Value row) {
    List list = viewList(zero, row);
    e.loop(zero, groups, 1, [&](Value group) {
      Value column = e.mul(group, kLanes);
      Value outputs = e.loadVector(memory.result, {row, column});
      // Lanes beyond N are looked at again below.
      Value most = e.broadcast(e.load(list.values, {row, last}));
      Value some = vector::ReductionOp::create(
          e.b, vector::CombiningKind::OR,
          arith::CmpFOp::create(e.b, arith::CmpFPredicate::OGE, outputs, most));
      auto candidates = scf::IfOp::create(e.b, some, /*withElseRegion=*/false);
      OpBuilder::InsertionGuard guard(e.b);
      e.b.setInsertionPointToStart(candidates.thenBlock());
      Value first = e.add(memory.firstColumn, column);
      Value exist = e.min(e.sub(e.index(output.rows), first), lanes);
      e.loop(zero, exist, 1, [&](Value lane) {
        Value id = arith::IndexCastOp::create(e.b, e.b.getI32Type(),
                                              e.add(first, lane));
        emitInsert(list, e.load(memory.result, {row, e.add(column, lane)}), id);
      });
    });
  });
}

void TopKBuilder::emitPrologue() {
  e.loop(e.index(0), rows, 1,
         [&](Value row) { emitEmpty(viewList(e.index(0), row)); });
}

void TopKBuilder::emitFinish() {
  Value stride = function.getArgument(arguments.first);
  Value workers = function.getArgument(arguments.last);
  Value values = function.getArgument(arguments.results[output.result]);
  Value ids = function.getArgument(arguments.results[output.result + 1]);
  Value zero = e.index(0);
  e.loop(zero, rows, 1, [&](Value row) {
    List best = {values, ids, row, 0};
    emitEmpty(best);
    e.loop(zero, workers, 1, [&](Value worker) {
      List list = viewList(e.mul(worker, stride), row);
      e.loop(zero, count(), 1, [&](Value i) {
        emitInsert(best, e.load(list.values, {row, i}),
                   e.load(list.ids, {row, e.add(i, list.idStart)}));
      });
    });
  });
}
