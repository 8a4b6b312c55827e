//===- EntryContract.cpp - entries and the drivers that they name ---------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The runtime calls a driver through the type of an entry and with the memory
// that the entry asks for, and generated code cannot ask again. IR from a file
// may say anything: that is found here and not by a wild write.
//
//===----------------------------------------------------------------------===//

#include "dialects/TenonRT/IR/DriverAttr.h"
#include "lib/Pipelines/NativePipeline.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace tenon;

namespace tenon {
#define GEN_PASS_DEF_VERIFYENTRIESPASS
#include "lib/Pipelines/Passes.h.inc"
} // namespace tenon

namespace {

struct VerifyEntries : tenon::impl::VerifyEntriesPassBase<VerifyEntries> {
  using VerifyEntriesPassBase::VerifyEntriesPassBase;
  void runOnOperation() override {
    markAllAnalysesPreserved();
    if (failed(verifyEntries(getOperation())))
      signalPassFailure();
  }
};

/// True for a function of (job, worker), before or after its lowering.
bool isDriver(FunctionOpInterface function) {
  MLIRContext *context = function.getContext();
  if (auto lowered = dyn_cast<LLVM::LLVMFuncOp>(function.getOperation()))
    return lowered.getFunctionType() ==
           LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context),
                                       {LLVM::LLVMPointerType::get(context),
                                        IntegerType::get(context, 64)});
  return function.getFunctionType() ==
         FunctionType::get(
             context, {rt::JobType::get(context), IndexType::get(context)}, {});
}

/// The largest that a size of a buffer can be, if that is known.
std::optional<int64_t> getLargest(Value size, int64_t maxRows) {
  APInt value;
  if (matchPattern(size, m_ConstantInt(&value)))
    return value.getSExtValue();
  if (auto number = size.getDefiningOp<rt::NumberOp>())
    if (number.getField() == rt::JobField::rows ||
        number.getField() == rt::JobField::out_rows ||
        number.getField() == rt::JobField::top_rows)
      return maxRows;
  return std::nullopt;
}

/// Fails if the buffer is known to end beyond the arena.
LogicalResult verifyBuffer(rt::BufferOp buffer, rt::EntryOp entry) {
  if (buffer.getField() != rt::JobField::arena)
    return success();
  auto type = cast<MemRefType>(buffer.getResult().getType());
  if (!type.getElementType().isIntOrFloat())
    return success();
  int64_t end = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  for (int64_t extent : type.getShape())
    if (!ShapedType::isDynamic(extent) && llvm::MulOverflow(end, extent, end))
      return buffer.emitOpError("expected a buffer that memory can hold");
  for (Value size : buffer.getSizes()) {
    std::optional<int64_t> largest =
        getLargest(size, static_cast<int64_t>(entry.getMaxRows()));
    if (!largest)
      return success();
    if (llvm::MulOverflow(end, *largest, end))
      return buffer.emitOpError("expected a buffer that memory can hold");
  }
  if (Value offset = buffer.getOffset()) {
    std::optional<int64_t> start = getLargest(offset, 0);
    if (!start)
      return success();
    if (llvm::AddOverflow(end, *start, end))
      return buffer.emitOpError("expected a buffer that memory can hold");
  }
  if (end <= static_cast<int64_t>(entry.getArenaBytes()))
    return success();
  return buffer.emitOpError("expected to end within the ")
         << entry.getArenaBytes() << " bytes of the arena of entry '"
         << entry.getName() << "', but it ends at " << end;
}

/// The function of this name that has a body.
FunctionOpInterface findDefinition(ModuleOp module, StringRef name) {
  for (auto nested : module.getOps<ModuleOp>())
    if (auto function = nested.lookupSymbol<FunctionOpInterface>(name))
      if (!function.isExternal())
        return function;
  return {};
}

LogicalResult verifyEntry(ModuleOp module, rt::EntryOp entry) {
  FunctionOpInterface driver = findDefinition(module, entry.getFunction());
  if (!driver)
    return entry.emitOpError("expected a driver '")
           << entry.getFunction() << "', but no module defines one";
  if (!isDriver(driver))
    return entry.emitOpError("expected driver '")
           << entry.getFunction()
           << "' to be a function of a job and the number of a worker, but "
              "got "
           << driver.getFunctionType();
  DictionaryAttr expected = rt::getDriverAttr(entry);
  Attribute built = driver->getAttr(rt::kDriverAttrName);
  if (built != expected)
    return entry.emitOpError("expected rows and memory for which driver '")
           << entry.getFunction() << "' was built, " << built << ", but got "
           << expected;
  WalkResult result = driver->walk([&](rt::BufferOp buffer) {
    return failed(verifyBuffer(buffer, entry)) ? WalkResult::interrupt()
                                               : WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

} // namespace

LogicalResult tenon::verifyEntries(ModuleOp module) {
  llvm::StringSet<> names;
  for (auto entry : module.getOps<rt::EntryOp>()) {
    if (!names.insert(entry.getName()).second)
      return entry.emitOpError("expected one entry '")
             << entry.getName() << "', but got another";
    if (failed(verifyEntry(module, entry)))
      return failure();
  }
  if (names.empty())
    return success();
  for (StringRef name : {"step", "batch", "chunk"})
    if (!names.contains(name))
      return module.emitError(
                 "expected entries 'step', 'batch' and 'chunk', which the "
                 "runtime calls, but got no '")
             << name << "'";
  return success();
}
