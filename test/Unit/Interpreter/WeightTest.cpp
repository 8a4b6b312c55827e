//===- WeightTest.cpp - embeddings, contractions, layers of weights -------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/Unit/Interpreter/Program.h"

using namespace tenon;
using namespace tenon::interp;

TEST(Weights, Embedding) {
  Program program(R"(
tenon.archive @a "test"
tenon.weight @w shape [3, 2] of [#tenon.scheme<f32>] = stored @a["w"]
func.func @f(%i: tensor<?xi32>) -> tensor<?x2xf32> {
  %w = tenon.weight.at @w : !tenon.weight<3x2, [f32]>
  %y = tenon.embedding %i, %w : tensor<?xi32>, !tenon.weight<3x2, [f32]> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
})");
  program.weights["w"] = {1, 2, 3, 4, 5, 6};
  expectNear(numbers(program.run({makeInts({2, 0})})), {5, 6, 1, 2});
}

/// Odd sizes on purpose: rows and outputs that fill no tile.
TEST(Weights, LinearWithBias) {
  constexpr int kRows = 11, kOutputs = 6, kColumns = 5;
  Program program(R"(
tenon.archive @a "test"
tenon.weight @w shape [6, 5] of [#tenon.scheme<f32>] = stored @a["w"]
tenon.weight @b shape [6] of [#tenon.scheme<f32>] = stored @a["b"]
func.func @f(%x: tensor<?x5xf32>) -> tensor<?x2x3xf32> {
  %w = tenon.weight.at @w : !tenon.weight<6x5, [f32]>
  %b = tenon.weight.at @b : !tenon.weight<6, [f32]>
  %y = tenon.linear %x, %w bias %b : (tensor<?x5xf32>, !tenon.weight<6x5, [f32]>, !tenon.weight<6, [f32]>) -> tensor<?x2x3xf32>
  return %y : tensor<?x2x3xf32>
})");
  std::vector<float> &w = program.weights["w"], &b = program.weights["b"];
  for (int i = 0; i < kOutputs * kColumns; ++i)
    w.push_back(float((i * 7) % 13) - 6);
  for (int i = 0; i < kOutputs; ++i)
    b.push_back(float(i) / 4);
  for (int rows : {1, 8, kRows}) {
    std::vector<double> x, expected;
    for (int i = 0; i < rows * kColumns; ++i)
      x.push_back((i * 5) % 11 - 3.25);
    for (int t = 0; t < rows; ++t)
      for (int n = 0; n < kOutputs; ++n) {
        double sum = b[n];
        for (int k = 0; k < kColumns; ++k)
          sum += x[t * kColumns + k] * w[n * kColumns + k];
        expected.push_back(sum);
      }
    expectNear(numbers(program.run({floats({rows, kColumns}, x)})), expected);
  }
}

TEST(Weights, TensorOfTheLayer) {
  Program program(R"(
tenon.archive @a "test"
tenon.weight @w layers 3 shape [1, 1] of [#tenon.scheme<f32>] = stored @a["blk.{layer}.w"]
func.func @f(%x: tensor<?x1xf32>) -> tensor<?x1xf32> {
  %y = tenon.stack 1 to 3 (%x) : tensor<?x1xf32> {
  ^layer(%l: index, %h: tensor<?x1xf32>):
    %w = tenon.weight.at @w[%l] : !tenon.weight<1x1, [f32]>
    %z = tenon.linear %h, %w : (tensor<?x1xf32>, !tenon.weight<1x1, [f32]>) -> tensor<?x1xf32>
    tenon.yield %z : tensor<?x1xf32>
  }
  return %y : tensor<?x1xf32>
})");
  program.weights = {{"blk.0.w", {2}}, {"blk.1.w", {3}}, {"blk.2.w", {5}}};
  expectNear(numbers(program.run({floats({1, 1}, {1})})), {15});
}
