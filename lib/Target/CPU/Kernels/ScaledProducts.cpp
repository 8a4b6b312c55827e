//===- ScaledProducts.cpp - blocks with integer sub-scales ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The integers of a block's scales multiply the sums of products as integers,
// exactly; the sums that share a scale of the input become floats together, and
// the block's own scale comes last, once. So do minima.
//
// Codes may stay where they lie, a power of two too large, if products of whole
// bytes cost no more: the sums of each such power are kept apart.
//
// Several sub-blocks are multiplied side by side, since a product waits for the
// sum that it adds to. Those that share units follow each other as packed:
// mixed by LLVM, their loads jump about in the stream, which costs a
// processor's own prefetching a fifth of its speed (Zen 4), and their sums are
// spilled.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/Kernels/ScaledProducts.h"

#include <map>

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

namespace {

class BlockProducts {
public:
  BlockProducts(Emitter &e, const CPUTargetOptions &target,
                const BlockFormat &format, BlockReader &reader, Value number,
                QuantizedInput &input, ArrayRef<Value> rows)
      : e(e), target(target), format(format), reader(reader), number(number),
        input(input), rows(rows), size(getSubBlockSize(format)),
        subs(BlockReader::subBlocks(format)), sums(rows.size()),
        scaled(rows.size()), minima(rows.size()) {}

  void emit(MutableArrayRef<Value> totals);

private:
  void emitSubBlocks(ArrayRef<int64_t> together);
  void emitScale(int64_t sub, unsigned r, Value sum, Value scale);
  Value toFloat(Value integers) {
    return arith::SIToFPOp::create(e.b, e.vf32(), integers);
  }
  /// Number of sub-block `sub` in the row, and of the input's block it meets.
  Value indexOf(int64_t sub) { return e.add(e.mul(number, subs), sub); }
  Value inputBlockOf(int64_t sub) {
    return e.add(e.mul(number, format.elements / kInputBlock),
                 sub * size / kInputBlock);
  }
  int64_t getLift(int64_t sub);
  Value addTo(Value sum, Value x, Value y) {
    return sum ? e.fma(x, y, sum) : e.mulf(x, y);
  }

  Emitter &e;
  const CPUTargetOptions &target;
  const BlockFormat &format;
  BlockReader &reader;
  Value number;
  QuantizedInput &input;
  ArrayRef<Value> rows;
  int64_t size, subs;
  /// Of each row: sums of integers that wait for the rest of the input's block,
  /// by its number; of floats, by lift; of minima.
  struct Waiting {
    Value sum;
    int64_t subs = 0;
  };
  SmallVector<std::map<int64_t, Waiting>> sums;
  SmallVector<std::map<int64_t, Value>> scaled;
  SmallVector<Value> minima;
};

} // namespace

/// The same for all sub-blocks that meet one block of the input.
int64_t BlockProducts::getLift(int64_t sub) {
  int64_t lift = BlockReader::getLift(format, sub);
  int64_t first = sub * size / kInputBlock * kInputBlock / size;
  for (int64_t other = first; other < first + kInputBlock / size; ++other)
    if (BlockReader::getLift(format, other) != lift)
      return 0;
  return hasWholeBytes(target) ? lift : 0;
}

/// Multiplies the exact sum of sub-block `sub` with its scale.
void BlockProducts::emitScale(int64_t sub, unsigned r, Value sum, Value scale) {
  Value product = arith::MulIOp::create(e.b, sum, scale);
  Waiting &waiting = sums[r][sub * size / kInputBlock];
  waiting.sum =
      waiting.sum ? arith::AddIOp::create(e.b, waiting.sum, product) : product;
  if (++waiting.subs * size < kInputBlock)
    return;
  Value &total = scaled[r][getLift(sub)];
  total = addTo(total, toFloat(waiting.sum),
                input.scale(rows[r], inputBlockOf(sub)));
}

void BlockProducts::emitSubBlocks(ArrayRef<int64_t> together) {
  bool half = size != kInputBlock;
  // Of sub-block b and row r at b * rows + r.
  SmallVector<ProductSum> products;
  int64_t bias = BlockReader::codeBias(format);
  for (int64_t sub : together)
    for (Value row : rows) {
      Value sum = e.i32Splat(0);
      if (bias)
        sum = arith::ShLIOp::create(
            e.b, input.negativeSum(row, indexOf(sub), half),
            e.i32Splat(llvm::Log2_64(bias) + getLift(sub)));
      products.emplace_back(sum, BlockReader::largestCode(format)
                                     << getLift(sub));
    }
  Value start = e.mul(number, format.elements);
  for (int64_t i = 0; i < size; i += 4)
    for (auto [b, sub] : llvm::enumerate(together)) {
      Value codes = reader.codes4(sub * size + i, getLift(sub));
      for (auto [r, row] : llvm::enumerate(rows)) {
        Value x = input.codes4(row, e.add(start, sub * size + i));
        products[b * rows.size() + r].add(e, target, codes, x);
      }
    }
  for (auto [b, sub] : llvm::enumerate(together)) {
    Value scale = reader.subScale(sub);
    for (size_t r = 0; r < rows.size(); ++r)
      emitScale(sub, r, products[b * rows.size() + r].finish(e, target), scale);
    if (format.minimum == MinimumKind::None)
      continue;
    Value minimum = toFloat(reader.subMinimum(sub));
    for (auto [r, row] : llvm::enumerate(rows))
      minima[r] =
          addTo(minima[r], minimum, input.total(row, indexOf(sub), half));
  }
}

void BlockProducts::emit(MutableArrayRef<Value> totals) {
  // Sums of many sub-blocks and rows take registers: one each or several.
  int64_t sums = target.has("avx512f") ? 8 : 2;
  int64_t most = std::max<int64_t>(1, sums / int64_t(rows.size()));
  bool isFirst = true;
  for (ArrayRef<int64_t> together : getReadOrder(format))
    while (!together.empty()) {
      if (!std::exchange(isFirst, false))
        e.keepLoadOrder();
      int64_t count = std::min<int64_t>(most, together.size());
      emitSubBlocks(together.take_front(count));
      together = together.drop_front(count);
    }
  Value scale = reader.blockScale();
  Value minimumScale;
  if (format.minimum != MinimumKind::None)
    minimumScale = e.negf(reader.blockMinimum());
  for (auto [r, total] : llvm::enumerate(totals)) {
    for (auto [lift, sum] : scaled[r])
      total =
          e.fma(lift ? e.mulf(scale, e.splat(1.0 / double(1 << lift))) : scale,
                sum, total);
    if (minimumScale)
      total = e.fma(minimumScale, minima[r], total);
  }
}

void tenon::cpu::emitScaledProducts(Emitter &e, const CPUTargetOptions &target,
                                    const BlockFormat &format,
                                    BlockReader &reader, Value number,
                                    QuantizedInput &input, ArrayRef<Value> rows,
                                    MutableArrayRef<Value> totals) {
  BlockProducts(e, target, format, reader, number, input, rows).emit(totals);
}
