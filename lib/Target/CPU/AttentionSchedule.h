//===- AttentionSchedule.h - how attention runs on a CPU --------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_ATTENTIONSCHEDULE_H
#define TENON_LIB_TARGET_CPU_ATTENTIONSCHEDULE_H

#include "dialects/Tenon/IR/Tenon.h"

namespace tenon::cpu {

/// The schedule of an attention kernel, for one row or for many.
mlir::Attribute chooseAttention(AttentionOp op, bool isOneRow,
                                int64_t vectorBits, int64_t vectorRegisters);

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_ATTENTIONSCHEDULE_H
