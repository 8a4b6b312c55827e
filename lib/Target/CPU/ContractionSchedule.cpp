//===- ContractionSchedule.cpp - how contractions run on a CPU ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Few rows: weights stream through registers, once for as many rows as have
// registers for their sums. Many rows: of the tiles that fit the registers and
// whose panel fits half of the second-level cache, the one that loads least per
// product, because all multiply equally often.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/ContractionSchedule.h"
#include "dialects/TenonCPU/IR/TenonCPU.h"
#include "lib/Target/CPU/Kernels/Kernels.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

namespace {

/// What a contraction of many rows keeps in registers: sums of `rows` rows
/// times `groups` groups of 16 outputs, each of which has `weights` weights.
struct RegisterTile {
  int64_t groups = 1, rows = 1, weights = 1;
  int64_t groupBytes = 0; ///< of a group of one decoded weight
  bool isInteger = false; ///< products of bytes, with scales

  /// Sums that a row has, in vectors of 16 lanes.
  int64_t vectors() const { return groups * weights; }
  /// Bytes of the decoded weights of all groups.
  int64_t panelBytes() const { return vectors() * groupBytes; }
  /// Registers of the target that the tile takes.
  int64_t registers(const CPUTargetOptions &target) const;
  /// Loads per product, both in registers of the target: all tiles multiply as
  /// often, so this is what they differ in.
  double loads(const CPUTargetOptions &target) const;
};

} // namespace

/// Code is emitted for each group and row of a tile.
static constexpr int64_t kMostGroups = 3, kMostRows = 8;

int64_t RegisterTile::registers(const CPUTargetOptions &target) const {
  int64_t split = getRegistersPerVector(target.vectorBits);
  // Sums (of integers as such and as floats), codes or weights, and what a row
  // has for all lanes. A scale is needed where sums become floats, and is read
  // when codes are used no more; so are minima.
  int64_t sums = (isInteger ? 2 : 1) * rows * vectors();
  return split * (sums + vectors() + isInteger) + 1;
}

double RegisterTile::loads(const CPUTargetOptions &target) const {
  int64_t perRow = getRegistersPerVector(target.vectorBits) * vectors();
  return double(perRow + rows) / (perRow * rows);
}

/// True when some weight of the kernel has blocks of codes.
static bool hasBlocks(KernelOp kernel) {
  for (Type type : kernel.getInputs().getTypes())
    if (auto weight = dyn_cast<WeightType>(type);
        weight && llvm::any_of(weight.getSchemes(), [](SchemeKind kind) {
          return !getBlockFormat(kind).isPlain();
        }))
      return true;
  return false;
}

/// The tile with the fewest loads; of equal ones that with the fewest groups,
/// whose panel is smallest. One row of one group always runs.
static RegisterTile chooseTile(RegisterTile tile,
                               const CPUTargetOptions &target) {
  RegisterTile best = tile;
  for (tile.groups = 1; tile.groups <= kMostGroups; ++tile.groups)
    for (tile.rows = 1; tile.rows <= kMostRows; ++tile.rows)
      if (tile.registers(target) <= target.vectorRegisters &&
          (tile.groups == 1 ||
           tile.panelBytes() <= static_cast<int64_t>(target.cacheBytes / 2)) &&
          tile.loads(target) < best.loads(target))
        best = tile;
  return best;
}

Attribute tenon::cpu::chooseContraction(KernelOp kernel, int64_t maxRows,
                                        const CPUTargetOptions &target) {
  MLIRContext *context = kernel.getContext();
  Contraction work = *matchContraction(kernel);
  // Floats and codes, which take many instructions per block: row by row, from
  // the nearest cache.
  if (maxRows <= kStepRows) {
    bool isLong = !work.isInteger && hasBlocks(kernel);
    int64_t most =
        target.vectorRegisters / getRegistersPerVector(target.vectorBits) >= 32
            ? 8
            : 4;
    return StepAttr::get(context, kLanes, /*sums=*/4,
                         isLong ? 1 : std::min<int64_t>(maxRows, most));
  }
  RegisterTile tile;
  tile.groupBytes = getPanelBytes(work);
  tile.isInteger = work.isInteger;
  for (const Contraction::Output &output : work.outputs)
    tile.weights = std::max<int64_t>(tile.weights, output.weights.size());
  tile = chooseTile(tile, target);
  return ChunkAttr::get(context, kLanes, tile.groups, tile.rows, work.columns);
}
