//===- ChunkKernel.cpp - contraction of many rows -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A worker takes panels of a few groups of 16 outputs. It decodes a panel to
// f32 in its scratch memory once and multiplies it with tiles of rows, sums in
// registers. The last tile repeats the last row instead of having a shape of
// its own: it writes the same values twice.
//
// Limit: the multiply-add rate of f32 vectors.
//
//===----------------------------------------------------------------------===//

#include "dialects/TenonCPU/IR/TenonCPU.h"
#include "lib/Target/CPU/Kernels/BlockReader.h"
#include "lib/Target/CPU/Kernels/Epilogue.h"
#include "lib/Target/CPU/Kernels/Kernels.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

namespace {

class ChunkBuilder {
public:
  ChunkBuilder(KernelOp kernel, const Contraction &work,
               const KernelFormats &formats, const CPUTargetOptions &target,
               func::FuncOp function)
      : work(work), formats(formats), target(target), function(function),
        arguments(kernel, KernelShape::Contract),
        schedule(cast<ChunkAttr>(*kernel.getSchedule())),
        e(kernel.getLoc(), &function.front()), zero(e.index(0)) {}

  void build();

private:
  void emitPanel(const Contraction::Output &output, const OutputMemory &memory,
                 Value group, int64_t groups);
  void emitDecode(unsigned weight, Value group, int64_t position,
                  int64_t width);
  void emitTile(const Contraction::Output &output, const OutputMemory &memory,
                Value group, int64_t groups, Value row);

  const Contraction &work;
  const KernelFormats &formats;
  const CPUTargetOptions &target;
  func::FuncOp function;
  KernelArguments arguments;
  ChunkAttr schedule;
  Emitter e;
  Value zero, input, rows, panel;
};

} // namespace

/// Decodes group `group` of a weight into columns `position`.. of the panel,
/// whose rows are `width` groups wide.
void ChunkBuilder::emitDecode(unsigned weight, Value group, int64_t position,
                              int64_t width) {
  const BlockFormat &format = getBlockFormat(formats[weight]);
  Value packed = function.getArgument(arguments.inputs[weight]);
  Value start = e.mul(group, format.rowBytes(work.columns) * kLanes);
  e.loop(zero, e.index(work.columns / format.elements), 1, [&](Value block) {
    Value base = e.add(start, e.mul(block, format.bytes * kLanes));
    Value at = e.mul(block, format.elements * width * kLanes);
    BlockReader reader(e, format, packed, base, {}, target);
    for (int64_t i : BlockReader::order(format))
      e.storeVector(reader.element(i), panel,
                    {e.add(at, (i * width + position) * kLanes)});
  });
}

/// Multiplies the panel with `schedule.rows` rows from `row` on.
void ChunkBuilder::emitTile(const Contraction::Output &output,
                            const OutputMemory &memory, Value group,
                            int64_t groups, Value row) {
  int64_t tileRows = schedule.getRows();
  int64_t weights = output.weights.size();
  int64_t width = groups * weights;
  Value lastRow = e.sub(rows, e.index(1));
  SmallVector<Value> rowOf;
  for (int64_t r = 0; r < tileRows; ++r)
    rowOf.push_back(e.min(e.add(row, r), lastRow));
  SmallVector<Value> sums(tileRows * width, e.splat(0));
  sums = e.loop(
      zero, e.index(work.columns), 1, sums, [&](Value k, ValueRange carried) {
        SmallVector<Value> next(carried);
        Value at = e.mul(k, width * kLanes);
        SmallVector<Value> columns;
        for (int64_t c = 0; c < width; ++c)
          columns.push_back(e.loadVector(panel, {e.add(at, c * kLanes)}));
        for (int64_t r = 0; r < tileRows; ++r) {
          Value x = e.broadcast(e.load(input, {rowOf[r], k}));
          for (int64_t c = 0; c < width; ++c)
            next[r * width + c] = e.fma(x, columns[c], next[r * width + c]);
        }
        return next;
      });
  for (int64_t r = 0; r < tileRows; ++r)
    for (int64_t g = 0; g < groups; ++g) {
      SmallVector<Value> values;
      for (int64_t w = 0; w < weights; ++w)
        values.push_back(sums[r * width + w * groups + g]);
      emitEpilogue(e, output, memory, values, rowOf[r],
                   e.mul(e.add(group, g), kLanes));
    }
}

void ChunkBuilder::emitPanel(const Contraction::Output &output,
                             const OutputMemory &memory, Value group,
                             int64_t groups) {
  int64_t width = groups * output.weights.size();
  for (auto [w, weight] : llvm::enumerate(output.weights))
    for (int64_t g = 0; g < groups; ++g)
      emitDecode(weight, e.add(group, g), w * groups + g, width);
  e.loop(zero, rows, schedule.getRows(),
         [&](Value row) { emitTile(output, memory, group, groups, row); });
}

void ChunkBuilder::build() {
  input = flatten(e, function.getArgument(arguments.inputs[work.input]));
  rows = memref::DimOp::create(e.b, input, 0);
  Value first = function.getArgument(arguments.first);
  Value last = function.getArgument(arguments.last);
  int64_t base = 0;
  for (const Contraction::Output &output : work.outputs) {
    OutputMemory memory = getOutputMemory(e, output, arguments, function);
    int64_t perPanel = schedule.getGroups();
    int64_t width = perPanel * output.weights.size();
    panel = e.view(function.getArgument(arguments.scratch), zero, e.f32(),
                   {work.columns * width * kLanes});
    int64_t groups = llvm::divideCeil(output.rows, kLanes);
    int64_t panels = llvm::divideCeil(groups, perPanel);
    int64_t whole = groups / perPanel;
    // This output's part of the worker's range, counted from its own start.
    auto clamp = [&](Value x, int64_t limit) {
      return e.sub(e.max(e.min(x, e.index(base + limit)), e.index(base)),
                   e.index(base));
    };
    e.loop(clamp(first, whole), clamp(last, whole), 1, [&](Value p) {
      emitPanel(output, memory, e.mul(p, perPanel), perPanel);
    });
    if (whole != panels)
      e.loop(e.max(clamp(first, panels), e.index(whole)),
             e.max(clamp(last, panels), e.index(whole)), 1, [&](Value p) {
               emitPanel(output, memory, e.mul(p, perPanel),
                         groups - whole * perPanel);
             });
    base += panels;
  }
  func::ReturnOp::create(e.b);
}

LogicalResult tenon::cpu::buildChunkKernel(KernelOp kernel,
                                           const Contraction &work,
                                           const KernelFormats &formats,
                                           const CPUTargetOptions &target,
                                           func::FuncOp function) {
  ChunkBuilder(kernel, work, formats, target, function).build();
  return success();
}
