//===- BufferPlan.h - places of values between kernels ----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values that one kernel hands to another get an offset in the job's arena, or
// in the worker's scratch memory when every worker computes them for itself.
// Two values share memory when no worker can still read the one while another
// writes the other: a life ends at the first barrier after its last reader.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_OUTLINE_BUFFERPLAN_H
#define TENON_LIB_TARGET_CPU_OUTLINE_BUFFERPLAN_H

#include "dialects/Tenon/IR/Tenon.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

namespace tenon::cpu {

/// Which number of the job counts a tensor's rows.
enum class RowSpace { Rows, OutRows, TopRows };

/// Where a tensor lives.
struct Place {
  enum Kind {
    Ids,
    Positions,
    OutIndex,
    TopIndex,
    Logits,
    TopLogits,
    TopIds,
    Arena,
    Private
  } kind;
  int64_t offset = 0; ///< bytes, of Arena and Private
  RowSpace rows = RowSpace::Rows;
};

/// Places of all tensors of an entry.
struct BufferPlan {
  llvm::DenseMap<mlir::Value, Place> places;
  int64_t arenaBytes = 0;
  int64_t privateBytes = 0;
};

/// True when workers share the kernel's work out, so that its results need a
/// barrier before they are read.
bool isShared(KernelOp kernel);

/// Plans the buffers of an entry that passed `checkEntry`. Fails with an error
/// at the place where values cannot be placed.
llvm::FailureOr<BufferPlan> planBuffers(mlir::func::FuncOp entry);

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_OUTLINE_BUFFERPLAN_H
