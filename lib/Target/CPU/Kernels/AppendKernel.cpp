//===- AppendKernel.cpp - new keys and values into the cache --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Units are (row, head) pairs. A key becomes a lane of its column of slots, a
// value a row. Rounds to nearest, ties to even. A single row has its tile
// fetched into the second cache: attention reads it next, and it has gone cold
// since the last token.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/Kernels/CacheLayout.h"
#include "lib/Target/CPU/Kernels/Kernels.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

LogicalResult tenon::cpu::buildAppendKernel(KernelOp kernel,
                                            func::FuncOp function) {
  auto append = cast<CacheAppendOp>(kernel.getBody().front().front());
  KernelArguments arguments(kernel, KernelShape::Append);
  auto input = [&](Value value, unsigned part = 0) {
    unsigned number = cast<BlockArgument>(value).getArgNumber();
    return function.getArgument(arguments.inputs[number] + part);
  };
  Emitter e(kernel.getLoc(), &function.front());
  CacheLayoutOf layout(append.getCache().getType());
  Value cells = input(append.getCache(), 0);
  Value used = input(append.getCache(), 2);
  Value key = input(append.getKey());
  Value value = input(append.getValue());
  // 16 elements of row `row` of `from`, fewer at its end.
  auto elements = [&](Value from, Value row, Value head, int64_t d) {
    SmallVector<Value> at = {row, head, e.index(d)};
    Value x = d + kLanes <= layout.dim
                  ? e.loadVector(from, at)
                  : e.loadMasked(from, at, e.index(layout.dim - d));
    return e.fromF32(x, layout.element);
  };
  int64_t line = 64 / layout.elementBytes();
  auto fetch = [&](Value from, Value count) {
    e.loop(e.index(0), count, line,
           [&](Value at) { e.prefetch(cells, {e.add(from, at)}); });
  };
  Value isOne =
      arith::CmpIOp::create(e.b, arith::CmpIPredicate::eq,
                            memref::DimOp::create(e.b, key, 0), e.index(1));
  e.loop(function.getArgument(arguments.first),
         function.getArgument(arguments.last), 1, [&](Value unit) {
           Value row = e.div(unit, layout.heads);
           Value head = e.rem(unit, layout.heads);
           Value slot = e.add(used, row);
           Value tileAt = layout.tileAt(e, head, e.div(slot, kSlotTile));
           Value inTile = e.rem(slot, kSlotTile);
           Value columnAt =
               e.mul(e.div(inTile, kLanes), layout.columnElements());
           Value keyAt = e.add(e.add(tileAt, columnAt), e.rem(inTile, kLanes));
           Value valuesAt = e.add(tileAt, layout.valuesAt());
           Value valueAt = e.add(valuesAt, e.mul(inTile, layout.padded));
           {
             auto few = scf::IfOp::create(e.b, isOne, /*withElseRegion=*/false);
             OpBuilder::InsertionGuard guard(e.b);
             e.b.setInsertionPointToStart(few.thenBlock());
             // The new ones first, then what attention reads before them.
             fetch(e.add(tileAt, columnAt), e.index(layout.columnElements()));
             fetch(tileAt, columnAt);
             fetch(valuesAt, e.mul(inTile, layout.padded));
           }
           for (int64_t d = 0; d < layout.dim; d += kLanes) {
             int64_t count = std::min(kLanes, layout.dim - d);
             auto scatter = [&](Value x, Value to, int64_t stride) {
               for (int64_t i = 0; i < count; ++i)
                 e.store(vector::ExtractOp::create(e.b, x, i), cells,
                         {e.add(to, (d + i) * stride)});
             };
             Value y = elements(value, row, head, d);
             if (count == kLanes)
               e.storeVector(y, cells, {e.add(valueAt, d)});
             else
               scatter(y, valueAt, 1);
             scatter(elements(key, row, head, d), keyAt, kLanes);
           }
         });
  func::ReturnOp::create(e.b);
  return success();
}
