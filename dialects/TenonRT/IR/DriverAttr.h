//===- DriverAttr.h - what a driver was built for ---------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A driver has an attribute with the numbers of its entry. It stays with the
// function down to the LLVM dialect, so that IR whose entry was changed and
// whose code was not is found.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENONRT_IR_DRIVERATTR_H
#define TENON_DIALECTS_TENONRT_IR_DRIVERATTR_H

#include "dialects/TenonRT/IR/TenonRT.h"

namespace tenon::rt {

/// The name of the attribute.
inline constexpr llvm::StringLiteral kDriverAttrName = "tenon_rt.driver";

/// Its value for a driver of this entry: rows and memory.
inline mlir::DictionaryAttr getDriverAttr(EntryOp entry) {
  return mlir::DictionaryAttr::get(
      entry.getContext(),
      {{entry.getMaxRowsAttrName(), entry.getMaxRowsAttr()},
       {entry.getArenaBytesAttrName(), entry.getArenaBytesAttr()},
       {entry.getScratchBytesAttrName(), entry.getScratchBytesAttr()}});
}

} // namespace tenon::rt

#endif // TENON_DIALECTS_TENONRT_IR_DRIVERATTR_H
