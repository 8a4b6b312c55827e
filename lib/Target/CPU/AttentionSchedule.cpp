//===- AttentionSchedule.cpp - how attention runs on a CPU ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sums of a register tile take about three quarters of the registers; the rest
// holds keys or values and a broadcast number. One row is bound by memory: the
// whole group at once, so that the cache is converted once. Many rows are bound
// by arithmetic: a block of them shares a converted tile.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/AttentionSchedule.h"
#include "dialects/TenonCPU/IR/TenonCPU.h"
#include "lib/Target/CPU/Kernels/CacheLayout.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

/// Query heads in as few blocks of at most `most` as possible, of like size.
static int64_t shareEvenly(int64_t heads, int64_t most) {
  return llvm::divideCeil(heads, llvm::divideCeil(heads, most));
}

Attribute tenon::cpu::chooseAttention(AttentionOp op, bool isOneRow,
                                      int64_t vectorBits,
                                      int64_t vectorRegisters) {
  MLIRContext *context = op.getContext();
  int64_t heads = op.getQuery().getType().getDimSize(1);
  int64_t group = heads / op.getCache().getType().getHeads();
  int64_t split = getRegistersPerVector(vectorBits);
  int64_t sums = vectorRegisters * 3 / 4 / split;
  if ((isOneRow || op.getParts()) && !op.getProducts()) {
    int64_t vectors = 4 * group <= sums               ? 4
                      : 2 * group <= sums || sums > 8 ? 2
                                                      : 1;
    return AttendStepAttr::get(context, shareEvenly(group, sums / vectors),
                               vectors);
  }
  // Enough queries that a tile's conversion costs little; the last register
  // tile of a block may repeat queries, so few blocks.
  int64_t rows = std::clamp<int64_t>(192 / group, 8, 256);
  int64_t vectors = sums >= 24 ? 4 : 1;
  return AttendAttr::get(context, rows, std::min(sums / vectors, rows * group),
                         vectors);
}
