//===- Emitter.h - short spellings for kernel builders ----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernel builders write many small ops. This class is a location, a builder
// and one short method per op, nothing more.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_KERNELS_EMITTER_H
#define TENON_LIB_TARGET_CPU_KERNELS_EMITTER_H

#include "dialects/Tenon/IR/Limits.h"
#include "dialects/TenonCPU/IR/Limits.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <functional>

namespace tenon::cpu {

/// Emits arithmetic, memory and loop ops at one place.
struct Emitter {
  mlir::ImplicitLocOpBuilder b;

  Emitter(mlir::Location loc, mlir::Block *block)
      : b(mlir::ImplicitLocOpBuilder::atBlockEnd(loc, block)) {}

  // Types.
  mlir::Type f32() { return b.getF32Type(); }
  mlir::VectorType vec(mlir::Type element, int64_t lanes = kLanes) {
    return mlir::VectorType::get({lanes}, element);
  }
  mlir::VectorType vf32() { return vec(f32()); }
  mlir::VectorType vi32() { return vec(b.getI32Type()); }

  // Index arithmetic. Constants fold.
  mlir::Value index(int64_t value) {
    return mlir::arith::ConstantIndexOp::create(b, value);
  }
  mlir::Value add(mlir::Value x, mlir::Value y);
  mlir::Value add(mlir::Value x, int64_t y);
  mlir::Value mul(mlir::Value x, mlir::Value y);
  mlir::Value mul(mlir::Value x, int64_t y);
  mlir::Value sub(mlir::Value x, mlir::Value y);
  mlir::Value divUp(mlir::Value x, int64_t y);
  mlir::Value div(mlir::Value x, int64_t y);
  mlir::Value rem(mlir::Value x, int64_t y);
  mlir::Value min(mlir::Value x, mlir::Value y);
  mlir::Value max(mlir::Value x, mlir::Value y);

  // Constants.
  mlir::Value f32Constant(double value);
  /// The same f32 in all lanes.
  mlir::Value splat(double value, int64_t lanes = kLanes);
  mlir::Value i32Splat(int32_t value, int64_t lanes = kLanes);

  // Vectors of f32 (or scalars: every method takes both).
  mlir::Value fma(mlir::Value x, mlir::Value y, mlir::Value z);
  mlir::Value addf(mlir::Value x, mlir::Value y);
  mlir::Value subf(mlir::Value x, mlir::Value y);
  mlir::Value mulf(mlir::Value x, mlir::Value y);
  mlir::Value divf(mlir::Value x, mlir::Value y);
  mlir::Value maxf(mlir::Value x, mlir::Value y);
  mlir::Value negf(mlir::Value x);
  mlir::Value exp(mlir::Value x);
  /// 2^x of a vector of f32, relative error below 2e-7. 0 below 2^-126; wrong
  /// above 2^127; no number for none.
  mlir::Value exp2(mlir::Value x);
  /// The larger of two; `y` where one of them is no number.
  mlir::Value larger(mlir::Value x, mlir::Value y);
  /// The largest lane of `x`, in all lanes.
  mlir::Value largestLane(mlir::Value x);
  /// The sum of the lanes of `x`, added in pairs.
  mlir::Value sumLanes(mlir::Value x);
  mlir::Value broadcast(mlir::Value scalar, int64_t lanes = kLanes);

  // Memory.
  /// Asks for the cache line of an element that will be read, in the second
  /// cache; it need not exist.
  void prefetch(mlir::Value memory, mlir::ValueRange at);
  /// An instruction by the name of its LLVM intrinsic, "llvm.x86...".
  mlir::Value intrinsic(llvm::StringRef name, mlir::Type result,
                        mlir::ValueRange operands);
  /// Loads stay on their side of this place. For LLVM, which reorders loads of
  /// one basic block as it likes; the processor does nothing here.
  void keepLoadOrder();
  mlir::Value load(mlir::Value memory, mlir::ValueRange at);
  void store(mlir::Value value, mlir::Value memory, mlir::ValueRange at);
  mlir::Value loadVector(mlir::Value memory, mlir::ValueRange at,
                         int64_t lanes = kLanes);
  void storeVector(mlir::Value value, mlir::Value memory, mlir::ValueRange at);
  /// First `count` lanes; the others read as `otherwise` or 0.
  mlir::Value loadMasked(mlir::Value memory, mlir::ValueRange at,
                         mlir::Value count);
  void storeMasked(mlir::Value value, mlir::Value memory, mlir::ValueRange at,
                   mlir::Value count);
  /// Any stored float (f16, bf16, f32; scalar or vector) as f32.
  mlir::Value toF32(mlir::Value x);
  /// f32 to the element type of a cache, rounding to nearest, ties to even.
  mlir::Value fromF32(mlir::Value x, mlir::Type element);
  /// A typed view of `count` elements of raw memory, `offset` bytes in.
  mlir::Value view(mlir::Value bytes, mlir::Value offset, mlir::Type element,
                   llvm::ArrayRef<int64_t> shape);

  // Loops. The body gets the index and the carried values, and returns the
  // next ones.
  using Body = std::function<llvm::SmallVector<mlir::Value>(mlir::Value,
                                                            mlir::ValueRange)>;
  llvm::SmallVector<mlir::Value> loop(mlir::Value first, mlir::Value last,
                                      int64_t step,
                                      llvm::ArrayRef<mlir::Value> inits,
                                      const Body &body);
  void loop(mlir::Value first, mlir::Value last, int64_t step,
            const std::function<void(mlir::Value)> &body);
};

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_KERNELS_EMITTER_H
