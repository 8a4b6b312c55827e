//===- TableLookup.cpp - tables of sixteen entries ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// x86 picks within each 128 bits of a register, so the table is repeated;
// AArch64 has registers of 128 bits. A wider vector is done part by part.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/Kernels/TableLookup.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

namespace {

constexpr int64_t kEntries = 16;

/// An instruction that picks bytes, for vectors of so many.
struct Picker {
  StringRef intrinsic;
  int64_t lanes;
};

std::optional<Picker> choosePicker(const CPUTargetOptions &target,
                                   int64_t lanes) {
  if (target.has("neon"))
    return Picker{"llvm.aarch64.neon.tbl1.v16i8", 16};
  if (target.has("avx512bw") && lanes % 64 == 0)
    return Picker{"llvm.x86.avx512.pshuf.b.512", 64};
  if (target.has("avx2") && lanes % 32 == 0)
    return Picker{"llvm.x86.avx2.pshuf.b", 32};
  if (target.has("avx2"))
    return Picker{"llvm.x86.ssse3.pshuf.b.128", 16};
  return std::nullopt;
}

/// Halves the table with each bit of the codes.
Value selectBytes(Emitter &e, ArrayRef<int8_t> table, Value codes) {
  auto type = cast<VectorType>(codes.getType());
  auto splat = [&](int8_t value) -> Value {
    return arith::ConstantOp::create(e.b, DenseElementsAttr::get(type, value));
  };
  SmallVector<Value> entries;
  for (int8_t entry : table)
    entries.push_back(splat(entry));
  for (int8_t bit = 1; entries.size() > 1; bit *= 2) {
    Value isSet = arith::CmpIOp::create(
        e.b, arith::CmpIPredicate::ne,
        arith::AndIOp::create(e.b, codes, splat(bit)), splat(0));
    for (size_t i = 0; i < entries.size() / 2; ++i)
      entries[i] = arith::SelectOp::create(e.b, isSet, entries[2 * i + 1],
                                           entries[2 * i]);
    entries.resize(entries.size() / 2);
  }
  return entries.front();
}

} // namespace

Value tenon::cpu::lookupBytes(Emitter &e, const CPUTargetOptions &target,
                              ArrayRef<int8_t> table, Value codes) {
  assert(table.size() == kEntries && "a register's worth of entries");
  auto type = cast<VectorType>(codes.getType());
  int64_t lanes = type.getNumElements();
  assert(lanes % kEntries == 0 && "whole registers");
  std::optional<Picker> picker = choosePicker(target, lanes);
  if (!picker)
    return selectBytes(e, table, codes);
  VectorType part = e.vec(e.b.getI8Type(), picker->lanes);
  SmallVector<int8_t> repeated;
  for (int64_t i = 0; i < picker->lanes; ++i)
    repeated.push_back(table[i % kEntries]);
  Value entries = arith::ConstantOp::create(
      e.b, DenseElementsAttr::get(part, ArrayRef<int8_t>(repeated)));
  auto pick = [&](Value at) -> Value {
    return LLVM::CallIntrinsicOp::create(e.b, part,
                                         e.b.getStringAttr(picker->intrinsic),
                                         ValueRange{entries, at})
        .getResult(0);
  };
  if (lanes == picker->lanes)
    return pick(codes);
  Value result =
      arith::ConstantOp::create(e.b, DenseElementsAttr::get(type, int8_t(0)));
  for (int64_t at = 0; at < lanes; at += picker->lanes) {
    Value piece = vector::ExtractStridedSliceOp::create(
        e.b, codes, ArrayRef<int64_t>{at}, ArrayRef<int64_t>{picker->lanes},
        ArrayRef<int64_t>{1});
    result = vector::InsertStridedSliceOp::create(
        e.b, pick(piece), result, ArrayRef<int64_t>{at}, ArrayRef<int64_t>{1});
  }
  return result;
}
