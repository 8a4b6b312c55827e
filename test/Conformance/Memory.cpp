//===- Memory.cpp - the buffers of one run of a case ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Memory.h"

#include "dialects/TenonCPU/IR/ActivationLayout.h"
#include "lib/Target/CPU/Kernels/CacheLayout.h"
#include "lib/Target/CPU/Packing.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/Support/xxhash.h"

#include <cstring>
#include <limits>
#include <random>

using namespace mlir;
using namespace tenon;
using namespace tenon::conformance;
using interp::CacheLayer;
using interp::CacheValue;
using interp::FloatTensor;

/// Position of a slot that nothing fills, as the runtime has it.
static constexpr int32_t kFreeSlot = std::numeric_limits<int32_t>::max();

//===----------------------------------------------------------------------===//
// Caches
//===----------------------------------------------------------------------===//

CacheMemory::CacheMemory(CacheType type, int64_t capacity)
    : type(type), capacity(capacity),
      cells(type.getLayers() * capacity * cpu::CacheLayoutOf(type).slotBytes()),
      positions(capacity * 4) {}

int64_t CacheMemory::layerBytes() const {
  return kLayer * cpu::CacheLayoutOf(type).slotBytes() * cpu::kSlotTile;
}

/// Writes `value`, which the type can hold, as element `index`.
static void setElement(Guarded &memory, int64_t index, Type type,
                       double value) {
  if (type.isF32()) {
    memory.as<float>()[index] = static_cast<float>(value);
    return;
  }
  APFloat number(value);
  bool isLossy;
  number.convert(APFloat::IEEEhalf(), APFloat::rmNearestTiesToEven, &isLossy);
  memory.as<uint16_t>()[index] =
      static_cast<uint16_t>(number.bitcastToAPInt().getZExtValue());
}

void CacheMemory::setSlot(int64_t slot, const double *key,
                          const double *value) {
  cpu::CacheLayoutOf layout(type);
  for (int64_t head = 0; head < layout.heads; ++head)
    for (int64_t d = 0; d < layout.dim; ++d) {
      int64_t tile = slot / cpu::kSlotTile, lane = slot % cpu::kSlotTile;
      int64_t start = tile * layout.tileStride() +
                      (kLayer * layout.heads + head) * layout.tileElements();
      int64_t column = lane / cpu::kLanes * layout.columnElements();
      setElement(cells, start + column + d * cpu::kLanes + lane % cpu::kLanes,
                 layout.element, key[head * layout.dim + d]);
      setElement(cells, start + layout.valuesAt() + lane * layout.padded + d,
                 layout.element, value[head * layout.dim + d]);
    }
}

std::vector<int32_t> Memory::slotPositions() const {
  std::vector<int32_t> positions;
  std::mt19937 engine(7);
  for (int64_t slot = 0; slot < given.used; ++slot) {
    int64_t position = given.start - given.used + slot;
    if (given.isShuffled)
      position = given.start - 20 + static_cast<int64_t>(engine() % 40);
    positions.push_back(static_cast<int32_t>(position));
  }
  for (int64_t row = 0; row < given.rows; ++row)
    positions.push_back(static_cast<int32_t>(given.start + row));
  if (given.isHidden)
    for (size_t slot = 0; slot < positions.size(); ++slot)
      if (given.isFilled || static_cast<int64_t>(slot) < given.used)
        positions[slot] += 100000;
  return positions;
}

void Memory::fillCache(CacheMemory &memory, const CacheValue &contents) {
  memory.cells.reset();
  memory.used = given.used;
  const CacheLayer &layer = *contents.layers[kLayer];
  int64_t width = memory.type.getHeads() * memory.type.getDim();
  for (int64_t slot = 0; slot < layer.slots(); ++slot)
    memory.setSlot(slot, &layer.key[slot * width], &layer.value[slot * width]);
}

void Memory::makeCache(Value value, uint64_t seed) {
  auto type = cast<CacheType>(value.getType());
  int64_t slots = given.used + given.rows;
  int64_t capacity = llvm::alignTo(slots, cpu::kSlotTile);
  // With and without a tile behind the last slot.
  if (seed % 2)
    capacity += cpu::kSlotTile;
  auto memory = std::make_unique<CacheMemory>(type, capacity);
  std::vector<int32_t> positions = slotPositions();
  positions.resize(capacity, kFreeSlot);
  std::memcpy(memory->positions.data(), positions.data(), capacity * 4);
  memory->positions.protect();

  int64_t width = type.getHeads() * type.getDim();
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal(0, 1);
  CacheLayer layer;
  std::vector<double> key(width), content(width);
  int64_t filled = given.isFilled ? slots : given.used;
  for (int64_t slot = 0; slot < filled; ++slot) {
    for (double &x : key)
      x = normal(engine);
    for (double &x : content)
      x = normal(engine);
    // Behind the first rows, which must not notice.
    if (given.isBroken && positions[slot] >= given.start + 4) {
      key[1] = slot % 3 == 0 ? std::nan("") : key[1];
      content[2] = slot % 3 == 1 ? -HUGE_VAL : content[2];
      content[0] = slot % 3 == 2 ? std::nan("") : content[0];
    }
    CacheValue::addSlot(type, layer, key.data(), content.data(),
                        positions[slot]);
  }
  CacheValue cache = CacheValue::create(type);
  cache.layers[kLayer] = std::make_shared<const CacheLayer>(std::move(layer));
  fillCache(*memory, cache);
  caches[value] = std::move(memory);
  values.push_back(std::move(cache));
}

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

void Memory::addWeight(Value value, const interp::StoredTensor &stored) {
  auto type = cast<WeightType>(value.getType());
  std::unique_ptr<Guarded> &memory = inputs[value];
  if (type.isVector()) {
    memory = std::make_unique<Guarded>(type.getRows() * 4);
    stored.readRow(0, memory->as<float>());
  } else {
    int64_t rows = type.getRows(), columns = type.getColumns();
    memory = std::make_unique<Guarded>(
        cpu::getPackedBytes(*stored.format, rows, columns, cpu::kLanes));
    cpu::packGroups(*stored.format, rows, columns, cpu::kLanes,
                    stored.bytes.data(), memory->data(), 0,
                    static_cast<int64_t>(llvm::divideCeil(rows, cpu::kLanes)));
  }
  values.push_back(stored);
}

void Memory::makeWeight(Value value, uint64_t seed) {
  auto type = cast<WeightType>(value.getType());
  const BlockFormat &format = getBlockFormat(type.getSchemes().front());
  // The source makes vectors positive unless they are biases.
  std::string tensor = std::to_string(seed) + (seed % 2 ? ".bias" : "");
  llvm::Expected<interp::StoredTensor> stored =
      weights->load(tensor, format, type.getShape());
  if (!stored)
    llvm::report_fatal_error(stored.takeError());
  addWeight(value, *stored);
}

/// The bits of a number that tests the conversion to f32: zeros, the smallest
/// and the largest, infinity, no number, and any.
static uint32_t chooseBits(FloatKind kind, uint64_t random) {
  uint32_t any = random >> 8;
  static const uint32_t half[] = {0x0000, 0x8000, 0x0001, 0x83ff,
                                  0x7bff, 0xfc00, 0x7e00};
  static const uint32_t brain[] = {0x0000, 0x8000, 0x0001, 0x807f,
                                   0x7f7f, 0xff80, 0x7fc0};
  static const uint32_t single[] = {0x00000000, 0x80000000, 0x00000001,
                                    0x807fffff, 0x7f7fffff, 0xff800000,
                                    0x7fc00000};
  llvm::ArrayRef<uint32_t> special = kind == FloatKind::F16    ? half
                                     : kind == FloatKind::BF16 ? brain
                                                               : single;
  size_t choice = random % 16;
  return choice < special.size() ? special[choice] : any;
}

void Memory::makeBlocks(Value value, uint64_t seed) {
  auto type = cast<WeightType>(value.getType());
  const BlockFormat &format = getBlockFormat(type.getSchemes().front());
  int64_t bytes = type.getRows() * format.rowBytes(type.getColumns());
  blocks.push_back(std::make_unique<std::vector<uint8_t>>(bytes));
  std::vector<uint8_t> &data = *blocks.back();
  std::mt19937_64 engine(seed);
  for (uint8_t &byte : data)
    byte = static_cast<uint8_t>(engine());
  auto set = [&](FloatKind kind, uint8_t *place) {
    uint32_t bits = chooseBits(kind, engine());
    std::memcpy(place, &bits, kind == FloatKind::F32 ? 4 : 2);
  };
  for (int64_t at = 0; at < bytes; at += format.bytes) {
    if (format.isPlain())
      set(format.plain, &data[at]);
    if (format.scale.present())
      set(format.scale.kind, &data[at + format.scale.byteOffset]);
    if (format.minimumScale.present())
      set(format.minimumScale.kind, &data[at + format.minimumScale.byteOffset]);
  }
  addWeight(value,
            {&format, llvm::SmallVector<int64_t, 2>(type.getShape()), data});
}

void Memory::makeArgument(const Argument &argument, Value value,
                          uint64_t seed) {
  std::mt19937_64 engine(seed);
  auto addInts = [&](llvm::ArrayRef<int32_t> data) {
    auto memory = std::make_unique<Guarded>(data.size() * 4);
    std::memcpy(memory->data(), data.data(), data.size() * 4);
    inputs[value] = std::move(memory);
    values.push_back(interp::makeInts(data));
  };
  auto addFloats = [&](int64_t rows) {
    auto type = cast<RankedTensorType>(value.getType());
    llvm::SmallVector<int64_t, 3> shape(type.getShape());
    shape.front() = rows;
    FloatTensor tensor(shape);
    std::normal_distribution<float> normal(0.1f, 1.0f);
    auto memory = std::make_unique<Guarded>(tensor.data.size() * 4);
    for (auto [index, x] : llvm::enumerate(tensor.data)) {
      float number = normal(engine);
      // A few large ones, as activations have them.
      if (engine() % 97 == 0)
        number *= 20;
      memory->as<float>()[index] = number;
      x = number;
    }
    // One query of the second row.
    if (given.isBroken && rows > 1) {
      tensor.data[tensor.rowSize() + 1] = HUGE_VALF;
      memory->as<float>()[tensor.rowSize() + 1] = HUGE_VALF;
    }
    inputs[value] = std::move(memory);
    values.push_back(interp::makeTensor(std::move(tensor)));
  };
  std::vector<int32_t> numbers;
  switch (argument.role) {
  case Role::Floats:
    return addFloats(given.rows);
  case Role::KeyBias:
    return addFloats(given.used + given.rows);
  case Role::Ids:
    for (int64_t row = 0; row < given.rows; ++row)
      numbers.push_back(static_cast<int32_t>(engine() % argument.limit));
    // The last row of the table is the one that a tail gets wrong.
    if (given.rows > 1)
      numbers.back() = static_cast<int32_t>(argument.limit - 1);
    return addInts(numbers);
  case Role::Positions:
    for (int64_t row = 0; row < given.rows; ++row)
      numbers.push_back(static_cast<int32_t>(given.start + row));
    return addInts(numbers);
  case Role::Chosen:
    for (int64_t i = 0; i < given.chosen; ++i)
      numbers.push_back(static_cast<int32_t>(engine() % given.rows));
    if (given.chosen)
      numbers.back() = static_cast<int32_t>(given.rows - 1);
    return addInts(numbers);
  case Role::Weight:
    return makeWeight(value, seed);
  case Role::Blocks:
    return makeBlocks(value, seed);
  case Role::Cache:
    return makeCache(value, seed);
  case Role::Layer:
    values.push_back(kLayer);
    return;
  case Role::Count:
    values.push_back(given.count);
    return;
  }
}

Memory::Memory(const Case &tested, const Conditions &conditions,
               func::FuncOp function)
    : given(conditions), function(function),
      weights(interp::createSyntheticWeights(11)) {
  uint64_t seed = llvm::xxh3_64bits(tested.name) + conditions.rows * 1000003 +
                  conditions.used * 10007 + conditions.start;
  for (auto [index, argument] : llvm::enumerate(tested.arguments)) {
    makeArgument(argument, function.getArgument(index), seed + index * 31);
  }
  for (auto &[value, memory] : inputs)
    memory->protect();
}

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

void Memory::reset() {
  for (auto &[value, memory] : results)
    memory->reset();
  for (auto &[value, memory] : caches) {
    unsigned number = cast<BlockArgument>(value).getArgNumber();
    fillCache(*memory, std::get<CacheValue>(values[number]));
  }
}

int64_t Memory::rows(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  if (!type.isDynamicDim(0))
    return type.getDimSize(0);
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    const interp::RuntimeValue &given = values[argument.getArgNumber()];
    if (auto *ints =
            std::get_if<std::shared_ptr<const interp::IntTensor>>(&given))
      return (*ints)->size();
    return std::get<std::shared_ptr<const FloatTensor>>(given)->rows();
  }
  bool isChosen = false;
  value.getDefiningOp()->walk([&](RowsOp) { isChosen = true; });
  return isChosen ? given.chosen : given.rows;
}

Guarded &Memory::buffer(Value value) {
  if (auto it = inputs.find(value); it != inputs.end())
    return *it->second;
  std::unique_ptr<Guarded> &memory = results[value];
  if (!memory) {
    auto type = cast<RankedTensorType>(value.getType());
    memory = std::make_unique<Guarded>(rows(value) * cpu::getRowBytes(type));
  }
  return *memory;
}

CacheMemory &Memory::cache(Value value) {
  while (!isa<BlockArgument>(value)) {
    auto kernel = cast<KernelOp>(value.getDefiningOp());
    value = *llvm::find_if(kernel.getInputs(), [](Value input) {
      return isa<CacheType>(input.getType());
    });
  }
  return *caches.find(value)->second;
}

bool Memory::areFrontsIntact() const {
  for (const auto &[value, memory] : results)
    if (!memory->isFrontIntact())
      return false;
  for (const auto &[value, memory] : caches)
    if (!memory->cells.isFrontIntact())
      return false;
  return true;
}
