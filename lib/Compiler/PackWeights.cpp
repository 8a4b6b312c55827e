//===- PackWeights.cpp - stored tensors to packed weights -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tensors are cut into pieces of about a megabyte, so that one large tensor
// does not leave threads idle. A piece writes only its own bytes of the mapped
// section: nothing depends on the order or the number of threads.
//
//===----------------------------------------------------------------------===//

#include "lib/Compiler/PackWeights.h"

#include "dialects/Tenon/IR/Tenon.h"
#include "dialects/TenonCPU/IR/TenonCPU.h"
#include "lib/Target/CPU/Outline/CheckEntry.h"
#include "lib/Target/CPU/Packing.h"

#include "mlir/IR/Threading.h"
#include "llvm/Support/MathExtras.h"

#include <tuple>

using namespace mlir;
using namespace tenon;

namespace {

/// Stored bytes per piece of work.
constexpr int64_t kPieceBytes = 1 << 20;

uint64_t storedBytes(const PackedTensor &tensor) {
  int64_t rows = tensor.shape.size() == 2 ? tensor.shape[0] : 1;
  return rows * tensor.format->rowBytes(tensor.shape.back());
}

/// The tensors of one weight op.
LogicalResult planWeight(WeightOp weight, std::vector<PackedTensor> &plan) {
  auto packing = dyn_cast_or_null<cpu::PackAttr>(
      weight.getPacking().value_or(Attribute()));
  if (!packing)
    return weight.emitError("expected a weight of the native phase to have a "
                            "packing; run the schedule pipeline");
  std::optional<ArrayRef<int64_t>> offsets = weight.getOffsets();
  if (!offsets || int64_t(offsets->size()) != weight.getCount())
    return weight.emitError("expected ")
           << weight.getCount() << " offsets of packed tensors, but got "
           << (offsets ? offsets->size() : 0);
  ArrayRef<int64_t> shape = weight.getShape();
  for (int64_t layer = 0; layer < weight.getCount(); ++layer) {
    const BlockFormat *format = &weight.getScheme(layer).getFormat();
    if (shape.size() != 1 && shape.size() != 2)
      return weight.emitError("expected a vector or a matrix, but got ")
             << shape.size() << " dimensions";
    if (shape.back() % format->elements != 0)
      return weight.emitError("expected rows of whole blocks of ")
             << format->elements << " elements, but got " << shape.back();
    int64_t interleave = packing.getInterleave();
    if (shape.size() == 2 && interleave == 1)
      return weight.emitError("expected the rows of a matrix to be "
                              "interleaved, but got a packing of 1");
    if (shape.size() == 1 && interleave != 1)
      return weight.emitError("expected a vector to have a packing of 1, but "
                              "got ")
             << interleave;
    uint64_t bytes =
        shape.size() == 2
            ? cpu::getPackedBytes(*format, shape[0], shape[1], interleave)
            : shape[0] * sizeof(float);
    int64_t offset = (*offsets)[layer];
    if (offset < 0 || offset % cpu::packedAlignment != 0)
      return weight.emitError("expected offsets that are multiples of ")
             << cpu::packedAlignment << ", but got " << offset;
    constexpr auto most = static_cast<uint64_t>(cpu::maxPackedBytes);
    if (uint64_t(offset) > most || bytes > most - uint64_t(offset))
      return weight.emitError("expected at most ")
             << most << " bytes of packed weights, but layer " << layer
             << " of " << bytes << " bytes starts at " << offset;
    plan.push_back({weight.getTensorName(layer), weight.getArchive().str(),
                    weight.getLoc(), format,
                    llvm::SmallVector<int64_t, 2>(shape), interleave,
                    uint64_t(offset), bytes});
  }
  return success();
}

/// A range of row groups of one matrix, or a whole vector.
struct Piece {
  size_t tensor;
  int64_t firstGroup;
  int64_t lastGroup;
};

std::vector<Piece> cut(ArrayRef<PackedTensor> plan) {
  std::vector<Piece> pieces;
  for (auto [index, tensor] : llvm::enumerate(plan)) {
    if (tensor.shape.size() == 1) {
      pieces.push_back({index, 0, 1});
      continue;
    }
    int64_t groupBytes =
        tensor.interleave * tensor.format->rowBytes(tensor.shape[1]);
    int64_t groups = llvm::divideCeil(tensor.shape[0], tensor.interleave);
    int64_t step = std::max<int64_t>(1, kPieceBytes / groupBytes);
    for (int64_t first = 0; first < groups; first += step)
      pieces.push_back({index, first, std::min(first + step, groups)});
  }
  return pieces;
}

} // namespace

FailureOr<std::vector<PackedTensor>> tenon::planPacking(ModuleOp native) {
  std::vector<PackedTensor> plan;
  for (auto weight : native.getOps<WeightOp>())
    if (failed(planWeight(weight, plan)))
      return failure();
  llvm::sort(plan, [](const PackedTensor &a, const PackedTensor &b) {
    return std::tie(a.offset, a.name) < std::tie(b.offset, b.name);
  });
  // Weights may share a tensor: it is stored once.
  plan.erase(std::unique(plan.begin(), plan.end(),
                         [](const PackedTensor &a, const PackedTensor &b) {
                           return a.offset == b.offset && a.name == b.name &&
                                  a.interleave == b.interleave &&
                                  a.shape == b.shape;
                         }),
             plan.end());
  for (size_t i = 1; i < plan.size(); ++i) {
    const PackedTensor &before = plan[i - 1];
    if (plan[i].offset < before.offset + before.bytes) {
      return emitError(plan[i].loc)
             << "expected packed tensors that do not overlap, but '"
             << plan[i].name << "' at " << plan[i].offset << " starts inside '"
             << before.name << "'";
    }
  }
  return plan;
}

uint64_t tenon::getSectionBytes(ArrayRef<PackedTensor> plan) {
  if (plan.empty())
    return 0;
  return llvm::alignTo(plan.back().offset + plan.back().bytes,
                       cpu::packedAlignment);
}

LogicalResult tenon::packWeights(MLIRContext *context,
                                 ArrayRef<PackedTensor> plan,
                                 const TensorReader &read,
                                 MutableArrayRef<uint8_t> section) {
  std::vector<ArrayRef<uint8_t>> stored;
  for (const PackedTensor &tensor : plan) {
    auto bytes = read(tensor);
    if (!bytes)
      return emitError(tensor.loc) << llvm::toString(bytes.takeError());
    if (bytes->size() != storedBytes(tensor))
      return emitError(tensor.loc)
             << "tensor '" << tensor.name << "': expected "
             << storedBytes(tensor) << " stored bytes, but got "
             << bytes->size();
    if (tensor.offset + tensor.bytes > section.size())
      return emitError(tensor.loc)
             << "tensor '" << tensor.name << "': expected to end within the "
             << section.size() << " bytes of packed weights, but it ends at "
             << tensor.offset + tensor.bytes;
    stored.push_back(*bytes);
  }
  std::vector<Piece> pieces = cut(plan);
  parallelFor(context, 0, pieces.size(), [&](size_t index) {
    const Piece &piece = pieces[index];
    const PackedTensor &tensor = plan[piece.tensor];
    const uint8_t *from = stored[piece.tensor].data();
    uint8_t *to = section.data() + tensor.offset;
    if (tensor.shape.size() == 1)
      dequantizeRow(*tensor.format, from, tensor.shape[0],
                    reinterpret_cast<float *>(to));
    else
      cpu::packGroups(*tensor.format, tensor.shape[0], tensor.shape[1],
                      tensor.interleave, from, to, piece.firstGroup,
                      piece.lastGroup);
  });
  return success();
}
