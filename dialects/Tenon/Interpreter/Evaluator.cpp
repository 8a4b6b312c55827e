//===- Evaluator.cpp - blocks, values and types at run time ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What all ops share: dispatch, operand access, and the check that a value
// fits its type, which is where a program whose shapes disagree is stopped.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/Interpreter/Evaluator.h"

#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::interp;

/// Largest tensor, so that a wrong shape ends in an error, not in no memory.
static constexpr int64_t kMaxElements = int64_t(1) << 28;

Interpreter::Interpreter(ModuleOp module, ArchiveOpener opener)
    : module(module), opener(std::move(opener)) {}

bool Interpreter::isKnown(Operation *op) {
  return isa<RopeAnglesOp, RopeOp, CacheAppendOp, AttentionOp, MergeOp,
             MergePartsOp, WeightAtOp, EmbeddingOp, LinearOp, NormOp, GateOp,
             RowsOp, TopKOp, QuantizeOp, StackOp, KernelOp, YieldOp,
             func::ReturnOp, arith::ConstantOp, arith::AddFOp, arith::SubFOp,
             arith::MulFOp, arith::DivFOp>(op);
}

FailureOr<std::vector<RuntimeValue>>
Interpreter::run(func::FuncOp function, ArrayRef<RuntimeValue> arguments) {
  if (!function.getBody().hasOneBlock())
    return function.emitOpError("expected a function of one block, but got ")
           << function.getBody().getBlocks().size();
  if (arguments.size() != function.getNumArguments())
    return function.emitOpError("expected ")
           << function.getNumArguments() << " arguments, but got "
           << arguments.size();
  for (auto [index, pair] :
       llvm::enumerate(llvm::zip(arguments, function.getArgumentTypes())))
    if (failed(checkType(function, "argument " + Twine(index),
                         std::get<0>(pair), std::get<1>(pair))))
      return failure();
  return Evaluator(*this, nullptr).run(function.front(), arguments);
}

FailureOr<std::vector<RuntimeValue>>
Evaluator::run(Block &block, ArrayRef<RuntimeValue> arguments) {
  values.clear();
  for (auto [argument, value] : llvm::zip(block.getArguments(), arguments))
    values[argument] = value;
  for (Operation &op : block.without_terminator())
    if (failed(evaluateAny(&op)))
      return failure();
  Operation *end = block.getTerminator();
  if (!isa<YieldOp, func::ReturnOp>(end))
    return end->emitOpError("expected a block that ends with tenon.yield or "
                            "func.return");
  std::vector<RuntimeValue> results;
  for (Value operand : end->getOperands()) {
    const RuntimeValue *value = get(end, operand);
    if (!value)
      return failure();
    results.push_back(*value);
  }
  return results;
}

LogicalResult Evaluator::evaluateAny(Operation *op) {
  if (isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp>(op))
    return evaluateBinary(op);
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<RopeAnglesOp, RopeOp, CacheAppendOp, AttentionOp, MergeOp,
            MergePartsOp, WeightAtOp, EmbeddingOp, LinearOp, NormOp, GateOp,
            RowsOp, TopKOp, QuantizeOp, StackOp, KernelOp, arith::ConstantOp>(
          [&](auto o) { return evaluate(o); })
      .Default([](Operation *o) {
        return o->emitOpError("expected an op with a meaning in the core "
                              "phases; interpret before it is lowered");
      });
}

//===----------------------------------------------------------------------===//
// Operands and results
//===----------------------------------------------------------------------===//

const RuntimeValue *Evaluator::get(Operation *op, Value value) {
  for (Evaluator *scope = this; scope; scope = scope->outer) {
    auto it = scope->values.find(value);
    if (it != scope->values.end())
      return &it->second;
  }
  op->emitOpError("expected an operand that has been computed");
  return nullptr;
}

/// The alternative of the variant, or null with an error.
template <typename T>
static const T *getAs(Operation *op, const RuntimeValue *value,
                      StringRef what) {
  if (!value)
    return nullptr;
  const T *result = std::get_if<T>(value);
  if (!result)
    op->emitOpError("expected an operand that is ") << what;
  return result;
}

const FloatTensor *Evaluator::getFloats(Operation *op, Value value) {
  auto *p = getAs<std::shared_ptr<const FloatTensor>>(op, get(op, value),
                                                      "a tensor of floats");
  return p ? p->get() : nullptr;
}

const IntTensor *Evaluator::getInts(Operation *op, Value value) {
  auto *p = getAs<std::shared_ptr<const IntTensor>>(op, get(op, value),
                                                    "a vector of integers");
  return p ? p->get() : nullptr;
}

const CacheValue *Evaluator::getCache(Operation *op, Value value) {
  return getAs<CacheValue>(op, get(op, value), "a cache");
}

const StoredTensor *Evaluator::getWeight(Operation *op, Value value) {
  return getAs<StoredTensor>(op, get(op, value), "a weight");
}

std::optional<int64_t> Evaluator::getIndex(Operation *op, Value value) {
  auto *p = getAs<int64_t>(op, get(op, value), "an index");
  return p ? std::optional<int64_t>(*p) : std::nullopt;
}

FailureOr<FloatTensor> Evaluator::makeResult(Value result, int64_t rows) {
  Operation *op = result.getDefiningOp();
  auto type = cast<RankedTensorType>(result.getType());
  SmallVector<int64_t, 3> shape(type.getShape());
  if (!shape.empty() && ShapedType::isDynamic(shape.front()))
    shape.front() = rows;
  int64_t count = 1;
  for (int64_t extent : shape) {
    if (ShapedType::isDynamic(extent))
      return op->emitOpError("expected static extents after the rows, but got ")
             << type;
    if (llvm::MulOverflow(count, extent, count) || count > kMaxElements)
      return op->emitOpError("expected a tensor of at most ")
             << kMaxElements << " elements, but got " << type << " with "
             << rows << " rows";
  }
  if (!shape.empty() && shape.front() != rows)
    return op->emitOpError("expected ")
           << shape.front() << " rows, as the type says, but got " << rows;
  return FloatTensor(shape);
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

LogicalResult interp::checkType(Operation *op, const Twine &what,
                                const RuntimeValue &value, Type type) {
  auto fail = [&](const Twine &got) {
    return op->emitOpError("expected ")
           << what << " of type " << type << ", but got " << got;
  };
  auto fits = [&](ArrayRef<int64_t> shape, ArrayRef<int64_t> expected) {
    return shape.size() == expected.size() &&
           llvm::all_of(llvm::zip(shape, expected), [](auto pair) {
             auto [got, want] = pair;
             return got == want || ShapedType::isDynamic(want);
           });
  };
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (auto *floats = std::get_if<std::shared_ptr<const FloatTensor>>(&value)) {
    if (!tensor || !isa<FloatType>(tensor.getElementType()))
      return fail("a tensor of floats");
    if (!fits((*floats)->shape, tensor.getShape()))
      return fail("another shape");
    return success();
  }
  if (auto *ints = std::get_if<std::shared_ptr<const IntTensor>>(&value)) {
    if (!tensor || !tensor.getElementType().isInteger(32))
      return fail("a tensor of integers");
    if (!fits((*ints)->shape, tensor.getShape()))
      return fail(Twine((*ints)->size()) + " elements");
    return success();
  }
  if (auto *cache = std::get_if<CacheValue>(&value)) {
    if (cache->type != type)
      return fail("another cache");
    return success();
  }
  if (std::holds_alternative<int64_t>(value))
    return type.isIndex() ? success() : LogicalResult(fail("an index"));
  if (std::holds_alternative<double>(value))
    return isa<FloatType>(type) ? success() : LogicalResult(fail("a number"));
  if (std::holds_alternative<StoredTensor>(value))
    return isa<WeightType>(type) ? success() : LogicalResult(fail("a weight"));
  return fail("nothing");
}
