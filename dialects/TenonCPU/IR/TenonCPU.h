//===- TenonCPU.h - schedules and layouts of a CPU --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENONCPU_IR_TENONCPU_H
#define TENON_DIALECTS_TENONCPU_IR_TENONCPU_H

#include "mlir/IR/Attributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"

#include "dialects/TenonCPU/IR/TenonCPUDialect.h.inc"
#include "dialects/TenonCPU/IR/TenonCPUEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/TenonCPU/IR/TenonCPUAttributes.h.inc"

#endif // TENON_DIALECTS_TENONCPU_IR_TENONCPU_H
