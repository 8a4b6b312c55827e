//===- StepKernel.cpp - contraction of one row ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A worker walks groups of 16 outputs in the order in which they are packed,
// one sequential stream, and decodes each block in registers: lanes are
// outputs, each code meets the input element in a multiply-add whose scalar
// comes from memory. A block's scale is applied to its partial sum; minima
// multiply sums of the input that are computed once per call.
//
// Limit: bytes of the packed weights at the machine's read bandwidth, or about
// three vector operations per 16 weights.
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

class StepBuilder {
public:
  StepBuilder(KernelOp kernel, const Contraction &work,
              const KernelFormats &formats, const CPUTargetOptions &target,
              func::FuncOp function)
      : work(work), formats(formats), target(target), function(function),
        arguments(kernel, KernelShape::Contract),
        schedule(cast<StepAttr>(*kernel.getSchedule())),
        e(kernel.getLoc(), &function.front()), zero(e.index(0)) {}

  void build();

private:
  Value emitInputSums(const BlockFormat &format);
  Value emitGroup(unsigned weight, Value group);
  Value emitBlocks(const BlockFormat &format, Value packed, Value start);
  Value emitPlain(const BlockFormat &format, Value packed, Value start);

  const Contraction &work;
  const KernelFormats &formats;
  const CPUTargetOptions &target;
  func::FuncOp function;
  KernelArguments arguments;
  StepAttr schedule;
  Emitter e;
  Value zero, input;
  /// Sums of the input per sub-block, by sub-block size.
  llvm::DenseMap<int64_t, Value> inputSums;
};

} // namespace

/// Sums of the input over each sub-block of a format with minima: computed by
/// each worker once, into its scratch memory.
Value StepBuilder::emitInputSums(const BlockFormat &format) {
  if (format.minimum == MinimumKind::None)
    return {};
  int64_t size = format.subElements ? format.subElements : format.elements;
  Value &cached = inputSums[size];
  if (cached)
    return cached;
  int64_t count = work.columns / size;
  int64_t used = 0;
  for (auto &[other, value] : inputSums)
    if (other != size)
      used += work.columns / other * 4;
  Value sums = e.view(function.getArgument(arguments.scratch), e.index(used),
                      e.f32(), {count});
  // The smallest sub-block has 16 elements: whole vectors only.
  e.loop(zero, e.index(count), 1, [&](Value i) {
    Value at = e.mul(i, size);
    Value sum = e.loadVector(input, {zero, at});
    for (int64_t k = kLanes; k < size; k += kLanes)
      sum = e.addf(sum, e.loadVector(input, {zero, e.add(at, k)}));
    Value total = vector::ReductionOp::create(
        e.b, vector::CombiningKind::ADD, sum, arith::FastMathFlags::reassoc);
    e.store(total, sums, {i});
  });
  return cached = sums;
}

/// Sum over all blocks of a quantised group of rows.
Value StepBuilder::emitBlocks(const BlockFormat &format, Value packed,
                              Value start) {
  Value sums = inputSums.lookup(format.subElements ? format.subElements
                                                   : format.elements);
  int64_t subs = BlockReader::subBlocks(format);
  int64_t subSize = format.elements / subs;
  Value blocks = e.index(work.columns / format.elements);
  auto body = [&](Value block, ValueRange carried) {
    Value base = e.add(start, e.mul(block, format.bytes * kLanes));
    Value at = e.mul(block, format.elements);
    BlockReader reader(e, format, packed, base, {}, target);
    // Partial sums of each sub-block, several to hide the adder's latency.
    SmallVector<SmallVector<Value>> partial(subs);
    SmallVector<int64_t> seen(subs, 0);
    for (int64_t i : BlockReader::order(format)) {
      int64_t sub = i / subSize;
      Value x = e.broadcast(e.load(input, {zero, e.add(at, i)}));
      Value code = reader.code(i);
      int64_t slot = seen[sub]++ % schedule.getSums();
      if (slot >= static_cast<int64_t>(partial[sub].size()))
        partial[sub].push_back(e.mulf(code, x));
      else
        partial[sub][slot] = e.fma(code, x, partial[sub][slot]);
    }
    Value total = carried[0];
    for (int64_t sub = 0; sub < subs; ++sub) {
      SmallVector<Value> &parts = partial[sub];
      while (parts.size() > 1) {
        Value last = parts.pop_back_val();
        parts[parts.size() / 2] = e.addf(parts[parts.size() / 2], last);
      }
      total = e.fma(reader.scale(sub), parts.front(), total);
      if (Value minimum = reader.minimum(sub)) {
        Value sum = e.load(sums, {e.add(e.mul(block, subs), sub)});
        total = e.fma(minimum, e.broadcast(sum), total);
      }
    }
    return SmallVector<Value>{total};
  };
  return e.loop(zero, blocks, 1, {e.splat(0)}, body).front();
}

/// Sum over a group of rows of plain floats.
Value StepBuilder::emitPlain(const BlockFormat &format, Value packed,
                             Value start) {
  int64_t sums = schedule.getSums();
  int64_t unroll = 2 * sums;
  int64_t main = work.columns / unroll * unroll;
  auto term = [&](Value k, Value sum) {
    Value base = e.add(start, e.mul(k, format.bytes * kLanes));
    BlockReader reader(e, format, packed, base, {}, target);
    return e.fma(reader.code(0), e.broadcast(e.load(input, {zero, k})), sum);
  };
  SmallVector<Value> parts(sums, e.splat(0));
  if (main)
    parts = e.loop(zero, e.index(main), unroll, parts,
                   [&](Value k, ValueRange carried) {
                     SmallVector<Value> next(carried);
                     for (int64_t u = 0; u < unroll; ++u)
                       next[u % sums] = term(e.add(k, u), next[u % sums]);
                     return next;
                   });
  Value total = parts.front();
  for (Value part : ArrayRef(parts).drop_front())
    total = e.addf(total, part);
  for (int64_t k = main; k < work.columns; ++k)
    total = term(e.index(k), total);
  return total;
}

Value StepBuilder::emitGroup(unsigned weight, Value group) {
  const BlockFormat &format = getBlockFormat(formats[weight]);
  Value packed = function.getArgument(arguments.inputs[weight]);
  Value start = e.mul(group, format.rowBytes(work.columns) * kLanes);
  return format.isPlain() ? emitPlain(format, packed, start)
                          : emitBlocks(format, packed, start);
}

void StepBuilder::build() {
  input = flatten(e, function.getArgument(arguments.inputs[work.input]));
  for (const Contraction::Output &output : work.outputs)
    for (unsigned weight : output.weights)
      emitInputSums(getBlockFormat(formats[weight]));
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
    e.loop(lower, upper, 1, [&](Value group) {
      SmallVector<Value> sums;
      for (unsigned weight : output.weights)
        sums.push_back(emitGroup(weight, group));
      emitEpilogue(e, output, memory, sums, zero, e.mul(group, kLanes));
    });
    base += groups;
  }
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
