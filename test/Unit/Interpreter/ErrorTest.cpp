//===- ErrorTest.cpp - wrong programs end in an error ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/Unit/Interpreter/Program.h"

using namespace tenon;
using namespace tenon::interp;

/// Runs a program that must fail with this text.
static void expectError(const std::string &text,
                        llvm::ArrayRef<RuntimeValue> arguments,
                        llvm::StringRef error) {
  Program program(text);
  EXPECT_TRUE(program.run(arguments).empty());
  EXPECT_NE(program.errors.find(error.str()), std::string::npos)
      << program.errors << "instead of " << error.str();
}

static const char *const kEmbedding = R"(
tenon.archive @a "synthetic:1"
tenon.weight @w shape [3, 2] of [#tenon.scheme<f32>] = stored @a["w"]
func.func @f(%i: tensor<?xi32>) -> tensor<?x2xf32> {
  %w = tenon.weight.at @w : !tenon.weight<3x2, [f32]>
  %y = tenon.embedding %i, %w : tensor<?xi32>, !tenon.weight<3x2, [f32]> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
})";

TEST(Errors, Ids) {
  expectError(kEmbedding, {makeInts({3})}, "expected ids below 3, but got 3");
  expectError(kEmbedding, {makeInts({-1})}, "expected ids below 3, but got -1");
}

TEST(Errors, Arguments) {
  expectError(kEmbedding, {}, "expected 1 arguments, but got 0");
  expectError(kEmbedding, {floats({1}, {1})}, "expected argument 0 of type");
  expectError(kEmbedding, {RuntimeValue()}, "expected argument 0 of type");
}

TEST(Errors, Rows) {
  const char *text = R"(
func.func @f(%x: tensor<?x2xf32>, %i: tensor<?xi32>) -> tensor<?x2xf32> {
  %y = tenon.rows %x, %i : tensor<?x2xf32>, tensor<?xi32> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
})";
  expectError(text, {floats({1, 2}, {1, 2}), makeInts({1})},
              "expected rows below 1, but got 1");
}

TEST(Errors, UnknownOp) {
  expectError(R"(
func.func @f(%x: f32) -> f32 {
  %y = arith.negf %x : f32
  return %y : f32
})",
              {1.0}, "'arith.negf' op expected an op with a meaning");
}

TEST(Errors, Archive) {
  std::string text = kEmbedding;
  text.replace(text.find("synthetic:1"), 11, "model.gguf");
  expectError(text, {makeInts({0})},
              "expected an archive 'synthetic:SEED', but got 'model.gguf'");
  text = kEmbedding;
  text.replace(text.find("synthetic:1"), 11, "test");
  expectError(text, {makeInts({0})}, "no tensor w");
}

TEST(Errors, LayerOfAWeight) {
  expectError(R"(
tenon.archive @a "synthetic:1"
tenon.weight @w layers 2 shape [2] of [#tenon.scheme<f32>] = stored @a["w{layer}"]
func.func @f(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %y = tenon.stack 0 to 3 (%x) : tensor<?x2xf32> {
  ^layer(%l: index, %h: tensor<?x2xf32>):
    %w = tenon.weight.at @w[%l] : !tenon.weight<2, [f32]>
    %n = tenon.norm rms %h, %w {eps = 0.1 : f32} : tensor<?x2xf32>, !tenon.weight<2, [f32]>
    tenon.yield %n : tensor<?x2xf32>
  }
  return %y : tensor<?x2xf32>
})",
              {floats({1, 2}, {1, 2})}, "expected a layer below 2, but got 2");
}

/// An attention over `type` at layer `layer`.
static std::string cacheProgram(const std::string &type,
                                const std::string &layer) {
  return "!kv = !tenon.cache<" + type + R"(>
func.func @f(%c: !kv, %q: tensor<?x1x2xf32>, %p: tensor<?xi32>, %b: tensor<?xf32>) -> tensor<?x1x2xf32> {
  %l = arith.constant )" +
         layer + R"( : index
  %o, %s = tenon.attention full %q, %c[%l], %p key_bias %b : tensor<?xf32> {scale = 1.0 : f32} : tensor<?x1x2xf32>, !kv, tensor<?xi32> -> tensor<?x1x2xf32>, tensor<?x1xf32>
  return %o : tensor<?x1x2xf32>
})";
}

static void expectCacheError(const std::string &type, const std::string &layer,
                             const std::vector<double> &bias, int queries,
                             llvm::StringRef error) {
  Program program(cacheProgram(type, layer));
  auto results = program.run(
      {program.makeCache(0),
       floats({queries, 1, 2}, std::vector<double>(queries * 2, 1.0)),
       makeInts({0}), floats({int64_t(bias.size())}, bias)});
  EXPECT_TRUE(results.empty());
  EXPECT_NE(program.errors.find(error.str()), std::string::npos)
      << program.errors << "instead of " << error.str();
}

TEST(Errors, Caches) {
  const std::string good = "kv, layers = 1, heads = 1, dim = 2, rope = post, "
                           "pos = original, k = f16, v = f16, layout = ";
  expectCacheError(good + "contiguous", "1", {}, 1,
                   "expected a layer of the cache below 1, but got 1");
  expectCacheError(good + "contiguous", "0", {1}, 1,
                   "expected 0 rows of key bias, but got 1");
  expectCacheError(good + "contiguous", "0", {}, 2,
                   "expected 1 rows of queries, but got 2");
  expectCacheError(
      good + "ring, extent = 4", "0", {}, 1,
      "expected a cache of axis layout = contiguous, but got ring");
  for (auto [from, to, error] :
       {std::tuple("kv,", "latent,", "axis store = kv, but got latent"),
        std::tuple("post", "pre", "axis rope = post, but got pre"),
        std::tuple("original", "compacted",
                   "axis pos = original, but got compacted"),
        std::tuple("k = f16", "k = i8",
                   "k and v = a float, but got integers")}) {
    std::string type = good + "contiguous";
    type.replace(type.find(from), std::strlen(from), to);
    expectCacheError(type, "0", {}, 1, error);
  }
}

TEST(Errors, TooLarge) {
  expectError(R"(
tenon.archive @a "synthetic:1"
tenon.weight @w shape [1099511627776, 2] of [#tenon.scheme<f32>] = stored @a["w"]
func.func @f(%x: tensor<?x2xf32>) -> tensor<?x1099511627776xf32> {
  %w = tenon.weight.at @w : !tenon.weight<1099511627776x2, [f32]>
  %y = tenon.linear %x, %w : (tensor<?x2xf32>, !tenon.weight<1099511627776x2, [f32]>) -> tensor<?x1099511627776xf32>
  return %y : tensor<?x1099511627776xf32>
})",
              {floats({1, 2}, {1, 2})},
              "expected a synthetic tensor 'w' of at most");
}
