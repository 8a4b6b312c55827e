//===- Epilogue.cpp - what happens to a contraction's sums ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/Kernels/Epilogue.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

Value tenon::cpu::flatten(Emitter &e, Value memory) {
  auto type = cast<MemRefType>(memory.getType());
  if (type.getRank() == 2)
    return memory;
  // Not a collapse: folding that into a load divides its index in inner loops.
  int64_t width = ShapedType::getNumElements(type.getShape().drop_front());
  OpFoldResult rows = e.b.getIndexAttr(type.getDimSize(0));
  if (type.isDynamicDim(0))
    rows = memref::DimOp::create(e.b, memory, 0).getResult();
  return memref::ReinterpretCastOp::create(
      e.b, MemRefType::get({type.getDimSize(0), width}, type.getElementType()),
      memory, /*offset=*/e.b.getIndexAttr(0),
      /*sizes=*/ArrayRef<OpFoldResult>{rows, e.b.getIndexAttr(width)},
      /*strides=*/
      ArrayRef<OpFoldResult>{e.b.getIndexAttr(width), e.b.getIndexAttr(1)});
}

OutputMemory tenon::cpu::getOutputMemory(Emitter &e,
                                         const Contraction::Output &output,
                                         const KernelArguments &arguments,
                                         func::FuncOp function) {
  OutputMemory memory;
  for (int bias : output.biases)
    memory.biases.push_back(
        bias < 0 ? Value() : function.getArgument(arguments.inputs[bias]));
  if (output.residual >= 0)
    memory.residual =
        flatten(e, function.getArgument(arguments.inputs[output.residual]));
  memory.result =
      flatten(e, function.getArgument(arguments.results[output.result]));
  return memory;
}

Value tenon::cpu::emitFn(Emitter &e, Fn fn, Value x) {
  switch (fn) {
  case Fn::SiLU: {
    Value one = e.splat(1);
    return e.divf(x, e.addf(one, e.exp(e.negf(x))));
  }
  case Fn::GELU: {
    Value scaled = e.mulf(x, e.splat(0.70710678118654752));
    Value erf = math::ErfOp::create(e.b, scaled);
    return e.mulf(e.mulf(x, e.splat(0.5)), e.addf(e.splat(1), erf));
  }
  case Fn::ReLU:
    return e.maxf(x, e.splat(0));
  }
  llvm_unreachable("unknown function");
}

/// Where an output lies in the result.
static SmallVector<Value> place(Emitter &e, const OutputMemory &memory,
                                Value row, Value column) {
  if (memory.firstColumn)
    column = e.sub(column, memory.firstColumn);
  return {row, column};
}

/// Outputs from `column` on that exist, or null for all 16.
static Value countOutputs(Emitter &e, const Contraction::Output &output,
                          Value column) {
  if (output.rows % kLanes == 0)
    return {};
  return e.min(e.sub(e.index(output.rows), column), e.index(kLanes));
}

static Value load(Emitter &e, Value memory, ValueRange at, Value count) {
  return count ? e.loadMasked(memory, at, count) : e.loadVector(memory, at);
}

void tenon::cpu::storeOutputs(Emitter &e, const Contraction::Output &output,
                              const OutputMemory &memory, Value value,
                              Value row, Value column) {
  SmallVector<Value> at = place(e, memory, row, column);
  if (Value count = countOutputs(e, output, column))
    e.storeMasked(value, memory.result, at, count);
  else
    e.storeVector(value, memory.result, at);
}

Value tenon::cpu::loadOutputs(Emitter &e, const Contraction::Output &output,
                              const OutputMemory &memory, Value row,
                              Value column) {
  return load(e, memory.result, place(e, memory, row, column),
              countOutputs(e, output, column));
}

void tenon::cpu::emitEpilogue(Emitter &e, const Contraction::Output &output,
                              const OutputMemory &memory, ArrayRef<Value> sums,
                              Value row, Value column) {
  Value count = countOutputs(e, output, column);
  SmallVector<Value, 2> values(sums);
  for (auto [value, bias] : llvm::zip(values, memory.biases))
    if (bias)
      value = e.addf(value, load(e, bias, {column}, count));
  Value result = values.front();
  if (output.fn)
    result = e.mulf(emitFn(e, *output.fn, values[0]), values[1]);
  if (memory.residual)
    result = e.addf(load(e, memory.residual, {row, column}, count), result);
  storeOutputs(e, output, memory, result, row, column);
}
