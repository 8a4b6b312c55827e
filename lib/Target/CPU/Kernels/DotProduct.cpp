//===- DotProduct.cpp - products of bytes ---------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Chooses an instruction set's form. The portable form multiplies 32-bit
// lanes, one byte of each at a time.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/Kernels/DotProduct.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

static Value call(Emitter &e, StringRef name, Type result,
                  ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(e.b, result, e.b.getStringAttr(name),
                                       operands)
      .getResult(0);
}

/// Products in 32-bit lanes.
static Value emitPortable(Emitter &e, Value sum, Value codes, Value x) {
  Value words = vector::BitCastOp::create(e.b, e.vi32(), codes);
  Value factors = vector::BitCastOp::create(e.b, e.vi32(), x);
  for (int32_t at = 0; at < 4; ++at) {
    Value code = arith::AndIOp::create(
        e.b, arith::ShRUIOp::create(e.b, words, e.i32Splat(8 * at)),
        e.i32Splat(255));
    Value factor = arith::ShRSIOp::create(
        e.b, arith::ShLIOp::create(e.b, factors, e.i32Splat(24 - 8 * at)),
        e.i32Splat(24));
    sum = arith::AddIOp::create(e.b, sum,
                                arith::MulIOp::create(e.b, code, factor));
  }
  return sum;
}

Value tenon::cpu::emitDot4(Emitter &e, const CPUTargetOptions &target,
                           Value sum, Value codes, Value x) {
  if (target.has("avx512vnni"))
    return call(e, "llvm.x86.avx512.vpdpbusd.512", e.vi32(), {sum, codes, x});
  return emitPortable(e, sum, codes, x);
}
