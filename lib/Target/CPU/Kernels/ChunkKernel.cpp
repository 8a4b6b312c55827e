//===- ChunkKernel.cpp - contraction of many rows -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A worker takes panels of a few groups of 16 outputs. It decodes a panel in
// its scratch memory once and multiplies it with tiles of rows, sums in
// registers. The last tile repeats the last row instead of having a shape of
// its own: it writes the same values twice.
//
// Rows of floats: the panel is f32. Rows of bf16: the panel is bf16, two
// columns of an output side by side. Rows of scaled integers: the panel is
// bytes, four columns of an output side by side, and the scales (and minima) of
// its sub-blocks.
//
// Limit: the rate of f32 multiply-adds, of pairs of bf16 or of products of
// bytes.
//
//===----------------------------------------------------------------------===//

#include "dialects/TenonCPU/IR/TenonCPU.h"
#include "lib/Target/CPU/Kernels/BlockReader.h"
#include "lib/Target/CPU/Kernels/Epilogue.h"
#include "lib/Target/CPU/Kernels/IntegerProducts.h"
#include "lib/Target/CPU/Kernels/Kernels.h"
#include "lib/Target/CPU/Kernels/PairProducts.h"
#include "lib/Target/CPU/Kernels/TopK.h"

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
        inputType(
            cast<RankedTensorType>(kernel.getInputs()[work.input].getType())),
        e(kernel.getLoc(), &function.front()), zero(e.index(0)) {}

  void build();

private:
  void emitPanel(const Contraction::Output &output, OutputMemory memory,
                 Value group, int64_t groups);
  void emitDecode(unsigned weight, Value group, int64_t position,
                  int64_t width);
  void emitIntegerDecode(unsigned weight, Value group, int64_t position);
  /// Columns that meet a row at once.
  int64_t step() const { return work.isPaired ? kInputPair : 1; }
  void emitTile(const Contraction::Output &output, const OutputMemory &memory,
                Value group, int64_t groups, ArrayRef<Value> rowOf);
  void emitIntegerTile(const Contraction::Output &output,
                       const OutputMemory &memory, Value group, int64_t groups,
                       ArrayRef<Value> rowOf);
  SmallVector<Value> emitIntegerSums(ArrayRef<const BlockFormat *> formats,
                                     ArrayRef<int64_t> positions,
                                     ArrayRef<Value> rowOf);
  /// Views of the panel at `position`: bytes, scales, minima.
  struct IntegerPanel {
    Value codes, scales, minima;
  };
  IntegerPanel viewPanel(int64_t position);

  const Contraction &work;
  const KernelFormats &formats;
  const CPUTargetOptions &target;
  func::FuncOp function;
  KernelArguments arguments;
  ChunkAttr schedule;
  RankedTensorType inputType;
  Emitter e;
  Value zero, input, rows, panel;
  std::optional<QuantizedInput> integers;
};

} // namespace

/// Decodes group `group` of a weight into columns `position`.. of the panel,
/// whose rows are `width` groups wide: one column a row, or a pair.
void ChunkBuilder::emitDecode(unsigned weight, Value group, int64_t position,
                              int64_t width) {
  const BlockFormat &format = getBlockFormat(formats[weight]);
  Value packed = function.getArgument(arguments.inputs[weight]);
  Value start = e.mul(group, format.rowBytes(work.columns) * kLanes);
  // Pairs of plain numbers lie in two blocks.
  int64_t blocks = llvm::divideCeil(step(), format.elements);
  int64_t elements = blocks * format.elements;
  e.loop(zero, e.index(work.columns / elements), 1, [&](Value number) {
    Value base = e.add(start, e.mul(number, blocks * format.bytes * kLanes));
    Value at = e.mul(number, elements * width * kLanes);
    SmallVector<Value> decoded(elements);
    for (int64_t block = 0; block < blocks; ++block) {
      BlockReader reader(e, format, packed,
                         e.add(base, block * format.bytes * kLanes), {},
                         target);
      for (int64_t in : BlockReader::order(format)) {
        int64_t i = block * format.elements + in;
        decoded[i] = reader.element(in);
        // The other of its pair may come later.
        int64_t even = i / step() * step(), odd = even + step() - 1;
        if (!decoded[even] || !decoded[odd])
          continue;
        Value column = decoded[even];
        if (work.isPaired)
          column = interleavePairs(e, column, decoded[odd]);
        e.storeVector(column, panel,
                      {e.add(at, (even * width + position * step()) * kLanes)});
      }
    }
  });
}

ChunkBuilder::IntegerPanel ChunkBuilder::viewPanel(int64_t position) {
  int64_t columns = work.columns;
  int64_t start = position * getIntegerPanelBytes(columns);
  Value scratch = function.getArgument(arguments.scratch);
  auto view = [&](int64_t at, Type element, int64_t count) {
    return e.view(scratch, e.index(start + at), element, {count});
  };
  return {view(0, e.b.getI8Type(), columns * kLanes),
          view(columns * kLanes, e.f32(), columns),
          view(columns * (kLanes + 4), e.f32(), columns)};
}

/// Decodes group `group` of a weight to bytes, scales and minima.
void ChunkBuilder::emitIntegerDecode(unsigned weight, Value group,
                                     int64_t position) {
  const BlockFormat &format = getBlockFormat(formats[weight]);
  IntegerPanel to = viewPanel(position);
  Value packed = function.getArgument(arguments.inputs[weight]);
  Value start = e.mul(group, format.rowBytes(work.columns) * kLanes);
  int64_t subs = BlockReader::subBlocks(format);
  e.loop(zero, e.index(work.columns / format.elements), 1, [&](Value block) {
    Value base = e.add(start, e.mul(block, format.bytes * kLanes));
    Value at = e.mul(block, format.elements * kLanes);
    BlockReader reader(e, format, packed, base, {}, target);
    for (int64_t i : BlockReader::order(format))
      if (i % 4 == 0)
        e.storeVector(reader.codes4(i), to.codes, {e.add(at, i * kLanes)});
    for (int64_t sub = 0; sub < subs; ++sub) {
      Value place = e.mul(e.add(e.mul(block, subs), sub), kLanes);
      e.storeVector(reader.scale(sub), to.scales, {place});
      if (Value minimum = reader.minimum(sub))
        e.storeVector(minimum, to.minima, {place});
    }
  });
}

/// 16 sums per part and row (of part p and row r at p * rows + r): of the parts
/// of the panel at `positions`, whose sub-blocks have one size.
SmallVector<Value>
ChunkBuilder::emitIntegerSums(ArrayRef<const BlockFormat *> formats,
                              ArrayRef<int64_t> positions,
                              ArrayRef<Value> rowOf) {
  SmallVector<IntegerPanel> from;
  for (int64_t position : positions)
    from.push_back(viewPanel(position));
  int64_t size = getSubBlockSize(*formats.front());
  SmallVector<Value> sums(positions.size() * rowOf.size(), e.splat(0));
  return e.loop(
      zero, e.index(work.columns / size), 1, sums,
      [&](Value number, ValueRange carried) {
        SmallVector<Value> totals(carried);
        Value scales = e.mul(number, kLanes);
        Value codes = e.mul(number, size * kLanes);
        InputPlace place{
            e.mul(number, size), number,
            size == kInputBlock ? number : e.div(number, kInputBlock / size)};
        SmallVector<SubBlock> blocks;
        for (auto [panel, format] : llvm::zip(from, formats)) {
          SubBlock block;
          block.bias = BlockReader::codeBias(*format);
          block.codes4 = [&, memory = panel.codes](int64_t i) {
            return e.loadVector(memory, {e.add(codes, i * kLanes)}, 4 * kLanes);
          };
          block.scale = e.loadVector(panel.scales, {scales});
          if (format->minimum != MinimumKind::None)
            block.minimum = e.loadVector(panel.minima, {scales});
          block.largest = BlockReader::largestCode(*format);
          blocks.push_back(std::move(block));
        }
        emitProducts(e, target, *integers, place, size, blocks, rowOf, totals);
        return totals;
      });
}

/// Multiplies the panel of bytes with rows of scaled integers. All parts of the
/// panel whose sub-blocks have one size meet a row's integers at once.
void ChunkBuilder::emitIntegerTile(const Contraction::Output &output,
                                   const OutputMemory &memory, Value group,
                                   int64_t groups, ArrayRef<Value> rowOf) {
  int64_t count = rowOf.size();
  SmallVector<Value> sums(output.weights.size() * groups * count);
  for (int64_t size : {16, 32}) {
    SmallVector<const BlockFormat *> parts;
    SmallVector<int64_t> positions;
    for (auto [w, weight] : llvm::enumerate(output.weights))
      for (int64_t g = 0; g < groups; ++g)
        if (const BlockFormat &format = getBlockFormat(formats[weight]);
            getSubBlockSize(format) == size) {
          parts.push_back(&format);
          positions.push_back(w * groups + g);
        }
    if (parts.empty())
      continue;
    SmallVector<Value> own = emitIntegerSums(parts, positions, rowOf);
    for (auto [p, position] : llvm::enumerate(positions))
      for (int64_t r = 0; r < count; ++r)
        sums[position * count + r] = own[p * count + r];
  }
  for (int64_t g = 0; g < groups; ++g)
    for (int64_t r = 0; r < count; ++r) {
      SmallVector<Value> values;
      for (size_t w = 0; w < output.weights.size(); ++w)
        values.push_back(sums[(w * groups + g) * count + r]);
      emitEpilogue(e, output, memory, values, rowOf[r],
                   e.mul(e.add(group, g), kLanes));
    }
}

/// Multiplies the panel of floats, or of pairs, with rows of the same.
void ChunkBuilder::emitTile(const Contraction::Output &output,
                            const OutputMemory &memory, Value group,
                            int64_t groups, ArrayRef<Value> rowOf) {
  int64_t tileRows = schedule.getRows();
  int64_t weights = output.weights.size();
  int64_t width = groups * weights;
  SmallVector<Value> sums(tileRows * width, e.splat(0));
  sums =
      e.loop(zero, e.index(work.columns), step(), sums,
             [&](Value k, ValueRange carried) {
               SmallVector<Value> next(carried);
               Value at = e.mul(k, width * kLanes);
               SmallVector<Value> columns;
               for (int64_t c = 0; c < width; ++c)
                 columns.push_back(e.loadVector(
                     panel, {e.add(at, c * step() * kLanes)}, step() * kLanes));
               for (int64_t r = 0; r < tileRows; ++r) {
                 Value x = work.isPaired
                               ? spreadPair(e, input, {rowOf[r], k})
                               : e.broadcast(e.load(input, {rowOf[r], k}));
                 for (int64_t c = 0; c < width; ++c) {
                   Value &sum = next[r * width + c];
                   sum = work.isPaired ? emitDot2(e, sum, columns[c], x)
                                       : e.fma(x, columns[c], sum);
                 }
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
                             OutputMemory memory, Value group, int64_t groups) {
  TopKBuilder best(e, output, arguments, function,
                   getProductScratch(work, schedule), rows);
  if (output.topK)
    best.useTile(memory, e.mul(group, kLanes), groups);
  int64_t width = groups * output.weights.size();
  for (auto [w, weight] : llvm::enumerate(output.weights))
    for (int64_t g = 0; g < groups; ++g) {
      int64_t position = w * groups + g;
      if (integers)
        emitIntegerDecode(weight, e.add(group, g), position);
      else
        emitDecode(weight, e.add(group, g), position, width);
    }
  Value lastRow = e.sub(rows, e.index(1));
  e.loop(zero, rows, schedule.getRows(), [&](Value row) {
    SmallVector<Value> rowOf;
    for (int64_t r = 0; r < schedule.getRows(); ++r)
      rowOf.push_back(e.min(e.add(row, r), lastRow));
    if (integers)
      emitIntegerTile(output, memory, group, groups, rowOf);
    else
      emitTile(output, memory, group, groups, rowOf);
  });
  if (output.topK)
    best.emitRank(memory, e.index(groups));
}

void ChunkBuilder::build() {
  input = flatten(e, function.getArgument(arguments.inputs[work.input]));
  rows = memref::DimOp::create(e.b, input, 0);
  if (isQuantized(inputType))
    integers.emplace(e, inputType, input);
  Value first = function.getArgument(arguments.first);
  Value last = function.getArgument(arguments.last);
  int64_t base = 0;
  for (const Contraction::Output &output : work.outputs) {
    OutputMemory memory = getOutputMemory(e, output, arguments, function);
    int64_t perPanel = schedule.getGroups();
    int64_t width = perPanel * output.weights.size();
    if (!integers)
      panel =
          e.view(function.getArgument(arguments.scratch), zero,
                 inputType.getElementType(), {work.columns * width * kLanes});
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
