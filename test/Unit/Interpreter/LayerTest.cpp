//===- LayerTest.cpp - norms, gates, rows, stacks, kernels ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Expected numbers come from formulas written out here, not from the code.
//
//===----------------------------------------------------------------------===//

#include "test/Unit/Interpreter/Program.h"

#include <cmath>

using namespace tenon;
using namespace tenon::interp;

static std::string normProgram(const char *kind) {
  return std::string(R"(
tenon.archive @a "test"
tenon.weight @w shape [4] of [#tenon.scheme<f32>] = stored @a["w"]
func.func @f(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %w = tenon.weight.at @w : !tenon.weight<4, [f32]>
  %y = tenon.norm )") +
         kind +
         R"( %x, %w {eps = 0.5 : f32} : tensor<?x4xf32>, !tenon.weight<4, [f32]>
  return %y : tensor<?x4xf32>
})";
}

TEST(Layers, RMSNorm) {
  Program program(normProgram("rms"));
  program.weights["w"] = {1, 2, 3, 4};
  auto results = program.run({floats({1, 4}, {1, -2, 3, 4})});
  // mean of squares: 30 / 4
  double r = 1 / std::sqrt(7.5 + 0.5);
  expectNear(numbers(results), {r, -4 * r, 9 * r, 16 * r});
}

TEST(Layers, LayerNorm) {
  Program program(normProgram("layer"));
  program.weights["w"] = {1, 2, 3, 4};
  auto results = program.run({floats({1, 4}, {1, -2, 3, 4})});
  // mean 1.5, deviations -0.5 -3.5 1.5 2.5, variance 21 / 4
  double r = 1 / std::sqrt(5.25 + 0.5);
  expectNear(numbers(results), {-0.5 * r, -7 * r, 4.5 * r, 10 * r});
}

TEST(Layers, Gates) {
  for (const char *fn : {"silu", "gelu", "relu"}) {
    Program program(std::string("func.func @f(%g: tensor<?x2xf32>, %u: "
                                "tensor<?x2xf32>) -> tensor<?x2xf32> {\n"
                                "  %y = tenon.gate ") +
                    fn +
                    " %g, %u : tensor<?x2xf32>\n"
                    "  return %y : tensor<?x2xf32>\n}");
    auto results =
        program.run({floats({1, 2}, {1.5, -0.5}), floats({1, 2}, {2, 3})});
    std::vector<double> expected;
    if (llvm::StringRef(fn) == "silu")
      expected = {2 * 1.5 / (1 + std::exp(-1.5)),
                  3 * -0.5 / (1 + std::exp(0.5))};
    else if (llvm::StringRef(fn) == "gelu")
      // Phi(1.5) and Phi(-0.5) from tables of the normal distribution.
      expected = {2 * 1.5 * 0.93319279873114191,
                  3 * -0.5 * 0.30853753872598690};
    else
      expected = {3, 0};
    expectNear(numbers(results), expected);
  }
}

TEST(Layers, Rows) {
  Program program(R"(
func.func @f(%x: tensor<?x2xf32>, %i: tensor<?xi32>) -> tensor<?x2xf32> {
  %y = tenon.rows %x, %i : tensor<?x2xf32>, tensor<?xi32> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
})");
  auto results =
      program.run({floats({3, 2}, {1, 2, 3, 4, 5, 6}), makeInts({2, 0, 2, 1})});
  expectNear(numbers(results), {5, 6, 1, 2, 5, 6, 3, 4});
}

TEST(Layers, TopK) {
  Program program(R"(
func.func @f(%x: tensor<?x5xf32>, %k: index) -> (tensor<?x4xf32>, tensor<?x4xi32>) {
  %v, %i = tenon.top_k %x, %k : tensor<?x5xf32> -> tensor<?x4xf32>, tensor<?x4xi32>
  return %v, %i : tensor<?x4xf32>, tensor<?x4xi32>
})");
  double none = std::nan(""), less = -HUGE_VAL;
  // Ties, zeros of both signs, no numbers, minus infinity as a number.
  auto rows = floats({3, 5}, {1, 3, 2, 3, 0, -0.0, none, 0.0, less, none, none,
                              none, none, none, none});
  auto results = program.run({rows, int64_t(3)});
  EXPECT_EQ(numbers(results),
            (std::vector<double>{3, 3, 2, less, 0, 0, less, less, less, less,
                                 less, less}));
  EXPECT_EQ(std::get<std::shared_ptr<const IntTensor>>(results[1])->data,
            (std::vector<int32_t>{1, 3, 2, -1, 0, 2, 3, -1, -1, -1, -1, -1}));
}

TEST(Layers, StackCountsAndNests) {
  // ((x * 2 + 1) * 2 + 1) ...: three layers of two inner steps each.
  Program program(R"(
func.func @f(%x: tensor<1xf32>) -> tensor<1xf32> {
  %one = arith.constant dense<1.0> : tensor<1xf32>
  %y = tenon.stack 2 to 5 (%x) : tensor<1xf32> {
  ^layer(%l: index, %h: tensor<1xf32>):
    %z = tenon.stack 0 to 2 (%h) : tensor<1xf32> {
    ^inner(%m: index, %g: tensor<1xf32>):
      %d = arith.addf %g, %g : tensor<1xf32>
      %e = arith.addf %d, %one : tensor<1xf32>
      tenon.yield %e : tensor<1xf32>
    }
    tenon.yield %z : tensor<1xf32>
  }
  return %y : tensor<1xf32>
})");
  expectNear(numbers(program.run({floats({1}, {3})})), {3 * 64 + 63});
}

TEST(Layers, KernelAndArithmetic) {
  Program program(R"(
func.func @f(%x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  %y:2 = tenon.kernel "k" (%x) : (tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  ^kernel(%a: tensor<2xf32>):
    %half = arith.constant dense<[0.5, 0.25]> : tensor<2xf32>
    %m = arith.mulf %a, %half : tensor<2xf32>
    %s = arith.subf %m, %a : tensor<2xf32>
    %d = arith.divf %s, %half : tensor<2xf32>
    tenon.yield %s, %d : tensor<2xf32>, tensor<2xf32>
  }
  return %y#0, %y#1 : tensor<2xf32>, tensor<2xf32>
})");
  auto results = program.run({floats({2}, {8, 4})});
  expectNear(numbers(results, 0), {-4, -3});
  expectNear(numbers(results, 1), {-8, -12});
}
