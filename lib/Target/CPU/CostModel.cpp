//===- CostModel.cpp - what a kernel must read and compute ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weights and cached keys and values are counted as read from memory once a
// run, activations as read and written in the caches. What a kernel does
// besides its products (dequantising, norms, exponentials) is counted where
// there is nothing else, since beside a product it can hide.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/CostModel.h"

#include "dialects/TenonCPU/IR/TenonCPU.h"
#include "lib/Target/CPU/Outline/KernelTable.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

namespace {

/// Elements of one row.
double rowElements(RankedTensorType type) {
  double elements = 1;
  for (int64_t extent : type.getShape().drop_front())
    elements *= ShapedType::isDynamic(extent) ? 1 : extent;
  return elements;
}

double rowBytes(RankedTensorType type) {
  if (auto blocks = dyn_cast_or_null<BlocksAttr>(type.getEncoding()))
    return rowElements(type) *
           (blocks.getBits() / 8.0 + 4.0 / blocks.getSize());
  return rowElements(type) * type.getElementTypeBitWidth() / 8.0;
}

/// Operations of one element of a row op's result, about.
double operationsPerElement(Operation *op) {
  return llvm::TypeSwitch<Operation *, double>(op)
      .Case<NormOp>([](auto) { return 5; })
      .Case<RopeOp>([](auto) { return 3; })
      .Case<RopeAnglesOp>([](auto) { return 40; })
      .Case<GateOp>([](auto) { return 15; })
      .Case<QuantizeOp>([](auto) { return 4; })
      .Case<arith::AddFOp>([](auto) { return 1; })
      .Default([](Operation *) { return 0; });
}

/// Which rows a value has: all, or those that were chosen for results.
RowSpace findRows(Value value) {
  auto kernel = value.getDefiningOp<KernelOp>();
  if (!kernel)
    return RowSpace::Rows;
  for (auto chosen : kernel.getBody().getOps<RowsOp>())
    if (auto index = dyn_cast<BlockArgument>(chosen.getIndex())) {
      auto argument =
          dyn_cast<BlockArgument>(kernel.getInputs()[index.getArgNumber()]);
      return argument && argument.getArgNumber() == 3 ? RowSpace::TopRows
                                                      : RowSpace::OutRows;
    }
  for (Value input : kernel.getInputs())
    if (RowSpace rows = findRows(input); rows != RowSpace::Rows)
      return rows;
  return RowSpace::Rows;
}

/// Bytes of the packed weight that an input reads, of the mean layer; 0 where
/// the weight is not known, which no driver can be made for.
double packedBytes(Value input, int64_t first, int64_t last) {
  if (!input.getDefiningOp<WeightAtOp>())
    return 0;
  WeightOp weight = getWeightSymbol(input);
  if (!weight.getLayers())
    return getPackedBytes(weight, 0);
  double bytes = 0;
  for (int64_t layer = first; layer < last; ++layer)
    bytes += getPackedBytes(weight, layer);
  return bytes / std::max<int64_t>(1, last - first);
}

/// True in a kernel for many rows; for few, rows of bf16 become f32.
bool isChunk(Operation *op) {
  auto kernel = op->getParentOfType<KernelOp>();
  return isa_and_nonnull<ChunkAttr>(kernel.getSchedule().value_or(Attribute()));
}

/// Adds the work of one op of the kernel's body.
void countOp(Operation *op, KernelCost &cost) {
  if (auto linear = dyn_cast<LinearOp>(op)) {
    WeightType weight = linear.getWeight().getType();
    cost.operationsPerRow += 2.0 * weight.getRows() * weight.getColumns();
    RankedTensorType input = linear.getInput().getType();
    if (input.getEncoding())
      cost.arithmetic = Arithmetic::Int8;
    else if (input.getElementType().isBF16() && isChunk(op))
      cost.arithmetic = Arithmetic::BF16;
    return;
  }
  if (auto attention = dyn_cast<AttentionOp>(op)) {
    CacheType cache = attention.getCache().getType();
    double numbers = double(cache.getHeads()) * cache.getDim();
    cost.cacheBytesPerSlot += numbers *
                              (cache.getK().getIntOrFloatBitWidth() +
                               cache.getV().getIntOrFloatBitWidth()) /
                              8.0;
    if (std::optional<Type> products = attention.getProducts())
      cost.arithmetic =
          products->isBF16() ? Arithmetic::BF16 : Arithmetic::Int8;
    cost.operationsPerRowAndSlot +=
        4.0 * rowElements(attention.getQuery().getType());
    return;
  }
  if (auto append = dyn_cast<CacheAppendOp>(op)) {
    CacheType cache = append.getCache().getType();
    cost.cacheBytesPerRow += double(cache.getHeads()) * cache.getDim() *
                             (cache.getK().getIntOrFloatBitWidth() +
                              cache.getV().getIntOrFloatBitWidth()) /
                             8.0;
    return;
  }
  for (Value result : op->getResults())
    if (auto type = dyn_cast<RankedTensorType>(result.getType()))
      cost.operationsPerRow += operationsPerElement(op) * rowElements(type);
}

} // namespace

StringRef tenon::cpu::getArithmeticName(Arithmetic arithmetic) {
  switch (arithmetic) {
  case Arithmetic::F32:
    return "f32";
  case Arithmetic::BF16:
    return "bf16";
  case Arithmetic::Int8:
    return "int8";
  }
  llvm_unreachable("unknown arithmetic");
}

StringRef tenon::cpu::getBoundName(Bound bound) {
  switch (bound) {
  case Bound::Memory:
    return "memory";
  case Bound::Cache:
    return "cache";
  case Bound::Compute:
    return "arithmetic";
  }
  llvm_unreachable("unknown bound");
}

KernelCost tenon::cpu::countKernel(KernelOp kernel, StringRef entry) {
  KernelCost cost;
  cost.entry = entry.str();
  cost.name = kernel.getName().str();
  int64_t first = 0, last = 1;
  if (auto stack = kernel->getParentOfType<StackOp>()) {
    first = stack.getFirst();
    last = stack.getLast();
  }
  cost.runs = last - first;
  if (Attribute schedule = kernel.getSchedule().value_or(Attribute())) {
    llvm::raw_string_ostream(cost.schedule) << schedule;
    if (auto rows = dyn_cast<RowsAttr>(schedule))
      cost.shared =
          rows.getSplit() != Split::None && rows.getSplit() != Split::One;
  }
  bool known = llvm::all_of(kernel.getInputs(), [](Value input) {
    return !isa<WeightType>(input.getType()) ||
           input.getDefiningOp<WeightAtOp>();
  });
  if (FailureOr<KernelShape> shape = classifyKernel(kernel);
      succeeded(shape) && known)
    for (const KernelFormats &formats : getKernelVariants(kernel).formats)
      cost.functions.push_back(getKernelSymbol(kernel, *shape, formats));

  bool lookup = !kernel.getBody().getOps<EmbeddingOp>().empty();
  for (Value input : kernel.getInputs()) {
    if (auto type = dyn_cast<RankedTensorType>(input.getType()))
      cost.activationBytesPerRow += rowBytes(type);
    auto weight = dyn_cast<WeightType>(input.getType());
    if (!weight)
      continue;
    double bytes = packedBytes(input, first, last);
    if (lookup && !weight.isVector())
      cost.weightBytesPerRow += bytes / weight.getRows();
    else
      cost.weightBytes += bytes;
  }
  for (Value result : kernel.getResults()) {
    if (cost.rows == RowSpace::Rows)
      cost.rows = findRows(result);
    if (auto type = dyn_cast<RankedTensorType>(result.getType()))
      cost.activationBytesPerRow += rowBytes(type);
  }
  for (Operation &op : kernel.getBody().front().without_terminator())
    countOp(&op, cost);
  return cost;
}

std::vector<KernelCost> tenon::cpu::countKernels(ModuleOp scheduled) {
  std::vector<KernelCost> costs;
  for (auto function : scheduled.getOps<FunctionOpInterface>())
    function->walk([&](KernelOp kernel) {
      costs.push_back(countKernel(kernel, function.getName()));
    });
  return costs;
}

static double getRate(const CpuRates &rates, Arithmetic arithmetic) {
  switch (arithmetic) {
  case Arithmetic::F32:
    return rates.f32;
  case Arithmetic::BF16:
    return rates.bf16;
  case Arithmetic::Int8:
    return rates.int8;
  }
  llvm_unreachable("unknown arithmetic");
}

Prediction tenon::cpu::predict(const KernelCost &cost, const CpuRates &rates,
                               const Situation &situation) {
  double rows = situation.rows, slots = situation.slots;
  double threads = cost.shared ? situation.threads : 1;
  Prediction least;
  least.weightBytes = cost.weightBytes + cost.weightBytesPerRow * rows;
  least.cacheBytes =
      cost.cacheBytesPerSlot * slots + cost.cacheBytesPerRow * rows;
  least.activationBytes = cost.activationBytesPerRow * rows;
  least.operations =
      (cost.operationsPerRow + cost.operationsPerRowAndSlot * slots) * rows;
  double read = std::min(rates.readOneCore * threads,
                         std::max(rates.readAllCores, rates.readOneCore));
  double rate = getRate(rates, cost.arithmetic);
  const std::pair<double, Bound> limits[] = {
      {(least.weightBytes + least.cacheBytes) / read, Bound::Memory},
      {least.activationBytes / (rates.cacheRead * threads), Bound::Cache},
      {least.operations / (rate * threads), Bound::Compute},
  };
  for (auto [nanoseconds, bound] : limits)
    if (nanoseconds * 1e-9 > least.seconds) {
      least.seconds = nanoseconds * 1e-9;
      least.bound = bound;
    }
  return least;
}
