//===- RowKernel.cpp - row kernels through linalg -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The body of a row kernel: one loop over the rows of the results, in which
// each op is asked for the row it owes. `tenon.rows` asks its input for
// another row than it was asked for, so ops before it are computed for chosen
// rows only. Every tensor in the loop has a static shape.
//
//===----------------------------------------------------------------------===//

#include "dialects/TenonCPU/IR/ActivationLayout.h"
#include "lib/Conversion/TenonToLinalg/RowBuilder.h"
#include "lib/Conversion/TenonToLinalg/TenonToLinalg.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace tenon;

namespace {

/// Emits the rows of one kernel inside the loop over rows.
class RowEmitter {
public:
  RowEmitter(OpBuilder &builder, Value row, func::FuncOp function)
      : builder(builder), row(row), function(function) {}

  /// The whole tensor of a kernel input.
  void bind(Value input, Value tensor) { inputs[input] = tensor; }

  /// `value` has to end up in `dest`, the loop's tensor of a result.
  void bindResult(Value value, Value dest) { results.try_emplace(value, dest); }

  /// The row of `value`; fails with an error at ops that have no rows.
  FailureOr<Value> emit(Value value, Value at);

  /// The loop's tensor of a result with the row of `value` in it.
  FailureOr<Value> emitResult(Value value, Value dest);

private:
  FailureOr<Value> emitOp(Operation *op, Value at, Value dest);
  Value sliceRow(Value tensor, Value at);
  Value insertRow(Location loc, Value vector, Value tensor);
  Value makeFrequencies(RopeAnglesOp op);

  OpBuilder &builder;
  Value row;
  func::FuncOp function;
  llvm::DenseMap<Value, Value> inputs, results;
  /// Rows that exist: (value, row index) -> row.
  llvm::DenseMap<std::pair<Value, Value>, Value> rows;
};

} // namespace

Value RowEmitter::sliceRow(Value tensor, Value at) {
  auto type = cast<RankedTensorType>(tensor.getType());
  ArrayRef<int64_t> shape = type.getShape().drop_front();
  OpFoldResult zero = builder.getIndexAttr(0), one = builder.getIndexAttr(1);
  SmallVector<OpFoldResult> offsets = {at}, sizes = {one};
  for (int64_t size : shape) {
    offsets.push_back(zero);
    sizes.push_back(builder.getIndexAttr(size));
  }
  SmallVector<OpFoldResult> strides(type.getRank(), one);
  return tensor::ExtractSliceOp::create(
      builder, tensor.getLoc(),
      RankedTensorType::get(shape, type.getElementType()), tensor, offsets,
      sizes, strides);
}

Value RowEmitter::insertRow(Location loc, Value vector, Value tensor) {
  auto slice =
      cast<tensor::ExtractSliceOp>(sliceRow(tensor, row).getDefiningOp());
  Value result = tensor::InsertSliceOp::create(
      builder, loc, vector, tensor, slice.getMixedOffsets(),
      slice.getMixedSizes(), slice.getMixedStrides());
  slice.erase();
  return result;
}

FailureOr<Value> RowEmitter::emit(Value value, Value at) {
  if (Value known = rows.lookup({value, at}))
    return known;
  auto type = dyn_cast<RankedTensorType>(value.getType());
  Value tensor = inputs.lookup(value);
  if (!type)
    return tensor;
  Value result;
  if (tensor && type.getRank() == 1) {
    result = tensor::ExtractOp::create(builder, value.getLoc(), tensor, at);
  } else if (tensor) {
    result = sliceRow(tensor, at);
  } else {
    MemRefType memory = cpu::getMemory(type);
    Value target = at == row ? results.lookup(value) : Value();
    Value dest = target
                     ? sliceRow(target, row)
                     : tensor::EmptyOp::create(builder, value.getLoc(),
                                               memory.getShape().drop_front(),
                                               memory.getElementType());
    FailureOr<Value> emitted = emitOp(value.getDefiningOp(), at, dest);
    if (failed(emitted))
      return failure();
    result = *emitted;
  }
  rows[{value, at}] = result;
  return result;
}

/// Angles per position of each pair, a constant of the function's module.
Value RowEmitter::makeFrequencies(RopeAnglesOp op) {
  int64_t pairs = op.getDims() / 2;
  double base = op.getBase().convertToDouble();
  double scale = op.getFrequencyScale().convertToDouble();
  SmallVector<double> values;
  for (int64_t pair = 0; pair < pairs; ++pair)
    values.push_back(scale *
                     std::pow(base, -2.0 * static_cast<double>(pair) /
                                        static_cast<double>(op.getDims())));

  auto module = function->getParentOfType<ModuleOp>();
  Type f64 = builder.getF64Type();
  auto type = MemRefType::get(pairs, f64);
  auto initial = DenseElementsAttr::get(RankedTensorType::get(pairs, f64),
                                        ArrayRef<double>(values));
  std::string name;
  for (unsigned number = 0; name.empty() || module.lookupSymbol(name);)
    name = "rope_frequencies_" + std::to_string(number++);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(module.getBody());
  memref::GlobalOp::create(builder, op.getLoc(), name,
                           builder.getStringAttr("private"), type, initial,
                           /*constant=*/true, /*alignment=*/IntegerAttr());
  builder.setInsertionPointToStart(&function.getBody().front());
  return memref::GetGlobalOp::create(builder, op.getLoc(), type, name);
}

FailureOr<Value> RowEmitter::emitOp(Operation *op, Value at, Value dest) {
  // Rows of the operands that are tensors; weights stay whole.
  SmallVector<Value> x;
  if (!isa<RowsOp>(op))
    for (Value operand : op->getOperands()) {
      FailureOr<Value> part = emit(operand, at);
      if (failed(part))
        return failure();
      x.push_back(*part);
    }

  RowBuilder rowBuilder(builder, op->getLoc());
  return TypeSwitch<Operation *, FailureOr<Value>>(op)
      .Case([&](NormOp norm) {
        return rowBuilder.norm(norm.getKind(), norm.getEpsAttr(), x[0], x[1],
                               dest);
      })
      .Case([&](GateOp gate) {
        return rowBuilder.gate(gate.getFn(), x[0], x[1], dest);
      })
      .Case([&](arith::AddFOp) { return rowBuilder.add(x[0], x[1], dest); })
      .Case([&](RopeOp rope) {
        return rowBuilder.rope(rope.getStyle(), x[0], x[1], dest);
      })
      .Case([&](RopeAnglesOp angles) {
        return rowBuilder.ropeAngles(
            angles.getMagnitudeAttr(), x[0], makeFrequencies(angles),
            angles.getFactors() ? x[1] : Value(), dest);
      })
      .Case([&](QuantizeOp quantize) {
        RankedTensorType type = quantize.getResult().getType();
        return cpu::isQuantized(type)
                   ? rowBuilder.quantize(cpu::ActivationLayout(type), x[0],
                                         dest)
                   : rowBuilder.shorten(x[0], dest);
      })
      .Case([&](RowsOp chosen) -> FailureOr<Value> {
        FailureOr<Value> number = emit(chosen.getIndex(), at);
        if (failed(number))
          return failure();
        Value index = arith::IndexCastOp::create(
            builder, op->getLoc(), builder.getIndexType(), *number);
        FailureOr<Value> source = emit(chosen.getInput(), index);
        if (failed(source))
          return failure();
        return rowBuilder.copy(*source, dest);
      })
      .Default([](Operation *op) -> FailureOr<Value> {
        return op->emitError(
                   "expected an op on rows (norm, rope, "
                   "rope_angles, gate, quantize, rows, addf) in a row kernel, "
                   "but got '")
               << op->getName() << "'";
      });
}

FailureOr<Value> RowEmitter::emitResult(Value value, Value dest) {
  FailureOr<Value> vector = emit(value, row);
  if (failed(vector))
    return failure();
  // An input, or a value that is a result twice, is copied.
  if (results.lookup(value) != dest || inputs.contains(value))
    vector =
        RowBuilder(builder, value.getLoc()).copy(*vector, sliceRow(dest, row));
  return insertRow(value.getLoc(), *vector, dest);
}

/// The buffer type of a value of a kernel; null when it has none.
static Type getBufferType(Type type) {
  if (auto weight = dyn_cast<WeightType>(type)) {
    if (!weight.isVector())
      return {};
    return MemRefType::get(weight.getRows(),
                           Float32Type::get(type.getContext()));
  }
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || tensor.getRank() == 0 ||
      ShapedType::isDynamicShape(tensor.getShape().drop_front()))
    return {};
  return cpu::getMemory(tensor);
}

void tenon::insertRowKernelDialects(DialectRegistry &registry) {
  registry.insert<arith::ArithDialect, bufferization::BufferizationDialect,
                  func::FuncDialect, linalg::LinalgDialect, math::MathDialect,
                  memref::MemRefDialect, scf::SCFDialect, tensor::TensorDialect,
                  vector::VectorDialect>();
}

/// True for an op on rounded numbers that does not make them.
static bool touchesRounded(Operation &op) {
  auto isRounded = [](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && (tensor.getEncoding() || tensor.getElementType().isBF16());
  };
  return llvm::any_of(op.getOperandTypes(), isRounded) ||
         (!isa<QuantizeOp>(op) && llvm::any_of(op.getResultTypes(), isRounded));
}

bool tenon::isRowKernel(KernelOp kernel) {
  for (Operation &op : kernel.getBody().front().without_terminator())
    if (!isRowOp(&op) || touchesRounded(op))
      return false;
  auto hasBuffer = [](Type type) { return bool(getBufferType(type)); };
  // A result of one dimension has no vectors to loop over.
  auto hasRows = [&](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && tensor.getRank() >= 2 && hasBuffer(type);
  };
  return llvm::all_of(kernel.getInputs().getTypes(), hasBuffer) &&
         llvm::all_of(kernel.getResultTypes(), hasRows);
}

FunctionType tenon::getRowKernelType(KernelOp kernel) {
  SmallVector<Type> types;
  for (Type type : kernel.getInputs().getTypes())
    types.push_back(getBufferType(type));
  for (Type type : kernel.getResultTypes())
    types.push_back(getBufferType(type));
  types.append(2, IndexType::get(kernel.getContext()));
  return FunctionType::get(kernel.getContext(), types, {});
}

llvm::LogicalResult tenon::lowerRowKernel(KernelOp kernel,
                                          func::FuncOp function) {
  for (Operation &op : kernel.getBody().front().without_terminator())
    if (!isRowOp(&op))
      return op.emitError(
                 "expected an op on rows (norm, rope, rope_angles, "
                 "gate, quantize, rows, addf) in a row kernel, but got '")
             << op.getName() << "'";
  if (!isRowKernel(kernel))
    return kernel.emitOpError("expected inputs and results with rows of a "
                              "static shape, and weight vectors");
  if (function.getFunctionType() != getRowKernelType(kernel))
    return function.emitOpError("expected type ")
           << getRowKernelType(kernel) << " for kernel '" << kernel.getName()
           << "', but got " << function.getFunctionType();

  Location loc = kernel.getLoc();
  Block *entry = &function.getBody().front();
  OpBuilder builder = OpBuilder::atBlockEnd(entry);
  auto toTensor = [&](Value buffer, bool isWritable) -> Value {
    auto type = cast<MemRefType>(buffer.getType());
    return bufferization::ToTensorOp::create(
        builder, loc,
        RankedTensorType::get(type.getShape(), type.getElementType()), buffer,
        /*restrict=*/true, isWritable);
  };
  ArrayRef<BlockArgument> buffers = entry->getArguments().drop_back(2);
  size_t inputCount = kernel.getInputs().size();
  SmallVector<Value> wholes, dests;
  for (BlockArgument buffer : buffers.take_front(inputCount))
    wholes.push_back(toTensor(buffer, /*isWritable=*/false));
  for (BlockArgument buffer : buffers.drop_front(inputCount))
    dests.push_back(toTensor(buffer, /*isWritable=*/true));

  Value first = entry->getArgument(buffers.size());
  Value last = entry->getArgument(buffers.size() + 1);
  Value step = arith::ConstantIndexOp::create(builder, loc, 1);
  auto loop = scf::ForOp::create(builder, loc, first, last, step, dests);
  Block *body = loop.getBody();
  if (dests.empty())
    return kernel.emitOpError("expected at least one result");
  OpBuilder inner = OpBuilder::atBlockEnd(body);
  RowEmitter emitter(inner, loop.getInductionVar(), function);
  for (auto [argument, whole] :
       llvm::zip(kernel.getBody().front().getArguments(), wholes))
    emitter.bind(argument, whole);
  ValueRange yielded = kernel.getYield().getOperands();
  for (auto [value, dest] : llvm::zip(yielded, loop.getRegionIterArgs()))
    emitter.bindResult(value, dest);
  SmallVector<Value> carried;
  for (auto [value, dest] : llvm::zip(yielded, loop.getRegionIterArgs())) {
    FailureOr<Value> result = emitter.emitResult(value, dest);
    if (failed(result))
      return failure();
    carried.push_back(*result);
  }
  scf::YieldOp::create(inner, loc, carried);

  for (auto [result, buffer] :
       llvm::zip(loop.getResults(), buffers.drop_front(inputCount))) {
    auto end = bufferization::MaterializeInDestinationOp::create(
        builder, loc, /*result=*/Type(), result, buffer);
    end.setRestrict(true);
    end.setWritable(true);
  }
  func::ReturnOp::create(builder, loc);
  return success();
}
