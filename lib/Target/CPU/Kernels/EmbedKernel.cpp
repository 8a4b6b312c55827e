//===- EmbedKernel.cpp - rows of a packed weight --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Units are result rows. A row of the weight is one lane of its group of 16,
// decoded element by element with the description's own roundings.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/Kernels/BlockReader.h"
#include "lib/Target/CPU/Kernels/Kernels.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

LogicalResult tenon::cpu::buildEmbedKernel(KernelOp kernel,
                                           const KernelFormats &formats,
                                           const CPUTargetOptions &target,
                                           func::FuncOp function) {
  auto embed = cast<EmbeddingOp>(kernel.getBody().front().front());
  KernelArguments arguments(kernel, KernelShape::Embed);
  unsigned weight = cast<BlockArgument>(embed.getWeight()).getArgNumber();
  unsigned list = cast<BlockArgument>(embed.getIds()).getArgNumber();
  Emitter e(kernel.getLoc(), &function.front());
  Value packed = function.getArgument(arguments.inputs[weight]);
  Value ids = function.getArgument(arguments.inputs[list]);
  Value result = function.getArgument(arguments.results[0]);
  const BlockFormat &format = getBlockFormat(formats[weight]);
  int64_t columns = embed.getWeight().getType().getColumns();
  e.loop(function.getArgument(arguments.first),
         function.getArgument(arguments.last), 1, [&](Value row) {
           Value id = arith::IndexCastOp::create(e.b, e.b.getIndexType(),
                                                 e.load(ids, {row}));
           Value start =
               e.mul(e.div(id, kLanes), format.rowBytes(columns) * kLanes);
           Value lane = e.rem(id, kLanes);
           Value blocks = e.index(columns / format.elements);
           e.loop(e.index(0), blocks, 1, [&](Value block) {
             Value base = e.add(start, e.mul(block, format.bytes * kLanes));
             Value at = e.mul(block, format.elements);
             BlockReader reader(e, format, packed, base, lane, target);
             for (int64_t i = 0; i < format.elements; ++i)
               e.store(reader.element(i), result, {row, e.add(at, i)});
           });
         });
  func::ReturnOp::create(e.b);
  return success();
}
