//===- CheckEntry.cpp - what an entry must look like to outline -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Verifiers allow more than a driver can run: the runtime counts rows, fills
// positions and slots, and a layer is the index of its loop. Whoever writes a
// scheduled module by hand is told here which of these assumptions it breaks,
// because generated code cannot ask again.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/Outline/CheckEntry.h"
#include "lib/Target/CPU/Packing.h"

#include "dialects/TenonCPU/IR/TenonCPU.h"
#include "lib/Target/CPU/Kernels/Kernels.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

/// Largest memory of one value between kernels.
static constexpr int64_t maxBufferBytes = int64_t(1) << 40;

LogicalResult tenon::cpu::checkVectors(ModuleOp module, unsigned vectorBits,
                                       unsigned vectorRegisters) {
  if (vectorBits != 128 && vectorBits != 256 && vectorBits != 512)
    return module.emitError("expected vector-bits 128, 256 or 512, but got ")
           << vectorBits;
  if (vectorRegisters != 16 && vectorRegisters != 32)
    return module.emitError("expected vector-registers 16 or 32, but got ")
           << vectorRegisters;
  return success();
}

LogicalResult tenon::cpu::checkWeights(ModuleOp module) {
  for (auto weight : module.getOps<WeightOp>()) {
    int64_t interleave = weight.getShape().size() == 1 ? 1 : 16;
    auto pack =
        dyn_cast_or_null<PackAttr>(weight.getPacking().value_or(Attribute()));
    if (!pack || pack.getInterleave() != interleave)
      return weight.emitOpError("expected packing "
                                "#tenon_cpu.pack<interleave = ")
             << interleave << ">, but got "
             << weight.getPacking().value_or(Attribute())
             << "; run tenon-cpu-schedule";
    std::optional<ArrayRef<int64_t>> offsets = weight.getOffsets();
    if (!offsets)
      return weight.emitOpError("expected offsets of its packed layers; run "
                                "tenon-cpu-schedule");
    for (int64_t offset : *offsets)
      if (offset < 0 || offset % packedAlignment != 0)
        return weight.emitOpError("expected offsets that are multiples of 64, "
                                  "but got ")
               << offset;
    for (auto [layer, offset] : llvm::enumerate(*offsets))
      if (offset > maxPackedBytes ||
          int64_t(getPackedBytes(weight, layer)) > maxPackedBytes - offset)
        return weight.emitOpError("expected at most ")
               << maxPackedBytes << " bytes of packed weights, but layer "
               << layer << " starts at " << offset;
  }
  return success();
}

namespace {

class EntryChecker {
public:
  EntryChecker(func::FuncOp entry, ModelAttr model)
      : entry(entry), model(model) {}
  LogicalResult run();

private:
  LogicalResult checkSignature();
  LogicalResult checkStack(StackOp stack);
  LogicalResult checkTensor(Operation *op, Value value);
  LogicalResult checkInput(KernelOp kernel, Value input);
  LogicalResult checkKernel(KernelOp kernel);
  LogicalResult checkAppend(KernelOp kernel);
  LogicalResult checkAttention(KernelOp kernel);
  LogicalResult checkEmbedding(KernelOp kernel);
  LogicalResult checkTopK(KernelOp kernel);
  LogicalResult checkPositions(KernelOp kernel, Value positions);

  func::FuncOp entry;
  ModelAttr model;
  int64_t maxRows = 0;
  /// Ranges of layers whose caches were appended to.
  SmallVector<std::pair<int64_t, int64_t>> appended;
};

/// What the kernel gets as `value`, an argument of its body.
Value getInput(KernelOp kernel, Value value) {
  return kernel.getInputs()[cast<BlockArgument>(value).getArgNumber()];
}

} // namespace

LogicalResult EntryChecker::checkSignature() {
  auto rows = entry->getAttrOfType<IntegerAttr>(kMaxRowsAttrName);
  if (!rows || !rows.getType().isSignlessInteger(64) || rows.getInt() < 1 ||
      rows.getInt() > kMaxExtent)
    return entry.emitOpError("expected '")
           << kMaxRowsAttrName << "' to be an i64 from 1 to " << kMaxExtent
           << ", but got " << entry->getAttr(kMaxRowsAttrName);
  maxRows = rows.getInt();
  if (!entry.getBody().hasOneBlock())
    return entry.emitOpError("expected an entry with a body of one block");
  MLIRContext *context = entry.getContext();
  FunctionType type = entry.getFunctionType();
  auto list = RankedTensorType::get({ShapedType::kDynamic},
                                    IntegerType::get(context, 32));
  auto logits = RankedTensorType::get({ShapedType::kDynamic, model.getVocab()},
                                      Float32Type::get(context));
  SmallVector<Type> inputs = {list, list, list};
  SmallVector<Type> results = {logits};
  if (hasTopK(entry) && type.getNumResults() == 4) {
    inputs.append({list, IndexType::get(context)});
    // `tenon.top_k` says that they fit each other.
    results.append({type.getResult(1), type.getResult(2)});
  }
  Type cache = type.getNumInputs() ? type.getInputs().back() : Type();
  inputs.push_back(cache);
  results.push_back(cache);
  if (isa_and_nonnull<CacheType>(cache) &&
      type == FunctionType::get(context, inputs, results))
    return success();
  return entry.emitOpError("expected an entry (ids: ")
         << list << ", positions: " << list << ", rows of the logits: " << list
         << ", cache) -> (" << logits
         << ", cache), or one with rows and a count of best tokens before the "
            "cache, and best logits and tokens in its results, but got "
         << type;
}

bool tenon::cpu::hasTopK(func::FuncOp entry) {
  return entry.getNumArguments() == 6;
}

int64_t tenon::cpu::getTopK(func::FuncOp entry) {
  return hasTopK(entry)
             ? cast<RankedTensorType>(entry.getResultTypes()[1]).getDimSize(1)
             : 0;
}

LogicalResult EntryChecker::checkStack(StackOp stack) {
  if (stack.getFirst() >= stack.getLast())
    return stack.emitOpError("expected at least one layer, but got ")
           << stack.getFirst() << " to " << stack.getLast()
           << "; canonicalize removes such a stack";
  for (Value init : stack.getInits())
    if (!isa<RankedTensorType, CacheType>(init.getType()))
      return stack.emitOpError("expected tensors and caches as carried values, "
                               "but got ")
             << init.getType();
  return success();
}

/// Rows are counted at run time, everything else is known and fits memory.
LogicalResult EntryChecker::checkTensor(Operation *op, Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type)
    return success();
  if (type.getRank() < 1 || !type.isDynamicDim(0) ||
      ShapedType::isDynamicShape(type.getShape().drop_front()))
    return op->emitOpError("expected tensors with a dynamic number of rows and "
                           "static sizes after it, but got ")
           << type;
  int64_t bytes = maxRows * llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  for (int64_t extent : type.getShape().drop_front())
    if (llvm::MulOverflow(bytes, extent, bytes) || bytes > maxBufferBytes)
      return op->emitOpError("expected values of at most ")
             << maxBufferBytes << " bytes for " << maxRows << " rows, but got "
             << type;
  return success();
}

LogicalResult EntryChecker::checkInput(KernelOp kernel, Value input) {
  auto stack = dyn_cast<StackOp>(kernel->getParentOp());
  auto isLayer = [&](Value index) {
    return stack && index == stack.getLayerIndex();
  };
  bool isCount = hasTopK(entry) && input == entry.getArgument(4);
  if (isa<IndexType>(input.getType()) && !isLayer(input) && !isCount)
    return kernel.emitOpError("expected the layer index of the enclosing stack "
                              "on this target, but got another index");
  if (!isa<WeightType>(input.getType()))
    return checkTensor(kernel, input);
  auto at = input.getDefiningOp<WeightAtOp>();
  if (!at)
    return kernel.emitOpError("expected weights read by tenon.weight.at, but "
                              "got a carried one in kernel '")
           << kernel.getName() << "'";
  if (at.getLayer() && !isLayer(at.getLayer()))
    return at.emitOpError("expected the layer index of the enclosing stack on "
                          "this target, but got another index for kernel '")
           << kernel.getName() << "'";
  return success();
}

/// The runtime fills the positions of slots from the call's own positions.
LogicalResult EntryChecker::checkPositions(KernelOp kernel, Value positions) {
  if (getInput(kernel, positions) == entry.getArgument(1))
    return success();
  return kernel.emitOpError("expected kernel '")
         << kernel.getName()
         << "' to use the positions of the entry (its second argument), but "
            "got another value";
}

LogicalResult EntryChecker::checkAppend(KernelOp kernel) {
  auto append = cast<CacheAppendOp>(kernel.getBody().front().front());
  auto stack = dyn_cast<StackOp>(kernel->getParentOp());
  if (!stack || stack->getParentOp() != entry)
    return kernel.emitOpError("expected appends in a stack of the entry, so "
                              "that each layer is appended to once");
  auto cache = dyn_cast<BlockArgument>(getInput(kernel, append.getCache()));
  if (!cache || cache.getOwner() != &stack.getBody().front())
    return kernel.emitOpError("expected to append to the cache that the stack "
                              "carries; a layer is appended to once");
  int64_t first = stack.getFirst(), last = stack.getLast();
  for (auto [from, to] : appended)
    if (first < to && from < last)
      return kernel.emitOpError("expected layers ")
             << first << " to " << last
             << " to be appended to once, but another stack appends to " << from
             << " to " << to;
  appended.emplace_back(first, last);
  return checkPositions(kernel, append.getPositions());
}

LogicalResult EntryChecker::checkAttention(KernelOp kernel) {
  auto attention = cast<AttentionOp>(kernel.getBody().front().front());
  auto maker = getInput(kernel, attention.getCache()).getDefiningOp<KernelOp>();
  // Slots of the new rows count as filled.
  if (!maker || !isa<CacheAppendOp>(maker.getBody().front().front()))
    return kernel.emitOpError("expected attention over a cache that the new "
                              "rows were appended to; append before kernel '")
           << kernel.getName() << "'";
  // Rows of one sequence are appended together, each sees those before it.
  if (entry->hasAttr(kRowSequencesAttrName) &&
      attention.getMask() != MaskKind::Causal)
    return kernel.emitOpError("expected causal attention where rows belong to "
                              "sequences of their own, but got ")
           << stringifyMaskKind(attention.getMask()) << " in kernel '"
           << kernel.getName() << "'";
  return checkPositions(kernel, attention.getPositions());
}

/// The runtime lets every id below the vocabulary pass.
LogicalResult EntryChecker::checkEmbedding(KernelOp kernel) {
  auto embedding = cast<EmbeddingOp>(kernel.getBody().front().front());
  if (getInput(kernel, embedding.getIds()) != entry.getArgument(0))
    return kernel.emitOpError("expected kernel '")
           << kernel.getName()
           << "' to use the ids of the entry (its first argument), but got "
              "another value";
  int64_t rows = embedding.getWeight().getType().getRows();
  if (rows < model.getVocab())
    return kernel.emitOpError("expected an embedding of at least ")
           << model.getVocab() << " rows, one for each token of the "
           << "vocabulary, but got " << rows;
  return success();
}

/// The runtime asks for as many as there can be, and at least one.
LogicalResult EntryChecker::checkTopK(KernelOp kernel) {
  for (auto best : kernel.getBody().front().getOps<TopKOp>())
    if (!hasTopK(entry) ||
        getInput(kernel, best.getCount()) != entry.getArgument(4) ||
        best.getValues().getType() != entry.getResultTypes()[1])
      return kernel.emitOpError("expected kernel '")
             << kernel.getName()
             << "' to use the count of the entry (its fifth argument) for "
                "values as the entry returns them, but got others";
  return success();
}

LogicalResult EntryChecker::checkKernel(KernelOp kernel) {
  FailureOr<KernelShape> shape = classifyKernel(kernel);
  if (failed(shape) || failed(checkSchedule(kernel, *shape, maxRows)))
    return failure();
  for (Value input : kernel.getInputs())
    if (failed(checkInput(kernel, input)))
      return failure();
  for (Value result : kernel.getResults())
    if (failed(checkTensor(kernel, result)))
      return failure();
  switch (*shape) {
  case KernelShape::Append:
    return checkAppend(kernel);
  case KernelShape::Attend:
    return checkAttention(kernel);
  case KernelShape::Embed:
    return checkEmbedding(kernel);
  case KernelShape::Contract:
    return checkTopK(kernel);
  case KernelShape::Merge:
  case KernelShape::Rows:
    return success();
  }
  llvm_unreachable("unknown kernel shape");
}

LogicalResult EntryChecker::run() {
  if (failed(checkSignature()))
    return failure();
  WalkResult result = entry.walk<WalkOrder::PreOrder>([&](Operation *op) {
    LogicalResult checked = success();
    if (auto stack = dyn_cast<StackOp>(op))
      checked = checkStack(stack);
    else if (auto kernel = dyn_cast<KernelOp>(op))
      checked = checkKernel(kernel);
    if (failed(checked))
      return WalkResult::interrupt();
    return isa<KernelOp>(op) ? WalkResult::skip() : WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

LogicalResult tenon::cpu::checkEntry(func::FuncOp entry, ModelAttr model) {
  return EntryChecker(entry, model).run();
}
