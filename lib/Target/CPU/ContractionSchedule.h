//===- ContractionSchedule.h - how contractions run on a CPU ----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_CONTRACTIONSCHEDULE_H
#define TENON_LIB_TARGET_CPU_CONTRACTIONSCHEDULE_H

#include "dialects/Tenon/IR/Tenon.h"
#include "lib/Pipelines/Phases.h"

namespace tenon::cpu {

/// The schedule of a contraction kernel of an entry of at most `maxRows` rows.
mlir::Attribute chooseContraction(KernelOp kernel, int64_t maxRows,
                                  const CPUTargetOptions &target);

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_CONTRACTIONSCHEDULE_H
