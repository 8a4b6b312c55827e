//===- StepKernel.cpp - contraction of a few rows -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A call walks groups of 16 outputs in the order in which they are packed,
// one sequential stream, and decodes each block in registers; a group's bytes
// meet all rows before the next group is read. A gate comes before what it
// multiplies, not beside it: two streams in turns read a third slower than one.
// Lanes are outputs. Bodies for two rows, four and so on: the smallest that
// takes all rows runs, so that weights stream once and few rows do not pay for
// many. Where arithmetic takes as long as memory, so that loads wait for room
// behind it, weights are asked for ahead.
//
// Rows of scaled integers: products of bytes, four columns at a time, scales
// once per sub-block. Rows of floats: each code meets the input element in a
// multiply-add whose scalar comes from memory; minima multiply sums of the
// input that are computed once per call. Rows of bf16 become f32 first.
//
// Limit: bytes of the packed weights at the machine's read bandwidth.
//
//===----------------------------------------------------------------------===//

#include "dialects/TenonCPU/IR/TenonCPU.h"
#include "lib/Target/CPU/Kernels/BlockReader.h"
#include "lib/Target/CPU/Kernels/Epilogue.h"
#include "lib/Target/CPU/Kernels/IntegerProducts.h"
#include "lib/Target/CPU/Kernels/Kernels.h"
#include "lib/Target/CPU/Kernels/ScaledProducts.h"
#include "lib/Target/CPU/Kernels/TopK.h"
#include "lib/Target/CPU/Packing.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

namespace {

/// 16 sums, of each row or of each weight.
using Sums = SmallVector<Value>;

class StepBuilder {
public:
  StepBuilder(KernelOp kernel, const Contraction &work,
              const KernelFormats &formats, const CPUTargetOptions &target,
              func::FuncOp function)
      : work(work), formats(formats), target(target), function(function),
        arguments(kernel, KernelShape::Contract),
        schedule(cast<StepAttr>(*kernel.getSchedule())),
        inputType(
            cast<RankedTensorType>(kernel.getInputs()[work.input].getType())),
        e(kernel.getLoc(), &function.front()), zero(e.index(0)) {}

  void build();

private:
  void emitBodies(ArrayRef<int64_t> sizes);
  void emitOutputs(int64_t count);
  void emitGroups(const Contraction::Output &output, const OutputMemory &memory,
                  Value lower, Value upper, int64_t count);
  void emitPrefetch(const BlockFormat &format, Value packed, Value base,
                    size_t rows);
  void widenInput();
  Value emitInputSums(const BlockFormat &format);
  Sums emitGroup(unsigned weight, Value group, ArrayRef<Value> rows);
  Sums emitIntegers(const BlockFormat &format, Value packed, Value start,
                    ArrayRef<Value> rows);
  void emitBlockProducts(const BlockFormat &format, BlockReader &reader,
                         Value number, ArrayRef<Value> rows,
                         MutableArrayRef<Value> totals);
  Sums emitBlocks(const BlockFormat &format, Value packed, Value start,
                  ArrayRef<Value> rows);
  Sums emitPlain(const BlockFormat &format, Value packed, Value start,
                 ArrayRef<Value> rows);
  BlockReader makeReader(const BlockFormat &format, Value packed, Value base) {
    return BlockReader(e, format, packed, base, {}, target);
  }

  const Contraction &work;
  const KernelFormats &formats;
  const CPUTargetOptions &target;
  func::FuncOp function;
  KernelArguments arguments;
  StepAttr schedule;
  RankedTensorType inputType;
  Emitter e;
  Value zero, input, rowCount;
  std::optional<QuantizedInput> integers;
  /// Sums of the input per row and sub-block, by sub-block size.
  llvm::DenseMap<int64_t, Value> inputSums;
};

} // namespace

/// Sums of each row of the input over each sub-block of a format with minima:
/// computed once in each call of the kernel, into the worker's scratch memory.
Value StepBuilder::emitInputSums(const BlockFormat &format) {
  if (format.minimum == MinimumKind::None)
    return {};
  int64_t size = getSubBlockSize(format);
  Value &cached = inputSums[size];
  if (cached)
    return cached;
  int64_t count = work.columns / size;
  int64_t used = 0;
  for (auto &[other, value] : inputSums)
    if (other != size)
      used += work.columns / other * 4 * kStepRows;
  Value sums = e.view(function.getArgument(arguments.scratch), e.index(used),
                      e.f32(), {kStepRows, count});
  // The smallest sub-block has 16 elements: whole vectors only.
  e.loop(zero, rowCount, 1, [&](Value row) {
    e.loop(zero, e.index(count), 1, [&](Value i) {
      Value at = e.mul(i, size);
      Value sum = e.loadVector(input, {row, at});
      for (int64_t k = kLanes; k < size; k += kLanes)
        sum = e.addf(sum, e.loadVector(input, {row, e.add(at, k)}));
      Value total = vector::ReductionOp::create(
          e.b, vector::CombiningKind::ADD, sum, arith::FastMathFlags::reassoc);
      e.store(total, sums, {row, i});
    });
  });
  return cached = sums;
}

/// Asks for weights that the loop reaches some blocks later, in the second
/// cache: what comes too early for the first would push the rows out of it.
/// With many rows, all of a block: a processor that multiplies most of the time
/// looks too short a way ahead by itself (four rows on a Zen 4, one thread:
/// none x 0.97, all 4 KiB ahead x 0.85, every second line x 0.6). Of a
/// super-block otherwise one line, enough to keep the processor's own
/// prefetching on the stream (Q5_K: x 1.03 to 1.08; all lines x 0.7, because it
/// has few in flight).
void StepBuilder::emitPrefetch(const BlockFormat &format, Value packed,
                               Value base, size_t rows) {
  constexpr size_t manyRows = 4;
  constexpr int64_t distance = 6144, line = 64;
  constexpr int64_t superBlock = 256, superDistance = 8192;
  if (rows >= manyRows) {
    for (int64_t at = 0; at < format.bytes * kLanes; at += line)
      e.prefetch(packed, e.add(base, distance + at));
  } else if (format.elements == superBlock) {
    e.prefetch(packed, e.add(base, superDistance));
  }
}

/// Sums over all blocks of a quantised group of outputs, integers by integers.
Sums StepBuilder::emitIntegers(const BlockFormat &format, Value packed,
                               Value start, ArrayRef<Value> rows) {
  Value blocks = e.index(work.columns / format.elements);
  return e.loop(zero, blocks, 1, Sums(rows.size(), e.splat(0)),
                [&](Value number, ValueRange carried) {
                  Sums totals(carried);
                  Value base =
                      e.add(start, e.mul(number, format.bytes * kLanes));
                  emitPrefetch(format, packed, base, rows.size());
                  BlockReader reader = makeReader(format, packed, base);
                  if (format.subScale.present())
                    emitScaledProducts(e, target, format, reader, number,
                                       *integers, rows, totals);
                  else
                    emitBlockProducts(format, reader, number, rows, totals);
                  return totals;
                });
}

/// A block that meets one block of the input: one scale on either side.
void StepBuilder::emitBlockProducts(const BlockFormat &format,
                                    BlockReader &reader, Value number,
                                    ArrayRef<Value> rows,
                                    MutableArrayRef<Value> totals) {
  assert(format.elements == kInputBlock && "expected sub-scales");
  SubBlock block;
  block.bias = BlockReader::codeBias(format);
  block.codes4 = [&](int64_t i) { return reader.codes4(i); };
  block.scale = reader.scale(0);
  block.minimum = reader.minimum(0);
  block.largest = BlockReader::largestCode(format);
  InputPlace place{e.mul(number, format.elements), number, number};
  emitProducts(e, target, *integers, place, format.elements, block, rows,
               totals);
}

/// Rows of bf16 as f32, in the worker's scratch memory: converted once in each
/// call of the kernel, because each element meets many outputs.
void StepBuilder::widenInput() {
  Value wide = e.view(function.getArgument(arguments.scratch),
                      e.index(getInputSumBytes(work)), e.f32(),
                      {kStepRows, work.columns});
  int64_t vectors = work.columns / kLanes * kLanes;
  e.loop(zero, rowCount, 1, [&](Value row) {
    e.loop(zero, e.index(vectors), kLanes, [&](Value at) {
      e.storeVector(e.toF32(e.loadVector(input, {row, at})), wide, {row, at});
    });
    for (int64_t k = vectors; k < work.columns; ++k)
      e.store(e.toF32(e.load(input, {row, e.index(k)})), wide,
              {row, e.index(k)});
  });
  input = wide;
}

/// Sums over all blocks of a quantised group of outputs, for rows of floats.
Sums StepBuilder::emitBlocks(const BlockFormat &format, Value packed,
                             Value start, ArrayRef<Value> rows) {
  int64_t subs = BlockReader::subBlocks(format);
  int64_t subSize = getSubBlockSize(format);
  Value sums = inputSums.lookup(subSize);
  Value blocks = e.index(work.columns / format.elements);
  int64_t count = rows.size();
  auto body = [&](Value block, ValueRange carried) {
    Value base = e.add(start, e.mul(block, format.bytes * kLanes));
    Value at = e.mul(block, format.elements);
    BlockReader reader = makeReader(format, packed, base);
    // Partial sums of each sub-block, several to hide the adder's latency.
    int64_t most = std::max<int64_t>(1, schedule.getSums() / count);
    SmallVector<SmallVector<Value>> partial(subs * count);
    SmallVector<int64_t> seen(subs, 0);
    for (int64_t i : BlockReader::order(format)) {
      int64_t sub = i / subSize;
      int64_t slot = seen[sub]++ % most;
      Value code = reader.code(i);
      for (int64_t r = 0; r < count; ++r) {
        Value x = e.broadcast(e.load(input, {rows[r], e.add(at, i)}));
        SmallVector<Value> &parts = partial[sub * count + r];
        if (slot >= static_cast<int64_t>(parts.size()))
          parts.push_back(e.mulf(code, x));
        else
          parts[slot] = e.fma(code, x, parts[slot]);
      }
    }
    Sums totals(carried);
    for (int64_t sub = 0; sub < subs; ++sub)
      for (int64_t r = 0; r < count; ++r) {
        SmallVector<Value> &parts = partial[sub * count + r];
        while (parts.size() > 1) {
          Value last = parts.pop_back_val();
          parts[parts.size() / 2] = e.addf(parts[parts.size() / 2], last);
        }
        totals[r] = e.fma(reader.scale(sub), parts.front(), totals[r]);
        if (Value minimum = reader.minimum(sub)) {
          Value sum = e.load(sums, {rows[r], e.add(e.mul(block, subs), sub)});
          totals[r] = e.fma(minimum, e.broadcast(sum), totals[r]);
        }
      }
    return totals;
  };
  return e.loop(zero, blocks, 1, Sums(count, e.splat(0)), body);
}

/// Sums over a group of outputs of plain floats.
Sums StepBuilder::emitPlain(const BlockFormat &format, Value packed,
                            Value start, ArrayRef<Value> rows) {
  int64_t count = rows.size();
  int64_t sums = std::max<int64_t>(1, schedule.getSums() / count);
  int64_t unroll = 2 * schedule.getSums();
  int64_t main = work.columns / unroll * unroll;
  // Partial sum `part` of row r is at part * count + r.
  auto addTerm = [&](Value k, int64_t part, SmallVector<Value> &into) {
    Value base = e.add(start, e.mul(k, format.bytes * kLanes));
    Value weight = makeReader(format, packed, base).code(0);
    for (int64_t r = 0; r < count; ++r) {
      Value &sum = into[part * count + r];
      sum = e.fma(weight, e.broadcast(e.load(input, {rows[r], k})), sum);
    }
  };
  SmallVector<Value> parts(sums * count, e.splat(0));
  if (main)
    parts = e.loop(zero, e.index(main), unroll, parts,
                   [&](Value k, ValueRange carried) {
                     SmallVector<Value> next(carried);
                     for (int64_t u = 0; u < unroll; ++u)
                       addTerm(e.add(k, u), u % sums, next);
                     return next;
                   });
  Sums totals(parts.begin(), parts.begin() + count);
  for (int64_t part = 1; part < sums; ++part)
    for (int64_t r = 0; r < count; ++r)
      totals[r] = e.addf(totals[r], parts[part * count + r]);
  for (int64_t k = main; k < work.columns; ++k)
    addTerm(e.index(k), 0, totals);
  return totals;
}

Sums StepBuilder::emitGroup(unsigned weight, Value group,
                            ArrayRef<Value> rows) {
  const BlockFormat &format = getBlockFormat(formats[weight]);
  Value packed = function.getArgument(arguments.inputs[weight]);
  Value start = e.mul(group, format.rowBytes(work.columns) * kLanes);
  if (integers)
    return emitIntegers(format, packed, start, rows);
  return format.isPlain() ? emitPlain(format, packed, start, rows)
                          : emitBlocks(format, packed, start, rows);
}

/// Groups of an output, `count` rows at a time. One stream at a time: of a gate
/// and what it multiplies, the gate's sums wait in the result's place.
void StepBuilder::emitGroups(const Contraction::Output &output,
                             const OutputMemory &memory, Value lower,
                             Value upper, int64_t count) {
  Value lastRow = e.sub(rowCount, e.index(1));
  for (unsigned weight : output.weights)
    e.loop(lower, upper, 1, [&](Value group) {
      Value column = e.mul(group, kLanes);
      e.loop(zero, rowCount, count, [&](Value row) {
        SmallVector<Value> rows;
        for (int64_t r = 0; r < count; ++r)
          rows.push_back(r ? e.min(e.add(row, r), lastRow) : row);
        Sums sums = emitGroup(weight, group, rows);
        if (weight != output.weights.back()) {
          for (auto [sum, at] : llvm::zip(sums, rows))
            storeOutputs(e, output, memory, sum, at, column);
          return;
        }
        // All are read before any is overwritten: rows may repeat.
        SmallVector<Sums> values;
        for (auto [sum, at] : llvm::zip(sums, rows)) {
          values.emplace_back();
          if (output.weights.size() > 1)
            values.back().push_back(loadOutputs(e, output, memory, at, column));
          values.back().push_back(sum);
        }
        for (auto [ofRow, at] : llvm::zip(values, rows))
          emitEpilogue(e, output, memory, ofRow, at, column);
      });
    });
}

/// This worker's outputs, `count` rows at a time.
void StepBuilder::emitOutputs(int64_t count) {
  Value first = function.getArgument(arguments.first);
  Value last = function.getArgument(arguments.last);
  int64_t base = 0;
  for (const Contraction::Output &output : work.outputs) {
    OutputMemory memory = getOutputMemory(e, output, arguments, function);
    int64_t groups = llvm::divideCeil(output.rows, kLanes);
    // This output's part of the worker's range, counted from its own start.
    Value lower = e.sub(e.max(first, e.index(base)), e.index(base));
    Value upper =
        e.sub(e.max(e.min(last, e.index(base + groups)), e.index(base)),
              e.index(base));
    base += groups;
    if (!output.topK) {
      emitGroups(output, memory, lower, upper, count);
      continue;
    }
    TopKBuilder best(e, output, arguments, function,
                     getProductScratch(work, schedule), rowCount);
    e.loop(lower, upper, kTopKGroups, [&](Value group) {
      Value end = e.min(e.add(group, kTopKGroups), upper);
      best.useTile(memory, e.mul(group, kLanes), kTopKGroups);
      emitGroups(output, memory, group, end, count);
      best.emitRank(memory, e.sub(end, group));
    });
  }
}

/// The first body that takes all rows, else the last.
void StepBuilder::emitBodies(ArrayRef<int64_t> sizes) {
  if (sizes.size() == 1)
    return emitOutputs(sizes.front());
  Value fits = arith::CmpIOp::create(e.b, arith::CmpIPredicate::ule, rowCount,
                                     e.index(sizes.front()));
  auto choice = scf::IfOp::create(e.b, fits, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard insertion(e.b);
  e.b.setInsertionPointToStart(choice.thenBlock());
  emitOutputs(sizes.front());
  e.b.setInsertionPointToStart(choice.elseBlock());
  emitBodies(sizes.drop_front());
}

void StepBuilder::build() {
  input = flatten(e, function.getArgument(arguments.inputs[work.input]));
  rowCount = memref::DimOp::create(e.b, input, 0);
  if (isQuantized(inputType))
    integers.emplace(e, inputType, input);
  if (work.isPaired)
    widenInput();
  if (!integers)
    for (const Contraction::Output &output : work.outputs)
      for (unsigned weight : output.weights)
        emitInputSums(getBlockFormat(formats[weight]));
  SmallVector<int64_t> sizes;
  for (int64_t size = 2; size < schedule.getRows(); size *= 2)
    sizes.push_back(size);
  sizes.push_back(schedule.getRows());
  emitBodies(sizes);
  func::ReturnOp::create(e.b);
}

LogicalResult tenon::cpu::buildStepKernel(KernelOp kernel,
                                          const Contraction &work,
                                          const KernelFormats &formats,
                                          const CPUTargetOptions &target,
                                          func::FuncOp function) {
  StepBuilder(kernel, work, formats, target, function).build();
  return success();
}
