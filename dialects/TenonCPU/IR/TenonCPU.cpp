//===- TenonCPU.cpp - schedules and layouts of a CPU ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/TenonCPU/IR/TenonCPU.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tenon::cpu;

#include "dialects/TenonCPU/IR/TenonCPUDialect.cpp.inc"
#include "dialects/TenonCPU/IR/TenonCPUEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/TenonCPU/IR/TenonCPUAttributes.cpp.inc"

void TenonCPUDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/TenonCPU/IR/TenonCPUAttributes.cpp.inc"
      >();
}

LogicalResult PackAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               int64_t interleave) {
  if (interleave != 1 && interleave != 16)
    return emitError() << "expected interleave = 1 or 16, but got "
                       << interleave;
  return success();
}
