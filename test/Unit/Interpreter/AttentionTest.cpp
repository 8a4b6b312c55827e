//===- AttentionTest.cpp - rotations, attention, merges -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/Unit/Interpreter/Program.h"

#include <cmath>
#include <limits>

using namespace tenon;
using namespace tenon::interp;

TEST(Attention, RopeAngles) {
  Program program(R"(
tenon.archive @a "test"
tenon.weight @w shape [2] of [#tenon.scheme<f32>] = stored @a["w"]
func.func @f(%p: tensor<?xi32>) -> tensor<?x2x2xf32> {
  %w = tenon.weight.at @w : !tenon.weight<2, [f32]>
  %a = tenon.rope_angles %p factors %w : !tenon.weight<2, [f32]> {base = 100.0 : f64, dims = 4 : i64, frequency_scale = 0.5 : f64, magnitude = 3.0 : f64} : tensor<?xi32> -> tensor<?x2x2xf32>
  return %a : tensor<?x2x2xf32>
})");
  program.weights["w"] = {1, 4};
  // Frequencies 1 and 1/10; position 6 at half speed.
  double a = 3, b = 3 * 0.1 / 4;
  expectNear(
      numbers(program.run({makeInts({6})})),
      {3 * std::cos(a), 3 * std::sin(a), 3 * std::cos(b), 3 * std::sin(b)});
}

TEST(Attention, RopeStyles) {
  for (bool interleaved : {true, false}) {
    Program program(
        std::string("func.func @f(%x: tensor<?x1x5xf32>, %a: tensor<?x2x2xf32>)"
                    " -> tensor<?x1x5xf32> {\n  %y = tenon.rope ") +
        (interleaved ? "interleaved" : "half_split") +
        " %x, %a : tensor<?x1x5xf32>, tensor<?x2x2xf32>\n"
        "  return %y : tensor<?x1x5xf32>\n}");
    // Pair 0 turns by a quarter, pair 1 by a half turn; the last element stays.
    auto results = program.run(
        {floats({1, 1, 5}, {1, 2, 3, 4, 5}), floats({1, 2, 2}, {0, 1, -1, 0})});
    expectNear(numbers(results), interleaved
                                     ? std::vector<double>{-2, 1, -3, -4, 5}
                                     : std::vector<double>{-3, -2, 1, -4, 5});
  }
}

static std::string attentionProgram(const char *mask, bool bias) {
  std::string text = R"(
!kv = !tenon.cache<kv, layers = 1, heads = 1, dim = 2, rope = post, pos = original, k = f32, v = f32, layout = contiguous>
func.func @f(%c: !kv, %q: tensor<?x2x2xf32>, %k: tensor<?x1x2xf32>, %v: tensor<?x1x2xf32>, %kp: tensor<?xi32>, %p: tensor<?xi32>, %b: tensor<?xf32>) -> (tensor<?x2x2xf32>, tensor<?x2xf32>) {
  %l = arith.constant 0 : index
  %c1 = tenon.cache.append %c[%l], %k, %v, %kp : tensor<?x1x2xf32>, tensor<?x1x2xf32>, tensor<?xi32>, !kv
  %o, %s = tenon.attention )";
  text += mask;
  text += " %q, %c1[%l], %p ";
  if (bias)
    text += "key_bias %b : tensor<?xf32> ";
  return text +
         R"({scale = 0.5 : f32} : tensor<?x2x2xf32>, !kv, tensor<?xi32> -> tensor<?x2x2xf32>, tensor<?x2xf32>
  return %o, %s : tensor<?x2x2xf32>, tensor<?x2xf32>
})";
}

/// Both heads of one query at position 5 over slots at 4, 5 and 6.
TEST(Attention, MaskBiasAndGroups) {
  const double q[2][2] = {{1, 2}, {-1, 0.5}},
               k[3][2] = {{2, 0}, {1, 1}, {4, 4}};
  const double v[3][2] = {{1, 10}, {2, 20}, {3, 30}}, b[3] = {0.25, -1, 2};
  for (bool causal : {true, false})
    for (bool bias : {true, false}) {
      Program program(attentionProgram(causal ? "causal" : "full", bias));
      auto results = program.run(
          {program.makeCache(0), floats({1, 2, 2}, {1, 2, -1, 0.5}),
           floats({3, 1, 2}, {2, 0, 1, 1, 4, 4}),
           floats({3, 1, 2}, {1, 10, 2, 20, 3, 30}), makeInts({4, 5, 6}),
           makeInts({5}), floats({3}, {b[0], b[1], b[2]})});
      std::vector<double> output, lse;
      for (int h = 0; h < 2; ++h) {
        double sum = 0, o[2] = {0, 0};
        for (int j = 0; j < (causal ? 2 : 3); ++j) {
          double s = 0.5 * (q[h][0] * k[j][0] + q[h][1] * k[j][1]);
          double e = std::exp(s + (bias ? b[j] : 0));
          sum += e;
          o[0] += e * v[j][0];
          o[1] += e * v[j][1];
        }
        output.push_back(o[0] / sum);
        output.push_back(o[1] / sum);
        lse.push_back(std::log(sum));
      }
      expectNear(numbers(results, 0), output);
      expectNear(numbers(results, 1), lse);
    }
}

TEST(Attention, NoVisibleSlot) {
  Program program(attentionProgram("causal", false));
  auto results =
      program.run({program.makeCache(0), floats({1, 2, 2}, {1, 2, 3, 4}),
                   floats({1, 1, 2}, {1, 1}), floats({1, 1, 2}, {7, 8}),
                   makeInts({9}), makeInts({3}), floats({1}, {0})});
  EXPECT_EQ(numbers(results, 0), (std::vector<double>{0, 0, 0, 0}));
  double none = -std::numeric_limits<double>::infinity();
  EXPECT_EQ(numbers(results, 1), (std::vector<double>{none, none}));
}

TEST(Attention, OldVersionOfACacheKeepsItsContents) {
  Program program(R"(
!kv = !tenon.cache<kv, layers = 1, heads = 1, dim = 1, rope = post, pos = original, k = f32, v = f32, layout = contiguous>
func.func @f(%c: !kv, %q: tensor<?x1x1xf32>, %p: tensor<?xi32>) -> (tensor<?x1x1xf32>, tensor<?x1x1xf32>) {
  %l = arith.constant 0 : index
  %c1 = tenon.cache.append %c[%l], %q, %q, %p : tensor<?x1x1xf32>, tensor<?x1x1xf32>, tensor<?xi32>, !kv
  %o, %s = tenon.attention full %q, %c[%l], %p {scale = 1.0 : f32} : tensor<?x1x1xf32>, !kv, tensor<?xi32> -> tensor<?x1x1xf32>, tensor<?x1xf32>
  %o1, %s1 = tenon.attention full %q, %c1[%l], %p {scale = 1.0 : f32} : tensor<?x1x1xf32>, !kv, tensor<?xi32> -> tensor<?x1x1xf32>, tensor<?x1xf32>
  return %o, %o1 : tensor<?x1x1xf32>, tensor<?x1x1xf32>
})");
  auto results = program.run(
      {program.makeCache(0), floats({1, 1, 1}, {3}), makeInts({0})});
  expectNear(numbers(results, 0), {0});
  expectNear(numbers(results, 1), {3});
}

TEST(Attention, Merge) {
  Program program(R"(
func.func @f(%a: tensor<?x2xf32>, %la: tensor<?xf32>, %b: tensor<?x2xf32>, %lb: tensor<?xf32>) -> (tensor<?x2xf32>, tensor<?xf32>) {
  %o, %l = tenon.merge (%a, %la), (%b, %lb) : tensor<?x2xf32>, tensor<?xf32>
  return %o, %l : tensor<?x2xf32>, tensor<?xf32>
})");
  double none = -std::numeric_limits<double>::infinity();
  // Weights 1 : 3, an empty side, two empty sides, large sums.
  auto results = program.run({floats({4, 2}, {4, 8, 1, 2, 0, 0, 1, 1}),
                              floats({4}, {0, 0.5, none, 1000}),
                              floats({4, 2}, {8, 0, 0, 0, 0, 0, 3, 3}),
                              floats({4}, {std::log(3.0), none, none, 1000})});
  expectNear(numbers(results, 0), {7, 2, 1, 2, 0, 0, 2, 2});
  std::vector<double> lse = numbers(results, 1);
  ASSERT_EQ(lse.size(), 4u);
  EXPECT_NEAR(lse[0], std::log(4.0), 1e-12);
  EXPECT_EQ(lse[1], 0.5);
  EXPECT_EQ(lse[2], none);
  EXPECT_NEAR(lse[3], 1000 + std::log(2.0), 1e-12);
}
