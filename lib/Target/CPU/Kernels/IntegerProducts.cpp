//===- IntegerProducts.cpp - integers times integers, then scales ---------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sums of products of bytes are exact; the bias of the codes goes into the
// value that a sum starts from. Scales of both sides are applied once per
// sub-block.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/Kernels/IntegerProducts.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

Value QuantizedInput::read(Value row, int64_t start, Value index,
                           Type element) {
  Value at = e.add(e.mul(index, 4), start);
  Value raw = e.loadVector(memory, {row, at}, 4);
  Value typed = vector::BitCastOp::create(e.b, e.vec(element, 1), raw);
  return e.broadcast(vector::ExtractOp::create(e.b, typed, 0));
}

Value QuantizedInput::codes4(Value row, Value at) {
  Value raw = e.loadVector(memory, {row, at}, 4);
  Value word = vector::BitCastOp::create(e.b, e.vec(e.b.getI32Type(), 1), raw);
  Value all = e.broadcast(vector::ExtractOp::create(e.b, word, 0));
  return vector::BitCastOp::create(e.b, e.vec(e.b.getI8Type(), 4 * kLanes),
                                   all);
}

Value QuantizedInput::scale(Value row, Value index) {
  return read(row, layout.scale(), index, e.f32());
}

Value QuantizedInput::negativeSum(Value row, Value index, bool half) {
  return read(row, half ? layout.half() : layout.sum(), index,
              e.b.getI32Type());
}

Value QuantizedInput::total(Value row, Value index, bool half) {
  return read(row, half ? layout.halves() : layout.total(), index, e.f32());
}

void tenon::cpu::emitProducts(Emitter &e, const CPUTargetOptions &target,
                              QuantizedInput &input, const InputPlace &place,
                              int64_t size, ArrayRef<SubBlock> blocks,
                              ArrayRef<Value> rows,
                              MutableArrayRef<Value> totals) {
  bool half = size == 16;
  // Of block b and row r at b * rows + r, as the totals are.
  SmallVector<Value> sums;
  for (const SubBlock &block : blocks)
    for (Value row : rows) {
      Value sum = e.i32Splat(0);
      if (block.bias)
        sum = arith::ShLIOp::create(e.b,
                                    input.negativeSum(row, place.index, half),
                                    e.i32Splat(llvm::Log2_64(block.bias)));
      sums.push_back(sum);
    }
  for (int64_t i = 0; i < size; i += 4) {
    SmallVector<Value> codes;
    for (const SubBlock &block : blocks)
      codes.push_back(block.codes4(i));
    for (auto [r, row] : llvm::enumerate(rows)) {
      Value x = input.codes4(row, e.add(place.element, i));
      for (auto [b, block] : llvm::enumerate(blocks)) {
        Value &sum = sums[b * rows.size() + r];
        sum = emitDot4(e, target, sum, codes[b], x, block.largest);
      }
    }
  }
  for (auto [r, row] : llvm::enumerate(rows)) {
    Value scale = input.scale(row, place.scaleIndex);
    for (auto [b, block] : llvm::enumerate(blocks)) {
      Value &total = totals[b * rows.size() + r];
      Value product =
          arith::SIToFPOp::create(e.b, e.vf32(), sums[b * rows.size() + r]);
      product = e.mulf(product, scale);
      total = e.fma(product, block.scale, total);
      if (block.minimum)
        total =
            e.fma(block.minimum, input.total(row, place.index, half), total);
    }
  }
}
