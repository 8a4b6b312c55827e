//===- KernelCalls.cpp - calls of kernels in a driver ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which memory a kernel gets, and which function where formats differ by layer.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/Outline/KernelCalls.h"
#include "dialects/TenonCPU/IR/ActivationLayout.h"
#include "dialects/TenonCPU/IR/TenonCPU.h"
#include "lib/Target/CPU/Kernels/CacheLayout.h"
#include "lib/Target/CPU/Outline/WorkShare.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;
using tenon::rt::JobField;

KernelCalls::KernelCalls(const BufferPlan &plan, KernelTable &kernels,
                         ModuleOp drivers, func::FuncOp driver,
                         bool hasRowSequences)
    : e(driver.getLoc(), &driver.front()), plan(plan), kernels(kernels),
      drivers(drivers), driver(driver), hasRowSequences(hasRowSequences) {
  // The stride between workers' scratch memories is known when all kernels
  // are: a constant to be replaced.
  scratchStride = arith::ConstantIndexOp::create(e.b, 0);
  scratchBase = arith::MulIOp::create(e.b, worker(), scratchStride);
}

int64_t KernelCalls::getScratchBytes() const {
  return llvm::alignTo(plan.privateBytes + kernelScratch + 64, 4096);
}

void KernelCalls::setScratchBytes(int64_t bytes) {
  scratchStride.setValueAttr(e.b.getIndexAttr(bytes));
}

Value KernelCalls::rowsOf(Value tensor) {
  switch (plan.places.lookup(tensor).rows) {
  case RowSpace::Rows:
    return number(JobField::rows);
  case RowSpace::OutRows:
    return number(JobField::out_rows);
  case RowSpace::TopRows:
    return number(JobField::top_rows);
  }
  llvm_unreachable("unknown rows");
}

Value KernelCalls::tensorMemory(Value tensor, Value row) {
  Place place = plan.places.lookup(tensor);
  auto tensorType = cast<RankedTensorType>(tensor.getType());
  MemRefType type = getMemory(tensorType);
  SmallVector<Value> sizes;
  if (type.isDynamicDim(0))
    sizes.push_back(row ? e.index(1) : rowsOf(tensor));
  Value start = row ? e.mul(row, getRowBytes(tensorType)) : Value();
  auto after = [&](Value offset) {
    return start ? e.add(offset, start) : offset;
  };
  switch (place.kind) {
  case Place::Ids:
    return buffer(JobField::ids, start, type, sizes);
  case Place::Positions:
    return buffer(JobField::positions, start, type, sizes);
  case Place::OutIndex:
    return buffer(JobField::out_index, start, type, sizes);
  case Place::Logits:
    return buffer(JobField::logits, start, type, sizes);
  case Place::TopIndex:
    return buffer(JobField::top_index, start, type, sizes);
  case Place::TopIds:
    return buffer(JobField::top_ids, start, type, sizes);
  case Place::TopLogits:
    return buffer(JobField::top_logits, start, type, sizes);
  case Place::Arena:
    return buffer(JobField::arena, after(e.index(place.offset)), type, sizes);
  case Place::Private:
    return buffer(JobField::scratch, after(e.add(scratchBase, place.offset)),
                  type, sizes);
  }
  llvm_unreachable("unknown place");
}

/// The current layer's entry of a table that starts at the first layer.
static Value tableAt(Emitter &e, ArrayRef<int64_t> values, Layers layers) {
  return e.b.createOrFold<rt::TableOp>(
      e.b.getIndexType(), e.b.getDenseI64ArrayAttr(values),
      layers.first ? e.sub(layers.current, e.index(layers.first))
                   : layers.current);
}

Value KernelCalls::weightMemory(Value weight, Layers layers) {
  WeightOp symbol = getWeightSymbol(weight);
  auto at = weight.getDefiningOp<WeightAtOp>();
  ArrayRef<int64_t> offsets = *symbol.getOffsets();
  Value offset =
      at.getLayer()
          ? tableAt(e, offsets.slice(layers.first, layers.last - layers.first),
                    layers)
          : e.index(offsets.front());
  WeightType type = symbol.getWeightType();
  if (type.isVector())
    return buffer(JobField::weights, offset,
                  MemRefType::get({type.getRows()}, e.f32()), {});
  int64_t bytes = 0;
  for (int64_t l = 0; l < symbol.getCount(); ++l)
    bytes = std::max(bytes, getPackedBytes(symbol, l));
  return buffer(JobField::weights, offset,
                MemRefType::get({ShapedType::kDynamic}, e.b.getI8Type()),
                {e.index(bytes)});
}

void KernelCalls::cacheMemory(Value cache, Value layer, Value row,
                              SmallVectorImpl<Value> &operands) {
  auto type = cast<CacheType>(cache.getType());
  CacheLayoutOf layout(type);
  Value capacity = number(JobField::capacity, row);
  int64_t layerElements = layout.heads * layout.tileElements();
  Value start = e.mul(layer, layerElements);
  Value all = e.mul(capacity, layout.layers * layout.slotElements());
  auto flat = [&](Type element) {
    return MemRefType::get({ShapedType::kDynamic}, element);
  };
  operands.push_back(buffer(JobField::cache,
                            e.mul(start, layout.elementBytes()),
                            flat(layout.element), {e.sub(all, start)}, row));
  operands.push_back(buffer(JobField::slot_positions, {},
                            flat(e.b.getI32Type()), {capacity}, row));
  operands.push_back(number(JobField::slots_used, row));
}

void KernelCalls::emitCall(func::FuncOp kernel, ArrayRef<Value> operands) {
  if (!drivers.lookupSymbol<func::FuncOp>(kernel.getName())) {
    OpBuilder builder = OpBuilder::atBlockBegin(drivers.getBody());
    auto declaration = func::FuncOp::create(
        builder, kernel.getLoc(), kernel.getName(), kernel.getFunctionType());
    declaration.setPrivate();
  }
  func::CallOp::create(e.b, kernel.getName(), TypeRange(), operands);
}

/// True for an index that the entry gets, the only one of which is a count.
static bool isCount(Value index) {
  auto argument = dyn_cast<BlockArgument>(index);
  return argument && isa<func::FuncOp>(argument.getOwner()->getParentOp());
}

SmallVector<Value> KernelCalls::getOperands(KernelOp kernel, KernelShape shape,
                                            Layers layers, Value row) {
  SmallVector<Value> operands;
  for (Value input : kernel.getInputs()) {
    if (isa<RankedTensorType>(input.getType()))
      operands.push_back(tensorMemory(input, row));
    else if (isa<WeightType>(input.getType()))
      operands.push_back(weightMemory(input, layers));
    else if (isa<CacheType>(input.getType()))
      cacheMemory(input, layers.current, row, operands);
    else if (isCount(input))
      operands.push_back(number(JobField::top_count));
    else
      operands.push_back(layers.current);
  }
  for (Value result : kernel.getResults())
    if (isa<RankedTensorType>(result.getType()))
      operands.push_back(tensorMemory(result, row));
  if (shape != KernelShape::Rows) {
    int64_t bytes = getKernelWork(kernel, shape).scratchBytes;
    kernelScratch = std::max(kernelScratch, bytes);
    operands.push_back(
        buffer(JobField::scratch, e.add(scratchBase, plan.privateBytes),
               MemRefType::get({ShapedType::kDynamic}, e.b.getI8Type()),
               {e.index(llvm::alignTo(bytes, 64))}));
  }
  return operands;
}

/// True when the kernel uses a cache.
static bool usesCache(KernelOp kernel) {
  return llvm::any_of(kernel.getInputs().getTypes(),
                      [](Type type) { return isa<CacheType>(type); });
}

LogicalResult KernelCalls::emit(KernelOp kernel, Layers layers) {
  FailureOr<KernelShape> shape = classifyKernel(kernel);
  if (failed(shape))
    return failure();
  KernelWork work = getKernelWork(kernel, *shape);
  Value rows;
  for (Value result : kernel.getResults())
    if (!rows && isa<RankedTensorType>(result.getType()))
      rows = rowsOf(result);
  if (!rows)
    rows = number(JobField::rows);
  bool byRow = hasRowSequences && usesCache(kernel);
  SmallVector<Value> operands;
  if (!byRow)
    operands = getOperands(kernel, *shape, layers, {});
  Value units = e.index(work.constantUnits);
  if (byRow)
    units = e.index(work.perRowBlock);
  else if (work.rowsPerUnit)
    units = e.mul(e.divUp(rows, work.rowsPerUnit), work.perRowBlock);

  // No rows, no work: all workers agree on that.
  Value some =
      arith::CmpIOp::create(e.b, arith::CmpIPredicate::ugt, rows, e.index(0));
  auto guard = scf::IfOp::create(e.b, some, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard insertion(e.b);
  e.b.setInsertionPointToStart(guard.thenBlock());
  auto call = [&](ArrayRef<Value> arguments, Value from, Value to) {
    SmallVector<Value> all(arguments);
    all.append({from, to});
    return emitVariants(kernel, *shape, all, layers);
  };
  if (byRow)
    return emitByRow(kernel, rows, units, [&](Value row, Value from, Value to) {
      return call(getOperands(kernel, *shape, layers, row), from, to);
    });
  auto share = [&](Value from, Value to) { return call(operands, from, to); };
  if (!isShared(kernel))
    return share(e.index(0), units);
  if (work.hasParts) {
    SmallVector<Value> all(operands);
    all.append({e.index(0), e.index(0)});
    if (failed(emitVariants(kernel, *shape, all, layers, KernelPart::Prologue)))
      return failure();
  }
  if (failed(WorkShare{e, job(), worker()}.emit(kernel, units, share)))
    return failure();
  return work.hasParts ? emitFinish(kernel, *shape, operands, layers)
                       : success();
}

/// The last worker to arrive puts together what all have in their scratch
/// memories, while the others wait.
LogicalResult KernelCalls::emitFinish(KernelOp kernel, KernelShape shape,
                                      ArrayRef<Value> operands, Layers layers) {
  Value isLast = rt::ArriveOp::create(e.b, e.b.getI1Type(), job());
  auto guard = scf::IfOp::create(e.b, isLast, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard insertion(e.b);
  e.b.setInsertionPointToStart(guard.thenBlock());
  SmallVector<Value> all(operands.drop_back());
  Value workers = number(JobField::workers);
  all.push_back(
      buffer(JobField::scratch, e.index(plan.privateBytes),
             MemRefType::get({ShapedType::kDynamic}, e.b.getI8Type()),
             {arith::MulIOp::create(e.b, workers, scratchStride).getResult()}));
  all.append({scratchStride, workers});
  if (failed(emitVariants(kernel, shape, all, layers, KernelPart::Finish)))
    return failure();
  rt::ReleaseOp::create(e.b, job());
  return success();
}

LogicalResult KernelCalls::emitRows(KernelOp kernel, Layers layers) {
  FailureOr<KernelShape> shape = classifyKernel(kernel);
  if (failed(shape))
    return failure();
  auto rows = scf::ForOp::create(e.b, worker(), number(JobField::rows),
                                 number(JobField::workers));
  OpBuilder::InsertionGuard insertion(e.b);
  e.b.setInsertionPointToStart(rows.getBody());
  SmallVector<Value> operands =
      getOperands(kernel, *shape, layers, rows.getInductionVar());
  int64_t units = getKernelWork(kernel, *shape).perRowBlock;
  operands.append({e.index(0), e.index(units)});
  return emitVariants(kernel, *shape, operands, layers);
}

/// Emits `emit` for this worker's share of the units of each row. Sequences
/// differ in length, so every row is shared out; who gets the smaller shares
/// changes from row to row.
LogicalResult KernelCalls::emitByRow(
    KernelOp kernel, Value rows, Value units,
    llvm::function_ref<LogicalResult(Value, Value, Value)> emit) {
  LogicalResult result = success();
  e.loop(e.index(0), rows, 1, [&](Value row) {
    if (!isShared(kernel)) {
      result = emit(row, e.index(0), units);
      return;
    }
    Value turned = arith::RemUIOp::create(e.b, e.add(worker(), row),
                                          number(JobField::workers));
    auto [from, to] = WorkShare{e, job(), turned}.getRange(units);
    Value some =
        arith::CmpIOp::create(e.b, arith::CmpIPredicate::ult, from, to);
    auto guard = scf::IfOp::create(e.b, some, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard insertion(e.b);
    e.b.setInsertionPointToStart(guard.thenBlock());
    result = emit(row, from, to);
  });
  return result;
}

/// Calls the function for the layer's formats.
LogicalResult KernelCalls::emitVariants(KernelOp kernel, KernelShape shape,
                                        ArrayRef<Value> operands, Layers layers,
                                        KernelPart part) {
  KernelVariants variants = getKernelVariants(kernel);
  SmallVector<func::FuncOp> functions;
  for (const KernelFormats &formats : variants.formats) {
    FailureOr<func::FuncOp> built = kernels.get(kernel, shape, formats);
    if (failed(built))
      return failure();
    functions.push_back(KernelTable::getPart(*built, part));
  }
  if (functions.size() == 1) {
    emitCall(functions.front(), operands);
    return success();
  }
  Value variant = tableAt(e, variants.byLayer, layers);
  SmallVector<int64_t> cases;
  for (size_t i = 1; i < functions.size(); ++i)
    cases.push_back(i);
  auto chosen = scf::IndexSwitchOp::create(e.b, TypeRange(), variant, cases,
                                           static_cast<int>(cases.size()));
  OpBuilder::InsertionGuard insertion(e.b);
  auto fill = [&](Region &region, func::FuncOp callee) {
    e.b.createBlock(&region);
    emitCall(callee, operands);
    scf::YieldOp::create(e.b);
  };
  fill(chosen.getDefaultRegion(), functions.front());
  for (auto [region, callee] :
       llvm::zip(chosen.getCaseRegions(), ArrayRef(functions).drop_front()))
    fill(region, callee);
  return success();
}
