//===- TableLookup.h - tables of sixteen entries ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Formats whose codes are numbers of a table have sixteen entries of a byte:
// one register. Each instruction set has an instruction that picks bytes of a
// register; without one, a tree of selections does.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_KERNELS_TABLELOOKUP_H
#define TENON_LIB_TARGET_CPU_KERNELS_TABLELOOKUP_H

#include "lib/Pipelines/Phases.h"
#include "lib/Target/CPU/Kernels/Emitter.h"

namespace tenon::cpu {

/// The table's entry for each code. `codes`: vector of bytes below 16, a
/// multiple of 16 of them; `table`: 16 entries.
mlir::Value lookupBytes(Emitter &e, const CPUTargetOptions &target,
                        llvm::ArrayRef<int8_t> table, mlir::Value codes);

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_KERNELS_TABLELOOKUP_H
