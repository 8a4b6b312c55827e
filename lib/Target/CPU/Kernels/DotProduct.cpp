//===- DotProduct.cpp - products of bytes ---------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Chooses an instruction set's form:
//
//   avx512vnni, avxvnni  vpdpbusd, which adds four products to 32 bits
//   avx2, avx512bw       vpmaddubsw adds two products to 16 bits and saturates
//                        there. With codes up to 128 it cannot: 2 * 128 * 127
//                        is less than 2^15. The top bit of larger codes is
//                        multiplied apart.
//   i8mm                 usdot, as vpdpbusd
//   dotprod              sdot takes signed codes: larger ones less 128, and
//                        128 times the sum of x added
//   neon                 products of 16 bits, which hold 255 * 127, added in
//                        pairs to 32 bits
//
// The portable form multiplies 32-bit lanes, one byte of each at a time.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/Kernels/DotProduct.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

namespace {

/// Emits the forms for one register's worth of the 16 lanes.
class DotEmitter {
public:
  DotEmitter(Emitter &e, const CPUTargetOptions &target, int64_t largest)
      : e(e), target(target), largest(largest) {}

  /// Lanes of i32 that one instruction has; 0: no instruction will do.
  int64_t lanes() const;
  Value emit(Value sum, Value codes, Value x);
  /// How many sums of two products fit into 16 bits without saturation; 0 where
  /// the instruction set does not have them or does not need them.
  int64_t mostPairs() const;
  /// Two products in each 16 bits; the sums of two of these in 32 bits.
  Value emitPairProducts(Value codes, Value x);
  Value widenPairs(Value pairs);

private:
  Value call(StringRef name, Type result, ValueRange operands) {
    return e.intrinsic(name, result, operands);
  }
  Value add(Value a, Value b) { return arith::AddIOp::create(e.b, a, b); }
  /// A constant like `like`, the same in all lanes.
  Value all(Value like, int64_t value) {
    auto type = cast<VectorType>(like.getType());
    APInt element(type.getElementTypeBitWidth(), value, /*isSigned=*/true);
    return arith::ConstantOp::create(e.b,
                                     DenseElementsAttr::get(type, element));
  }
  Value emitPairs(Value sum, Value codes, Value x);
  Value emitSigned(Value sum, Value codes, Value x);
  Value emitWide(Value sum, Value codes, Value x);

  Emitter &e;
  const CPUTargetOptions &target;
  int64_t largest;
};

} // namespace

int64_t DotEmitter::lanes() const {
  if (target.has("avx512vnni"))
    return 16;
  if (target.has("avxvnni"))
    return 8;
  if (target.has("avx512bw"))
    return 16;
  if (target.has("avx2"))
    return 8;
  return target.has("neon") ? 4 : 0;
}

int64_t DotEmitter::mostPairs() const {
  if (hasWholeBytes(target) || !target.has("avx2"))
    return 0;
  return 32767 / (2 * 127 * largest);
}

Value DotEmitter::emitPairProducts(Value codes, Value x) {
  bool isWide = target.has("avx512bw");
  return call(isWide ? "llvm.x86.avx512.pmaddubs.w.512"
                     : "llvm.x86.avx2.pmadd.ub.sw",
              e.vec(e.b.getI16Type(), isWide ? 32 : 16), {codes, x});
}

Value DotEmitter::widenPairs(Value pairs) {
  bool isWide = target.has("avx512bw");
  return call(isWide ? "llvm.x86.avx512.pmaddw.d.512"
                     : "llvm.x86.avx2.pmadd.wd",
              e.vec(e.b.getI32Type(), isWide ? 16 : 8), {pairs, all(pairs, 1)});
}

/// x86 before VNNI.
Value DotEmitter::emitPairs(Value sum, Value codes, Value x) {
  auto products = [&](Value bytes) {
    return widenPairs(emitPairProducts(bytes, x));
  };
  if (largest <= 128)
    return add(sum, products(codes));
  Value low = arith::AndIOp::create(e.b, codes, all(codes, 127));
  Value top = arith::AndIOp::create(e.b, codes, all(codes, -128));
  return add(add(sum, products(low)), products(top));
}

/// AArch64 with sdot.
Value DotEmitter::emitSigned(Value sum, Value codes, Value x) {
  auto dot = [&](Value start, Value bytes) {
    return call("llvm.aarch64.neon.sdot.v4i32.v16i8", sum.getType(),
                {start, bytes, x});
  };
  if (largest <= 127)
    return dot(sum, codes);
  Value less = arith::XOrIOp::create(e.b, codes, all(codes, -128));
  // The same for all lanes where x is: computed once.
  Value excess = dot(all(sum, 0), all(codes, -128));
  return arith::SubIOp::create(e.b, dot(sum, less), excess);
}

/// AArch64 without dot products.
Value DotEmitter::emitWide(Value sum, Value codes, Value x) {
  auto half = [&](int64_t from) {
    auto part = [&](Value bytes) -> Value {
      return vector::ExtractStridedSliceOp::create(
          e.b, bytes, ArrayRef<int64_t>{from}, ArrayRef<int64_t>{8},
          ArrayRef<int64_t>{1});
    };
    Type words = e.vec(e.b.getI16Type(), 8);
    Value product = arith::MulIOp::create(
        e.b, arith::ExtUIOp::create(e.b, words, part(codes)),
        arith::ExtSIOp::create(e.b, words, part(x)));
    return call("llvm.aarch64.neon.saddlp.v4i32.v8i16", sum.getType(), product);
  };
  return add(sum, call("llvm.aarch64.neon.addp.v4i32", sum.getType(),
                       {half(0), half(8)}));
}

Value DotEmitter::emit(Value sum, Value codes, Value x) {
  if (target.has("avx512vnni"))
    return call("llvm.x86.avx512.vpdpbusd.512", sum.getType(), {sum, codes, x});
  if (target.has("avxvnni"))
    return call("llvm.x86.avx512.vpdpbusd.256", sum.getType(), {sum, codes, x});
  if (target.has("avx2"))
    return emitPairs(sum, codes, x);
  if (target.has("i8mm"))
    return call("llvm.aarch64.neon.usdot.v4i32.v16i8", sum.getType(),
                {sum, codes, x});
  if (target.has("dotprod"))
    return emitSigned(sum, codes, x);
  return emitWide(sum, codes, x);
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

/// `count` lanes of a vector from `at` on.
static Value extract(Emitter &e, Value from, int64_t at, int64_t count) {
  if (cast<VectorType>(from.getType()).getNumElements() == count)
    return from;
  return vector::ExtractStridedSliceOp::create(e.b, from, ArrayRef<int64_t>{at},
                                               ArrayRef<int64_t>{count},
                                               ArrayRef<int64_t>{1});
}

/// `into` with other lanes from `at` on.
static Value insert(Emitter &e, Value part, Value into, int64_t at) {
  return vector::InsertStridedSliceOp::create(
      e.b, part, into, ArrayRef<int64_t>{at}, ArrayRef<int64_t>{1});
}

bool tenon::cpu::hasWholeBytes(const CPUTargetOptions &target) {
  return target.has("avx512vnni") || target.has("avxvnni") ||
         target.has("i8mm");
}

Value tenon::cpu::emitDot4(Emitter &e, const CPUTargetOptions &target,
                           Value sum, Value codes, Value x, int64_t largest) {
  DotEmitter dot(e, target, largest);
  int64_t lanes = dot.lanes();
  if (!lanes)
    return emitPortable(e, sum, codes, x);
  if (lanes == kLanes)
    return dot.emit(sum, codes, x);
  Value result = sum;
  for (int64_t at = 0; at < kLanes; at += lanes)
    result = insert(e,
                    dot.emit(extract(e, sum, at, lanes),
                             extract(e, codes, 4 * at, 4 * lanes),
                             extract(e, x, 4 * at, 4 * lanes)),
                    result, at);
  return result;
}

void ProductSum::add(Emitter &e, const CPUTargetOptions &target, Value codes,
                     Value x) {
  DotEmitter dot(e, target, largest);
  int64_t most = dot.mostPairs();
  if (most < 2) {
    sum = emitDot4(e, target, sum, codes, x, largest);
    return;
  }
  if (count == most)
    sum = finish(e, target);
  int64_t lanes = dot.lanes();
  for (int64_t part = 0; part < kLanes / lanes; ++part) {
    int64_t at = 4 * part * lanes;
    Value product = dot.emitPairProducts(extract(e, codes, at, 4 * lanes),
                                         extract(e, x, at, 4 * lanes));
    if (!count)
      pairs.push_back(product);
    else
      pairs[part] = arith::AddIOp::create(e.b, pairs[part], product);
  }
  ++count;
}

Value ProductSum::finish(Emitter &e, const CPUTargetOptions &target) {
  DotEmitter dot(e, target, largest);
  int64_t lanes = dot.lanes();
  Value result = sum;
  for (auto [part, pair] : llvm::enumerate(pairs)) {
    int64_t at = part * lanes;
    Value total = arith::AddIOp::create(e.b, extract(e, sum, at, lanes),
                                        dot.widenPairs(pair));
    result = lanes == kLanes ? total : insert(e, total, result, at);
  }
  pairs.clear();
  count = 0;
  return result;
}
