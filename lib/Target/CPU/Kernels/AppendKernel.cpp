//===- AppendKernel.cpp - new keys and values into the cache --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Units are (row, head) pairs. A key becomes a lane of its column of slots, a
// value a row. Rounds to nearest, ties to even.
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
  Value zero = e.index(0);
  e.loop(function.getArgument(arguments.first),
         function.getArgument(arguments.last), 1, [&](Value unit) {
           Value row = e.div(unit, layout.heads);
           Value head = e.rem(unit, layout.heads);
           Value slot = e.add(used, row);
           Value tileAt = layout.tileAt(e, head, e.div(slot, kSlotTile));
           Value inTile = e.rem(slot, kSlotTile);
           Value keyAt =
               e.add(e.add(tileAt, e.mul(e.div(inTile, kLanes),
                                         layout.columnElements())),
                     e.rem(inTile, kLanes));
           Value valueAt = e.add(e.add(tileAt, layout.valuesAt()),
                                 e.mul(inTile, layout.padded));
           e.loop(zero, e.index(layout.dim), 1, [&](Value d) {
             Value x = e.load(key, {row, head, d});
             e.store(e.fromF32(x, layout.element), cells,
                     {e.add(keyAt, e.mul(d, kLanes))});
             Value y = e.load(value, {row, head, d});
             e.store(e.fromF32(y, layout.element), cells, {e.add(valueAt, d)});
           });
         });
  func::ReturnOp::create(e.b);
  return success();
}
