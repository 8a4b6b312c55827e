//===- Inputs.cpp - generated arguments of a function ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arguments that a wrong pass cannot hide behind: positions that do not start
// at 0, a cache with contents and outliers, odd row counts, output rows in
// another order.
//
//===----------------------------------------------------------------------===//

#include "lib/Validation/Inputs.h"

#include <cmath>
#include <random>

using namespace mlir;
using namespace tenon;
using namespace tenon::interp;

Role tenon::getRole(Value value, int64_t &limit) {
  Role role = Role::Unknown;
  auto found = [&](Role other) {
    if (role == Role::Unknown)
      role = other;
  };
  for (OpOperand &use : value.getUses()) {
    Operation *owner = use.getOwner();
    unsigned number = use.getOperandNumber();
    if (auto embedding = dyn_cast<EmbeddingOp>(owner)) {
      limit = std::min(limit, embedding.getWeight().getType().getRows());
      found(Role::Ids);
    } else if (isa<RopeAnglesOp, CacheAppendOp, AttentionOp>(owner)) {
      found(Role::Positions);
    } else if (isa<RowsOp>(owner)) {
      found(Role::Rows);
    } else if (auto best = dyn_cast<TopKOp>(owner)) {
      limit = std::min(limit, best.getValues().getType().getDimSize(1));
      found(Role::Count);
    } else if (auto kernel = dyn_cast<KernelOp>(owner)) {
      if (number < kernel.getBody().getNumArguments())
        found(getRole(kernel.getBody().getArgument(number), limit));
    } else if (auto stack = dyn_cast<StackOp>(owner)) {
      if (number < stack.getCarried().size())
        found(getRole(stack.getCarried()[number], limit));
    }
  }
  return role;
}

SmallVector<func::FuncOp> tenon::getEntries(ModuleOp module) {
  SmallVector<func::FuncOp> entries, all;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isExternal())
      continue;
    all.push_back(function);
    if (function->hasAttr(kEntryAttrName))
      entries.push_back(function);
  }
  return entries.empty() ? all : entries;
}

namespace {

/// Normal numbers with an outlier now and then.
class Numbers {
public:
  explicit Numbers(uint64_t seed) : engine(seed) {}
  /// In [0, 1), the same everywhere (the standard leaves its distributions
  /// open).
  double uniform() { return static_cast<double>(engine() >> 11) * 0x1p-53; }
  double next() {
    double r = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    double value = r * std::cos(6.283185307179586 * uniform());
    return uniform() < 0.03 ? 10 * value : value;
  }
  int32_t below(int64_t limit) { return engine() % limit; }

private:
  std::mt19937_64 engine;
};

CacheValue makeCache(CacheType type, int64_t filled, Numbers &numbers) {
  CacheValue cache = CacheValue::create(type);
  int64_t count = type.getHeads() * type.getDim();
  std::vector<double> key(count), value(count);
  for (auto &shared : cache.layers) {
    auto layer = std::make_shared<CacheLayer>();
    for (int64_t slot = 0; slot < filled; ++slot) {
      for (int64_t i = 0; i < count; ++i) {
        key[i] = numbers.next();
        value[i] = numbers.next();
      }
      CacheValue::addSlot(type, *layer, key.data(), value.data(), slot);
    }
    shared = layer;
  }
  return cache;
}

} // namespace

FailureOr<std::vector<RuntimeValue>>
tenon::makeInputs(func::FuncOp reference, func::FuncOp callee,
                  const InputOptions &options) {
  constexpr int64_t kMaxElements = int64_t(1) << 24;
  Numbers numbers(options.seed);
  int64_t rows = options.rows;
  if (std::optional<int64_t> limit = getMaxRows(callee))
    rows = std::clamp<int64_t>(*limit, 1, rows);
  std::vector<RuntimeValue> inputs;
  for (auto [index, type] : llvm::enumerate(callee.getArgumentTypes())) {
    auto fail = [&, type = type]() {
      return callee.emitOpError("expected an argument that can be generated, "
                                "but got ")
             << type;
    };
    int64_t limit = std::numeric_limits<int32_t>::max();
    Role role = index < reference.getNumArguments()
                    ? getRole(reference.getArgument(index), limit)
                    : Role::Unknown;
    if (type.isIndex()) {
      inputs.push_back(role == Role::Count ? (limit + 1) / 2 : int64_t(0));
      continue;
    }
    if (auto cache = dyn_cast<CacheType>(type)) {
      if (cache.getLayers() * cache.getHeads() * cache.getDim() > kMaxElements)
        return fail();
      inputs.push_back(makeCache(cache, options.filled, numbers));
      continue;
    }
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || tensor.getRank() < 1)
      return fail();
    SmallVector<int64_t> shape(tensor.getShape());
    if (ShapedType::isDynamic(shape.front()))
      shape.front() = rows;
    if (ShapedType::isDynamicShape(shape) ||
        RankedTensorType::get(shape, tensor.getElementType()).getNumElements() >
            kMaxElements)
      return fail();
    if (tensor.getElementType().isF32()) {
      FloatTensor floats(shape);
      for (double &value : floats.data)
        value = roundToFormat(numbers.next(), tensor.getElementType());
      inputs.push_back(makeTensor(std::move(floats)));
      continue;
    }
    if (!tensor.getElementType().isInteger(32) || tensor.getRank() != 1)
      return fail();
    std::vector<int32_t> ints(shape.front());
    for (auto [i, value] : llvm::enumerate(ints))
      if (role == Role::Ids)
        value = numbers.below(limit);
      else if (role == Role::Rows)
        value = shape.front() - 1 - static_cast<int32_t>(i);
      else
        value = static_cast<int32_t>(options.filled + i);
    if (role == Role::Rows && ShapedType::isDynamic(tensor.getDimSize(0)))
      ints.resize((ints.size() + 1) / 2);
    inputs.push_back(makeInts(ints));
  }
  return inputs;
}
