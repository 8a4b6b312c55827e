//===- Kernels.cpp - which builder makes a kernel -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Recognises the shape of a kernel's work from its region, and says how its
// function's arguments and units are counted.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/Kernels/Kernels.h"
#include "dialects/TenonCPU/IR/ActivationLayout.h"
#include "dialects/TenonCPU/IR/TenonCPU.h"
#include "lib/Conversion/TenonToLinalg/TenonToLinalg.h"
#include "lib/Target/CPU/Kernels/AttendPanels.h"
#include "lib/Target/CPU/Kernels/PairProducts.h"
#include "lib/Target/CPU/Kernels/TopK.h"
#include "lib/Target/CPU/Packing.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

/// The shape of a kernel of one op that has a builder of its own.
static std::optional<KernelShape> getShapeOfOne(Operation &op) {
  if (isa<EmbeddingOp>(op))
    return KernelShape::Embed;
  if (isa<CacheAppendOp>(op))
    return KernelShape::Append;
  if (isa<AttentionOp>(op))
    return KernelShape::Attend;
  if (isa<MergePartsOp>(op))
    return KernelShape::Merge;
  return std::nullopt;
}

FailureOr<KernelShape> tenon::cpu::classifyKernel(KernelOp kernel) {
  Block &block = kernel.getBody().front();
  Operation &first = block.front();
  bool single = block.getOperations().size() == 2;
  if (std::optional<KernelShape> shape = getShapeOfOne(first);
      single && shape) {
    // Builders fill the op's results in order, and nothing else.
    ValueRange yielded = kernel.getYield().getOperands();
    if (yielded.empty() || yielded.size() > first.getNumResults() ||
        !llvm::equal(yielded, first.getResults().take_front(yielded.size())))
      return kernel.emitOpError("expected kernel '")
             << kernel.getName() << "' to yield the results of '"
             << first.getName() << "' in order, and nothing else";
    return *shape;
  }
  if (matchContraction(kernel))
    return KernelShape::Contract;
  for (Operation &op : block.without_terminator())
    if (!isRowOp(&op)) {
      InFlightDiagnostic error =
          kernel.emitOpError("expected a kernel that the CPU can build, but "
                             "got '")
          << op.getName() << "' in kernel '" << kernel.getName() << "'";
      error.attachNote(op.getLoc())
          << (isa<TopKOp>(op)
                  ? "rank the outputs of a contraction that nothing "
                    "else uses"
                  : "put embeddings, appends and attention into "
                    "kernels of their own");
      return failure();
    }
  return KernelShape::Rows;
}

/// Says that `kernel` needs another schedule.
static LogicalResult refuseSchedule(KernelOp kernel, StringRef wanted) {
  return kernel.emitOpError("expected schedule ")
         << wanted << " for kernel '" << kernel.getName() << "', but got "
         << kernel.getSchedule().value_or(Attribute())
         << "; remove it to have one chosen";
}

LogicalResult tenon::cpu::checkSchedule(KernelOp kernel, KernelShape shape,
                                        int64_t maxRows) {
  Attribute schedule = kernel.getSchedule().value_or(Attribute());
  auto rows = dyn_cast_or_null<RowsAttr>(schedule);
  switch (shape) {
  case KernelShape::Rows:
  case KernelShape::Embed:
  case KernelShape::Merge:
    if (rows &&
        (rows.getSplit() == Split::Rows || rows.getSplit() == Split::None))
      return success();
    return refuseSchedule(kernel, "#tenon_cpu.rows<split = rows or none>");
  case KernelShape::Append:
    if (rows && (rows.getSplit() == Split::HeadsAndRows ||
                 rows.getSplit() == Split::One))
      return success();
    return refuseSchedule(kernel,
                          "#tenon_cpu.rows<split = heads_and_rows or one>");
  case KernelShape::Attend:
    if (isa_and_nonnull<AttendStepAttr>(schedule) &&
        !cast<AttentionOp>(kernel.getBody().front().front()).getProducts())
      return success();
    if (isa_and_nonnull<AttendAttr>(schedule) &&
        !cast<AttentionOp>(kernel.getBody().front().front()).getParts())
      return success();
    return refuseSchedule(kernel, "#tenon_cpu.attend, or of exact products "
                                  "#tenon_cpu.attend_step");
  case KernelShape::Contract: {
    if (isa_and_nonnull<StepAttr>(schedule) && maxRows <= kStepRows)
      return success();
    int64_t columns = matchContraction(kernel)->columns;
    if (auto chunk = dyn_cast_or_null<ChunkAttr>(schedule);
        chunk && chunk.getDepth() == columns)
      return success();
    std::string wanted =
        "#tenon_cpu.chunk<depth = " + std::to_string(columns) + ">";
    if (maxRows <= kStepRows)
      wanted += " or #tenon_cpu.step";
    return refuseSchedule(kernel, wanted);
  }
  }
  llvm_unreachable("unknown kernel shape");
}

std::optional<Contraction> tenon::cpu::matchContraction(KernelOp kernel) {
  Contraction work;
  Value input;
  auto number = [](Value value) -> int {
    auto argument = dyn_cast<BlockArgument>(value);
    return argument ? static_cast<int>(argument.getArgNumber()) : -1;
  };
  auto addLinear = [&](Contraction::Output &output, Value value) {
    auto linear = value.getDefiningOp<LinearOp>();
    if (!linear || number(linear.getInput()) < 0 ||
        number(linear.getWeight()) < 0 ||
        (linear.getBias() && number(linear.getBias()) < 0) ||
        (input && input != linear.getInput()))
      return false;
    input = linear.getInput();
    work.input = number(input);
    RankedTensorType type = linear.getInput().getType();
    work.isInteger = isQuantized(type);
    work.isPaired = type.getElementType().isBF16();
    WeightType weight = linear.getWeight().getType();
    work.columns = weight.getColumns();
    output.rows = weight.getRows();
    output.weights.push_back(number(linear.getWeight()));
    output.biases.push_back(linear.getBias() ? number(linear.getBias()) : -1);
    return true;
  };
  int64_t covered = 1; // the terminator
  SmallVector<Value> yielded(kernel.getYield().getOperands());
  auto best = yielded.empty() ? TopKOp() : yielded[0].getDefiningOp<TopKOp>();
  if (best) {
    // Alone, and both of its results.
    if (!llvm::equal(yielded, best.getResults()) || number(best.getCount()) < 0)
      return std::nullopt;
    ++covered;
    yielded = {best.getInput()};
  }
  for (auto [index, value] : llvm::enumerate(yielded)) {
    Contraction::Output output;
    output.result = index;
    if (best) {
      output.topK = best.getValues().getType().getDimSize(1);
      output.count = number(best.getCount());
    }
    if (auto add = value.getDefiningOp<arith::AddFOp>()) {
      ++covered;
      Value residual = add.getLhs();
      value = add.getRhs();
      if (!isa<BlockArgument>(residual))
        std::swap(residual, value);
      output.residual = number(residual);
      if (output.residual < 0)
        return std::nullopt;
    }
    if (auto gate = value.getDefiningOp<GateOp>()) {
      ++covered;
      output.fn = gate.getFn();
      if (!addLinear(output, gate.getGate()) ||
          !addLinear(output, gate.getUp()))
        return std::nullopt;
    } else if (!addLinear(output, value)) {
      return std::nullopt;
    }
    covered += output.weights.size();
    work.outputs.push_back(std::move(output));
  }
  if (work.outputs.empty() ||
      covered !=
          static_cast<int64_t>(kernel.getBody().front().getOperations().size()))
    return std::nullopt;
  return work;
}

KernelArguments::KernelArguments(KernelOp kernel, KernelShape shape) {
  unsigned at = 0;
  for (Value value : kernel.getInputs()) {
    inputs.push_back(at);
    at += isa<CacheType>(value.getType()) ? 3 : 1;
  }
  for (Type type : kernel.getResultTypes())
    if (isa<RankedTensorType>(type))
      results.push_back(at++);
  if (shape != KernelShape::Rows)
    scratch = at++;
  first = at++;
  last = at;
}

SmallVector<Type> tenon::cpu::getKernelArgumentTypes(KernelOp kernel,
                                                     KernelShape shape) {
  MLIRContext *context = kernel.getContext();
  Type index = IndexType::get(context);
  Type byte = IntegerType::get(context, 8);
  SmallVector<Type> types;
  auto flat = [](Type element) {
    return MemRefType::get({ShapedType::kDynamic}, element);
  };
  for (Type type : kernel.getInputs().getTypes()) {
    if (auto tensor = dyn_cast<RankedTensorType>(type)) {
      types.push_back(getMemory(tensor));
    } else if (auto weight = dyn_cast<WeightType>(type)) {
      types.push_back(weight.isVector()
                          ? Type(MemRefType::get({weight.getRows()},
                                                 Float32Type::get(context)))
                          : Type(flat(byte)));
    } else if (auto cache = dyn_cast<CacheType>(type)) {
      types.append(
          {flat(cache.getK()), flat(IntegerType::get(context, 32)), index});
    } else {
      types.push_back(index);
    }
  }
  for (Type type : kernel.getResultTypes())
    if (auto tensor = dyn_cast<RankedTensorType>(type))
      types.push_back(getMemory(tensor));
  if (shape != KernelShape::Rows)
    types.push_back(flat(byte));
  types.append({index, index});
  return types;
}

int64_t tenon::cpu::getPackedBytes(WeightOp weight, int64_t layer) {
  ArrayRef<int64_t> shape = weight.getShape();
  if (shape.size() == 1)
    return shape[0] * 4;
  return getPackedBytes(weight.getScheme(layer).getFormat(), shape[0], shape[1],
                        kLanes);
}

int64_t tenon::cpu::getAlignedBytes(WeightOp weight, int64_t layer) {
  return llvm::alignTo(getPackedBytes(weight, layer), packedAlignment);
}

int64_t tenon::cpu::getProductScratch(const Contraction &contraction,
                                      Attribute schedule) {
  auto chunk = dyn_cast<ChunkAttr>(schedule);
  // Few rows: sums of the input, and rows of bf16 as f32.
  if (!chunk)
    return getInputSumBytes(contraction) +
           (contraction.isPaired
                ? llvm::alignTo(kStepRows * contraction.columns * 4, 64)
                : 0);
  int64_t bytes = 0;
  for (const Contraction::Output &output : contraction.outputs) {
    bytes = std::max<int64_t>(bytes, chunk.getGroups() * output.weights.size() *
                                         getPanelBytes(contraction));
  }
  return llvm::alignTo(bytes, 64);
}

KernelWork tenon::cpu::getKernelWork(KernelOp kernel, KernelShape shape) {
  KernelWork work;
  switch (shape) {
  case KernelShape::Rows:
  case KernelShape::Embed:
    work.rowsPerUnit = 1;
    return work;
  case KernelShape::Merge: {
    auto merge = cast<MergePartsOp>(kernel.getBody().front().front());
    work.rowsPerUnit = 1;
    work.scratchBytes =
        llvm::alignTo(merge.getParts().getType().getDimSize(2), kLanes) * 4;
    return work;
  }
  case KernelShape::Append: {
    auto append = cast<CacheAppendOp>(kernel.getBody().front().front());
    work.rowsPerUnit = 1;
    work.perRowBlock = append.getCache().getType().getHeads();
    return work;
  }
  case KernelShape::Attend: {
    auto op = cast<AttentionOp>(kernel.getBody().front().front());
    CacheLayoutOf layout(op.getCache().getType());
    if (isa<AttendStepAttr>(*kernel.getSchedule())) {
      int64_t group = op.getQuery().getType().getDimSize(1) / layout.heads;
      work.rowsPerUnit = 1;
      work.perRowBlock = layout.heads * op.getParts().value_or(1);
      work.scratchBytes = getAttendStepScratch(layout, group);
      return work;
    }
    auto schedule = cast<AttendAttr>(*kernel.getSchedule());
    work.rowsPerUnit = schedule.getRows();
    work.perRowBlock = layout.heads;
    work.scratchBytes = getAttendScratch(op, schedule);
    return work;
  }
  case KernelShape::Contract: {
    Contraction contraction = *matchContraction(kernel);
    auto chunk = dyn_cast<ChunkAttr>(*kernel.getSchedule());
    int64_t maxRows = *getMaxRows(kernel->getParentOfType<func::FuncOp>());
    work.scratchBytes = getProductScratch(contraction, *kernel.getSchedule());
    for (const Contraction::Output &output : contraction.outputs) {
      int64_t groups = llvm::divideCeil(output.rows, kLanes);
      int64_t perUnit = chunk ? chunk.getGroups() : 1;
      work.constantUnits += llvm::divideCeil(groups, perUnit);
      if (!output.topK)
        continue;
      work.hasParts = true;
      work.scratchBytes +=
          getTopKBytes(output.topK, maxRows, chunk ? perUnit : kTopKGroups);
    }
    return work;
  }
  }
  llvm_unreachable("unknown kernel shape");
}

LogicalResult tenon::cpu::buildKernel(KernelOp kernel, KernelShape shape,
                                      const KernelFormats &formats,
                                      const CPUTargetOptions &target,
                                      func::FuncOp function) {
  switch (shape) {
  case KernelShape::Rows:
    return lowerRowKernel(kernel, function);
  case KernelShape::Embed:
    return buildEmbedKernel(kernel, formats, target, function);
  case KernelShape::Append:
    return buildAppendKernel(kernel, function);
  case KernelShape::Attend:
    if (isa<AttendStepAttr>(*kernel.getSchedule()))
      return buildAttendStepKernel(kernel, target, function);
    return buildAttendKernel(kernel, target, function);
  case KernelShape::Merge:
    return buildMergeKernel(kernel, function);
  case KernelShape::Contract: {
    Contraction work = *matchContraction(kernel);
    if (work.isPaired && !hasPairs(target))
      return kernel.emitOpError(
                 "expected a CPU with avx512bf16 for rows of bf16 "
                 "in kernel '")
             << kernel.getName()
             << "', but got one without; compile with activations of int8 or "
                "f32";
    if (isa<StepAttr>(*kernel.getSchedule()))
      return buildStepKernel(kernel, work, formats, target, function);
    return buildChunkKernel(kernel, work, formats, target, function);
  }
  }
  llvm_unreachable("unknown kernel shape");
}

std::string tenon::cpu::getPartSymbol(StringRef name, KernelPart part) {
  switch (part) {
  case KernelPart::Prologue:
    return (name + "_prologue").str();
  case KernelPart::Work:
    return name.str();
  case KernelPart::Finish:
    return (name + "_finish").str();
  }
  llvm_unreachable("unknown part");
}

void tenon::cpu::buildKernelPart(KernelOp kernel, KernelPart part,
                                 func::FuncOp function) {
  Contraction work = *matchContraction(kernel);
  KernelArguments arguments(kernel, KernelShape::Contract);
  Emitter e(kernel.getLoc(), &function.front());
  Value rows = memref::DimOp::create(
      e.b, function.getArgument(arguments.inputs[work.input]), 0);
  TopKBuilder best(e, work.outputs.front(), arguments, function,
                   getProductScratch(work, *kernel.getSchedule()), rows);
  if (part == KernelPart::Prologue)
    best.emitPrologue();
  else
    best.emitFinish();
  func::ReturnOp::create(e.b);
}
