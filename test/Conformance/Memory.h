//===- Memory.h - the buffers of one run of a case --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The same numbers twice: as buffers for machine code and as values for the
// interpreter.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TEST_CONFORMANCE_MEMORY_H
#define TENON_TEST_CONFORMANCE_MEMORY_H

#include "Case.h"
#include "Guarded.h"

#include "dialects/Tenon/Interpreter/Values.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

namespace tenon::conformance {

/// A cache, of which kernels see one layer.
struct CacheMemory {
  CacheMemory(CacheType type, int64_t capacity);

  CacheType type;
  int64_t capacity, used = 0;
  Guarded cells, positions;

  /// Bytes before the first of the layer that cases use.
  int64_t layerBytes() const;
  /// Writes a slot's keys and values of that layer as the layout says.
  void setSlot(int64_t slot, const double *key, const double *value);
};

/// The layer of the interpreter's cache that cases use, and the cache's size.
constexpr int64_t kLayer = 1, kLayers = 2;

/// Buffers and values of a function's arguments, and buffers of its tensors.
class Memory {
public:
  /// Makes all arguments; equal names and conditions give equal numbers.
  Memory(const Case &tested, const Conditions &conditions,
         mlir::func::FuncOp function);

  /// Arguments for the interpreter.
  const std::vector<interp::RuntimeValue> &arguments() const { return values; }

  /// Forgets all results, and what caches had in addition to their contents
  /// before the call.
  void reset();
  /// The buffer of a tensor or weight; makes that of a result.
  Guarded &buffer(mlir::Value value);
  /// The cache that `value` stands for; an append gives its operand's.
  CacheMemory &cache(mlir::Value value);
  /// Rows of a tensor: the first dimension.
  int64_t rows(mlir::Value value);
  const Conditions &conditions() const { return given; }
  /// Every buffer of results and caches has its front intact.
  bool areFrontsIntact() const;

private:
  void makeArgument(const Argument &argument, mlir::Value value, uint64_t seed);
  void makeCache(mlir::Value value, uint64_t seed);
  void makeWeight(mlir::Value value, uint64_t seed);
  void makeBlocks(mlir::Value value, uint64_t seed);
  void addWeight(mlir::Value value, const interp::StoredTensor &stored);
  std::vector<int32_t> slotPositions() const;
  void fillCache(CacheMemory &memory, const interp::CacheValue &contents);

  Conditions given;
  mlir::func::FuncOp function;
  std::unique_ptr<interp::WeightSource> weights;
  /// Bytes of `Role::Blocks`.
  std::vector<std::unique_ptr<std::vector<uint8_t>>> blocks;
  std::vector<interp::RuntimeValue> values;
  llvm::DenseMap<mlir::Value, std::unique_ptr<Guarded>> inputs, results;
  llvm::DenseMap<mlir::Value, std::unique_ptr<CacheMemory>> caches;
};

} // namespace tenon::conformance

#endif // TENON_TEST_CONFORMANCE_MEMORY_H
