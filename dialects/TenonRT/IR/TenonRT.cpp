//===- TenonRT.cpp - the exit to the runtime ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/TenonRT/IR/TenonRT.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tenon::rt;

#include "dialects/TenonRT/IR/TenonRTDialect.cpp.inc"
#include "dialects/TenonRT/IR/TenonRTEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/TenonRT/IR/TenonRTAttributes.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/TenonRT/IR/TenonRTTypes.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/TenonRT/IR/TenonRTOps.cpp.inc"

void TenonRTDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/TenonRT/IR/TenonRTAttributes.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/TenonRT/IR/TenonRTTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/TenonRT/IR/TenonRTOps.cpp.inc"
      >();
}

Operation *TenonRTDialect::materializeConstant(OpBuilder &builder,
                                               Attribute value, Type type,
                                               Location loc) {
  return arith::ConstantOp::materialize(builder, value, type, loc);
}

bool tenon::rt::isPointer(JobField field) {
  switch (field) {
  case JobField::workers:
  case JobField::rows:
  case JobField::out_rows:
  case JobField::slots_used:
  case JobField::capacity:
  case JobField::top_rows:
  case JobField::top_count:
    return false;
  default:
    return true;
  }
}

/// Fails unless a field with a row is one of a sequence.
static LogicalResult verifyRow(Operation *op, JobField field, Value row) {
  if (!row || isOfSequence(field))
    return success();
  return op->emitOpError("expected a field of a sequence, which has a row, but "
                         "got ")
         << stringifyJobField(field);
}

bool tenon::rt::isOfSequence(JobField field) {
  return field >= JobField::cache && field <= JobField::capacity;
}

LogicalResult NumberOp::verify() {
  if (isPointer(getField()))
    return emitOpError("expected a number of the job, but got the pointer ")
           << stringifyJobField(getField());
  return verifyRow(*this, getField(), getRow());
}

LogicalResult BufferOp::verify() {
  if (!isPointer(getField()))
    return emitOpError("expected a pointer of the job, but got the number ")
           << stringifyJobField(getField());
  auto type = cast<MemRefType>(getResult().getType());
  if (static_cast<size_t>(type.getNumDynamicDims()) != getSizes().size())
    return emitOpError("expected ") << type.getNumDynamicDims()
                                    << " sizes, but got " << getSizes().size();
  if (!type.getLayout().isIdentity())
    return emitOpError("expected an identity layout, but got ") << type;
  return verifyRow(*this, getField(), getRow());
}

/// Fails unless the number of an artifact's table is at least `least`.
static LogicalResult verifyNumber(Operation *op, StringRef what, int64_t value,
                                  int64_t least) {
  if (value >= least)
    return success();
  return op->emitOpError("expected ")
         << what << " of at least " << least << ", but got " << value;
}

LogicalResult ArtifactOp::verify() {
  if (failed(verifyNumber(*this, "vocab", getVocab(), 1)) ||
      failed(verifyNumber(*this, "context", getContext(), 1)) ||
      failed(verifyNumber(*this, "layers", getLayers(), 1)) ||
      failed(verifyNumber(*this, "cache_layer_slot_bytes",
                          getCacheLayerSlotBytes(), 1)) ||
      failed(verifyNumber(*this, "weights_bytes", getWeightsBytes(), 0)) ||
      failed(verifyNumber(*this, "top_k", getTopK().value_or(1), 1)))
    return failure();
  if (getCacheType() != "f16" && getCacheType() != "f32")
    return emitOpError("expected cache_type f16 or f32, but got '")
           << getCacheType() << "'";
  return success();
}

LogicalResult EntryOp::verify() {
  if (failed(verifyNumber(*this, "max_rows", getMaxRows(), 1)) ||
      failed(verifyNumber(*this, "arena_bytes", getArenaBytes(), 0)))
    return failure();
  return verifyNumber(*this, "scratch_bytes", getScratchBytes(), 0);
}

LogicalResult MarkOp::verify() {
  return verifyNumber(*this, "a kernel's number", getKernel(), 0);
}

LogicalResult TableOp::verify() {
  if (getValues().empty())
    return emitOpError("expected at least one value");
  return success();
}

OpFoldResult TableOp::fold(FoldAdaptor adaptor) {
  ArrayRef<int64_t> values = getValues();
  if (values.empty())
    return {};
  if (llvm::all_equal(values))
    return IntegerAttr::get(getResult().getType(), values.front());
  if (auto index = dyn_cast_or_null<IntegerAttr>(adaptor.getIndex()))
    if (index.getInt() >= 0 &&
        index.getInt() < static_cast<int64_t>(values.size()))
      return IntegerAttr::get(getResult().getType(), values[index.getInt()]);
  return {};
}
