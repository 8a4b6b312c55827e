//===- PairProducts.cpp - products of pairs of bf16 -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/Kernels/PairProducts.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

static Type pairsType(Emitter &e) {
  return e.vec(e.b.getBF16Type(), 2 * kLanes);
}

bool tenon::cpu::hasPairs(const CPUTargetOptions &target) {
  return target.has("avx512bf16");
}

Value tenon::cpu::joinPairs(Emitter &e, Value low, Value high) {
  return e.intrinsic("llvm.x86.avx512bf16.cvtne2ps2bf16.512", pairsType(e),
                     {high, low});
}

Value tenon::cpu::interleavePairs(Emitter &e, Value low, Value high) {
  Value both = joinPairs(e, low, high);
  SmallVector<int64_t> order;
  for (int64_t lane = 0; lane < kLanes; ++lane)
    order.append({lane, kLanes + lane});
  return vector::ShuffleOp::create(e.b, both, both, order);
}

Value tenon::cpu::spreadPair(Emitter &e, Value memory, ValueRange at) {
  Value two = e.loadVector(memory, at, 2);
  Value bits = vector::BitCastOp::create(e.b, e.vec(e.b.getI32Type(), 1), two);
  Value word = vector::ExtractOp::create(e.b, bits, 0);
  return vector::BitCastOp::create(e.b, pairsType(e), e.broadcast(word));
}

Value tenon::cpu::emitDot2(Emitter &e, Value sum, Value x, Value y) {
  return e.intrinsic("llvm.x86.avx512bf16.dpbf16ps.512", sum.getType(),
                     {sum, x, y});
}
