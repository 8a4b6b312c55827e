//===- TenonRT.h - the exit to the runtime ----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENONRT_IR_TENONRT_H
#define TENON_DIALECTS_TENONRT_IR_TENONRT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/TenonRT/IR/TenonRTDialect.h.inc"
#include "dialects/TenonRT/IR/TenonRTEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/TenonRT/IR/TenonRTAttributes.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/TenonRT/IR/TenonRTTypes.h.inc"

#define GET_OP_CLASSES
#include "dialects/TenonRT/IR/TenonRTOps.h.inc"

namespace tenon::rt {

/// True for fields that are pointers.
bool isPointer(JobField field);

/// True for the fields of a sequence: its cache and the slots of that.
bool isOfSequence(JobField field);

} // namespace tenon::rt

#endif // TENON_DIALECTS_TENONRT_IR_TENONRT_H
