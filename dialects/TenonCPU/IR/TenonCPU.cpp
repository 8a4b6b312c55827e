//===- TenonCPU.cpp - schedules and layouts of a CPU ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Verifiers bound every number of a schedule: builders unroll by them, and a
// schedule written by hand must not make a builder run without end.
//
//===----------------------------------------------------------------------===//

#include "dialects/TenonCPU/IR/TenonCPU.h"
#include "dialects/TenonCPU/IR/Limits.h"

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
  if (interleave != 1 && interleave != kLanes)
    return emitError() << "expected interleave = 1 or " << kLanes
                       << ", but got " << interleave;
  return success();
}

/// Most registers' worth of anything that a builder unrolls.
static constexpr int64_t maxUnrolled = 64;

/// Fails unless `value` is in `[1, most]`.
static LogicalResult verifyRange(function_ref<InFlightDiagnostic()> emitError,
                                 StringRef what, int64_t value, int64_t most) {
  if (value >= 1 && value <= most)
    return success();
  return emitError() << "expected " << what << " from 1 to " << most
                     << ", but got " << value;
}

static LogicalResult verifyLanes(function_ref<InFlightDiagnostic()> emitError,
                                 int64_t lanes) {
  if (lanes == kLanes)
    return success();
  return emitError() << "expected lanes = " << kLanes
                     << ", as weights are packed, but got " << lanes;
}

LogicalResult StepAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               int64_t lanes, int64_t sums, int64_t rows) {
  if (failed(verifyLanes(emitError, lanes)) ||
      failed(verifyRange(emitError, "rows", rows, kStepRows)))
    return failure();
  return verifyRange(emitError, "sums", sums, maxUnrolled);
}

LogicalResult ChunkAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                int64_t lanes, int64_t groups, int64_t rows,
                                int64_t depth) {
  if (failed(verifyLanes(emitError, lanes)) ||
      failed(verifyRange(emitError, "groups", groups, maxUnrolled)) ||
      failed(verifyRange(emitError, "rows", rows, maxUnrolled)))
    return failure();
  if (groups * rows > maxUnrolled)
    return emitError() << "expected groups * rows of at most " << maxUnrolled
                       << ", but got " << groups * rows;
  return verifyRange(emitError, "depth", depth, int64_t(1) << 48);
}

/// Fails unless a builder can hold the register tile.
static LogicalResult verifyTile(function_ref<InFlightDiagnostic()> emitError,
                                int64_t queries, int64_t vectors) {
  if (failed(verifyRange(emitError, "queries", queries, maxUnrolled)))
    return failure();
  if (vectors != 1 && vectors != 2 && vectors != 4)
    return emitError() << "expected vectors 1, 2 or 4, but got " << vectors;
  if (queries * vectors > maxUnrolled)
    return emitError() << "expected queries * vectors of at most "
                       << maxUnrolled << ", but got " << queries * vectors;
  return success();
}

LogicalResult AttendAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 int64_t rows, int64_t queries,
                                 int64_t vectors) {
  if (failed(verifyRange(emitError, "rows", rows, 1024)))
    return failure();
  return verifyTile(emitError, queries, vectors);
}

LogicalResult
AttendStepAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                       int64_t queries, int64_t vectors) {
  return verifyTile(emitError, queries, vectors);
}
