//===- Driver.cpp - an entry as an SPMD function --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every worker runs the driver: it calls each kernel for its share of the
// units, and meets the others in a barrier where a kernel's results are read
// next. Layers are a loop; tables by layer give weights their offsets and
// choose the function where formats differ.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/Outline/Driver.h"
#include "dialects/TenonCPU/IR/ActivationLayout.h"
#include "dialects/TenonRT/IR/TenonRT.h"
#include "lib/Target/CPU/Kernels/CacheLayout.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;
using tenon::rt::JobField;

namespace {

class DriverBuilder {
public:
  DriverBuilder(func::FuncOp entry, const BufferPlan &plan,
                KernelTable &kernels, ModuleOp drivers)
      : entry(entry), plan(plan), kernels(kernels), drivers(drivers),
        function(createFunction(entry, drivers)),
        e(entry.getLoc(), &function.front()) {}

  FailureOr<DriverFacts> run();

private:
  static func::FuncOp createFunction(func::FuncOp entry, ModuleOp drivers);
  LogicalResult emitBlock(Block &block, Value layer, int64_t first,
                          int64_t last);
  LogicalResult emitKernel(KernelOp kernel, Value layer, int64_t first,
                           int64_t last);
  void emitCall(func::FuncOp kernel, ArrayRef<Value> operands);
  Value number(JobField field) {
    return rt::NumberOp::create(e.b, e.b.getIndexType(), field, job());
  }
  Value buffer(JobField field, Value offset, MemRefType type,
               ValueRange sizes) {
    return rt::BufferOp::create(e.b, type, field, job(), offset, sizes);
  }
  Value job() { return function.getArgument(0); }
  Value worker() { return function.getArgument(1); }
  Value rowsOf(Value tensor);
  Value tensorMemory(Value tensor);
  Value weightMemory(Value weight, Value layer, int64_t first, int64_t last);
  void cacheMemory(Value cache, Value layer, SmallVectorImpl<Value> &operands);

  func::FuncOp entry;
  const BufferPlan &plan;
  KernelTable &kernels;
  ModuleOp drivers;
  func::FuncOp function;
  Emitter e;
  int64_t kernelScratch = 0;
  Value scratchBase;
};

} // namespace

func::FuncOp DriverBuilder::createFunction(func::FuncOp entry,
                                           ModuleOp drivers) {
  OpBuilder builder = OpBuilder::atBlockEnd(drivers.getBody());
  auto type = builder.getFunctionType(
      {rt::JobType::get(entry.getContext()), builder.getIndexType()}, {});
  auto function = func::FuncOp::create(
      builder, entry.getLoc(), ("tenon_" + entry.getName()).str(), type);
  function.addEntryBlock();
  return function;
}

Value DriverBuilder::rowsOf(Value tensor) {
  bool out = plan.places.lookup(tensor).rows == RowSpace::OutRows;
  return number(out ? JobField::out_rows : JobField::rows);
}

Value DriverBuilder::tensorMemory(Value tensor) {
  Place place = plan.places.lookup(tensor);
  MemRefType type = getMemory(cast<RankedTensorType>(tensor.getType()));
  SmallVector<Value> sizes;
  if (type.isDynamicDim(0))
    sizes.push_back(rowsOf(tensor));
  switch (place.kind) {
  case Place::Ids:
    return buffer(JobField::ids, {}, type, sizes);
  case Place::Positions:
    return buffer(JobField::positions, {}, type, sizes);
  case Place::OutIndex:
    return buffer(JobField::out_index, {}, type, sizes);
  case Place::Logits:
    return buffer(JobField::logits, {}, type, sizes);
  case Place::Arena:
    return buffer(JobField::arena, e.index(place.offset), type, sizes);
  case Place::Private:
    return buffer(JobField::scratch, e.add(scratchBase, place.offset), type,
                  sizes);
  }
  llvm_unreachable("unknown place");
}

/// Values for layers first..last-1, as a table by layer - first.
static Value tableAt(Emitter &e, ArrayRef<int64_t> values, Value layer,
                     int64_t first) {
  return e.b.createOrFold<rt::TableOp>(
      e.b.getIndexType(), e.b.getDenseI64ArrayAttr(values),
      first ? e.sub(layer, e.index(first)) : layer);
}

Value DriverBuilder::weightMemory(Value weight, Value layer, int64_t first,
                                  int64_t last) {
  WeightOp symbol = getWeightSymbol(weight);
  auto at = weight.getDefiningOp<WeightAtOp>();
  ArrayRef<int64_t> offsets = *symbol.getOffsets();
  Value offset = at.getLayer() ? tableAt(e, offsets.slice(first, last - first),
                                         layer, first)
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

void DriverBuilder::cacheMemory(Value cache, Value layer,
                                SmallVectorImpl<Value> &operands) {
  auto type = cast<CacheType>(cache.getType());
  CacheLayoutOf layout(type);
  Value capacity = number(JobField::capacity);
  int64_t slotBytes = layout.keySlotBytes() + layout.valueSlotBytes();
  Value start = e.mul(e.mul(layer, capacity), slotBytes);
  auto flat = [&](Type element) {
    return MemRefType::get({ShapedType::kDynamic}, element);
  };
  Value keyCount = e.mul(capacity, layout.heads * layout.dim);
  Value valueCount = e.mul(capacity, layout.heads * layout.padded);
  operands.push_back(
      buffer(JobField::cache, start, flat(layout.element), {keyCount}));
  operands.push_back(buffer(
      JobField::cache, e.add(start, e.mul(capacity, layout.keySlotBytes())),
      flat(layout.element), {valueCount}));
  operands.push_back(
      buffer(JobField::slot_positions, {}, flat(e.b.getI32Type()), {capacity}));
  operands.push_back(number(JobField::slots_used));
  operands.push_back(capacity);
}

void DriverBuilder::emitCall(func::FuncOp kernel, ArrayRef<Value> operands) {
  if (!drivers.lookupSymbol<func::FuncOp>(kernel.getName())) {
    OpBuilder builder = OpBuilder::atBlockBegin(drivers.getBody());
    auto declaration = func::FuncOp::create(
        builder, kernel.getLoc(), kernel.getName(), kernel.getFunctionType());
    declaration.setPrivate();
  }
  func::CallOp::create(e.b, kernel.getName(), TypeRange(), operands);
}

LogicalResult DriverBuilder::emitKernel(KernelOp kernel, Value layer,
                                        int64_t first, int64_t last) {
  FailureOr<KernelShape> shape = classifyKernel(kernel);
  if (failed(shape))
    return failure();
  KernelVariants variants = getKernelVariants(kernel);
  KernelWork work = getKernelWork(kernel, *shape);
  kernelScratch = std::max(kernelScratch, work.scratchBytes);
  SmallVector<Value> operands;
  for (Value input : kernel.getInputs()) {
    if (isa<RankedTensorType>(input.getType()))
      operands.push_back(tensorMemory(input));
    else if (isa<WeightType>(input.getType()))
      operands.push_back(weightMemory(input, layer, first, last));
    else if (isa<CacheType>(input.getType()))
      cacheMemory(input, layer, operands);
    else
      operands.push_back(layer);
  }
  Value rows;
  for (Value result : kernel.getResults())
    if (isa<RankedTensorType>(result.getType())) {
      operands.push_back(tensorMemory(result));
      if (!rows)
        rows = rowsOf(result);
    }
  if (!rows)
    rows = number(JobField::rows);
  if (*shape != KernelShape::Rows)
    operands.push_back(
        buffer(JobField::scratch, e.add(scratchBase, plan.privateBytes),
               MemRefType::get({ShapedType::kDynamic}, e.b.getI8Type()),
               {e.index(llvm::alignTo(work.scratchBytes, 64))}));
  Value units = work.rowsPerUnit
                    ? e.mul(e.divUp(rows, work.rowsPerUnit), work.perRowBlock)
                    : e.index(work.constantUnits);
  Value from = e.index(0), to = units;
  if (isShared(kernel)) {
    Value workers = number(JobField::workers);
    auto share = [&](Value w) -> Value {
      return arith::DivUIOp::create(e.b, e.mul(units, w), workers);
    };
    from = share(worker());
    to = share(e.add(worker(), 1));
  }
  operands.append({from, to});

  // No rows, no work: all workers agree on that.
  Value some =
      arith::CmpIOp::create(e.b, arith::CmpIPredicate::ugt, rows, e.index(0));
  auto guard = scf::IfOp::create(e.b, some, /*withElseRegion=*/false);
  {
    OpBuilder::InsertionGuard insertion(e.b);
    e.b.setInsertionPointToStart(guard.thenBlock());
    SmallVector<func::FuncOp> functions;
    for (const KernelFormats &formats : variants.formats) {
      FailureOr<func::FuncOp> built = kernels.get(kernel, *shape, formats);
      if (failed(built))
        return failure();
      functions.push_back(*built);
    }
    if (functions.size() == 1) {
      emitCall(functions.front(), operands);
    } else {
      Value variant = tableAt(e, variants.byLayer, layer, first);
      SmallVector<int64_t> cases;
      for (size_t i = 1; i < functions.size(); ++i)
        cases.push_back(i);
      auto chosen = scf::IndexSwitchOp::create(e.b, TypeRange(), variant, cases,
                                               static_cast<int>(cases.size()));
      auto fill = [&](Region &region, func::FuncOp callee) {
        e.b.createBlock(&region);
        emitCall(callee, operands);
        scf::YieldOp::create(e.b);
      };
      fill(chosen.getDefaultRegion(), functions.front());
      for (auto [region, callee] :
           llvm::zip(chosen.getCaseRegions(), ArrayRef(functions).drop_front()))
        fill(region, callee);
    }
  }
  if (isShared(kernel))
    rt::BarrierOp::create(e.b, job());
  return success();
}

LogicalResult DriverBuilder::emitBlock(Block &block, Value layer, int64_t first,
                                       int64_t last) {
  for (Operation &op : block) {
    e.b.setLoc(op.getLoc());
    if (auto kernel = dyn_cast<KernelOp>(op)) {
      if (failed(emitKernel(kernel, layer, first, last)))
        return failure();
    } else if (auto stack = dyn_cast<StackOp>(op)) {
      LogicalResult result = success();
      int64_t lower = stack.getFirst(), upper = stack.getLast();
      e.loop(e.index(lower), e.index(upper), 1, [&](Value l) {
        result = emitBlock(stack.getBody().front(), l, lower, upper);
      });
      if (failed(result))
        return failure();
    }
  }
  return success();
}

FailureOr<DriverFacts> DriverBuilder::run() {
  // The stride between workers' scratch memories is known when all kernels
  // are: a constant to be replaced.
  auto stride = arith::ConstantIndexOp::create(e.b, 0);
  scratchBase = arith::MulIOp::create(e.b, worker(), stride);
  if (failed(emitBlock(entry.getBody().front(), {}, 0, 0)))
    return failure();
  func::ReturnOp::create(e.b);
  DriverFacts facts;
  facts.function = function.getName().str();
  facts.maxRows = entry->getAttrOfType<IntegerAttr>(kMaxRowsAttrName).getInt();
  facts.arenaBytes = llvm::alignTo(std::max<int64_t>(plan.arenaBytes, 64), 64);
  facts.scratchBytes =
      llvm::alignTo(plan.privateBytes + kernelScratch + 64, 4096);
  stride.setValueAttr(e.b.getIndexAttr(facts.scratchBytes));
  return facts;
}

FailureOr<DriverFacts> tenon::cpu::buildDriver(func::FuncOp entry,
                                               const BufferPlan &plan,
                                               KernelTable &kernels,
                                               ModuleOp drivers) {
  return DriverBuilder(entry, plan, kernels, drivers).run();
}
