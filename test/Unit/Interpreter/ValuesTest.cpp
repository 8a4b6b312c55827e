//===- ValuesTest.cpp - rounding and versions of caches -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/Unit/Interpreter/Program.h"

#include "mlir/IR/Builders.h"

#include <cmath>

using namespace mlir;
using namespace tenon;
using namespace tenon::interp;

TEST(Values, RoundsLikeAPFloat) {
  MLIRContext context;
  const Type types[] = {Float16Type::get(&context), BFloat16Type::get(&context),
                        Float32Type::get(&context)};
  std::vector<double> inputs = {0.0,           -0.0,
                                1.0,           65504,
                                65519.99,      65520,
                                -1e30,         6e-8,
                                2.9e-8,        3e-8,
                                5.96e-8 * 1.5, 6.1e-5,
                                1.0 + 0x1p-11, 1.0 + 3 * 0x1p-11,
                                1e-40,         0.1};
  for (int i = 0; i < 2000; ++i)
    inputs.push_back(
        std::ldexp(1.0 + std::fmod(i * 0.6180339887, 1.0), i % 40 - 28) *
        (i % 2 ? 1 : -1));
  for (Type type : types)
    for (double input : inputs) {
      llvm::APFloat number(input);
      bool lost;
      number.convert(cast<FloatType>(type).getFloatSemantics(),
                     llvm::APFloat::rmNearestTiesToEven, &lost);
      number.convert(llvm::APFloat::IEEEdouble(),
                     llvm::APFloat::rmNearestTiesToEven, &lost);
      EXPECT_EQ(roundToFormat(input, type), number.convertToDouble()) << input;
    }
}

static const char *const kAppend = R"(
!kv = !tenon.cache<kv, layers = 2, heads = 1, dim = 2, rope = post, pos = original, k = f16, v = f32, layout = contiguous>
func.func @f(%c: !kv, %k: tensor<?x1x2xf32>, %v: tensor<?x1x2xf32>, %p: tensor<?xi32>) -> (!kv, !kv) {
  %l = arith.constant 1 : index
  %c1 = tenon.cache.append %c[%l], %k, %v, %p : tensor<?x1x2xf32>, tensor<?x1x2xf32>, tensor<?xi32>, !kv
  return %c, %c1 : !kv, !kv
})";

TEST(Values, AppendLeavesTheOldCache) {
  Program program(kAppend);
  CacheValue cache = program.makeCache(0);
  auto results =
      program.run({cache, floats({2, 1, 2}, {1, 2, 3, 0.1}),
                   floats({2, 1, 2}, {5, 6, 7, 0.1}), makeInts({4, 5})});
  ASSERT_EQ(results.size(), 2u) << program.errors;
  const auto &before = std::get<CacheValue>(results[0]);
  const auto &after = std::get<CacheValue>(results[1]);
  EXPECT_EQ(before.layers[1]->slots(), 0);
  EXPECT_EQ(after.layers[0]->slots(), 0);
  ASSERT_EQ(after.layers[1]->slots(), 2);
  EXPECT_EQ(after.layers[1]->positions, (std::vector<int32_t>{4, 5}));
  // Keys are f16, values f32.
  EXPECT_EQ(after.layers[1]->key,
            (std::vector<double>{1, 2, 3, 0.0999755859375}));
  EXPECT_EQ(after.layers[1]->value, (std::vector<double>{5, 6, 7, 0.1f}));
}
