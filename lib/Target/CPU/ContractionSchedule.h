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

/// What a contraction of many rows keeps in registers: sums of `rows` rows
/// times `groups` groups of 16 outputs, each of which has `weights` weights.
struct RegisterTile {
  int64_t groups = 1, rows = 1, weights = 1;
  int64_t columns = 0;    ///< K
  bool isInteger = false; ///< products of bytes, with scales

  /// Sums that a row has, in vectors of 16 lanes.
  int64_t vectors() const { return groups * weights; }
  /// Bytes of the decoded weights of all groups.
  int64_t panelBytes() const;
  /// Registers of the target that the tile takes.
  int64_t registers(const CPUTargetOptions &target) const;
  /// Loads per product, both in registers of the target: all tiles multiply as
  /// often, so this is what they differ in.
  double loads(const CPUTargetOptions &target) const;
};

/// The schedule of a contraction kernel of an entry of at most `maxRows` rows.
mlir::Attribute chooseContraction(KernelOp kernel, int64_t maxRows,
                                  const CPUTargetOptions &target);

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_CONTRACTIONSCHEDULE_H
