//===- Attention.cpp - cases of appends and attention ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rows are appended to a cache that has some slots, and attend to all of it,
// as in a model. Cases of an append alone say which of the two is wrong.
//
//===----------------------------------------------------------------------===//

#include "Case.h"

#include "Memory.h"

#include <cmath>
#include <cstdio>

using namespace tenon;
using namespace tenon::conformance;

namespace {

struct Shape {
  int64_t heads; ///< of the cache
  int64_t group; ///< query heads per cache head
  int64_t dim;
  bool isHalf, isCausal, hasLse, hasBias;
  int64_t parts = 0;         ///< 0: in one piece
  const char *products = ""; ///< what is multiplied: exact, "bf16" or "i8"
};

/// Every value of every axis, and the pairs that share code.
const Shape defaults[] = {
    {1, 1, 16, true, true, true, false},
    {3, 3, 64, true, true, false, false},
    {2, 2, 20, false, true, true, false},
    {1, 8, 128, true, true, true, false},
    {2, 4, 80, false, false, true, false},
    {1, 5, 96, true, false, false, false},
    {1, 6, 64, false, true, true, true},
    {2, 7, 20, true, false, true, true},
};

/// Attention with shorter products: whole vectors and not, odd dims.
const Shape rounded[] = {
    {3, 3, 64, true, true, true, false, 0, "bf16"},
    {1, 4, 128, false, true, false, true, 0, "bf16"},
    {2, 5, 20, true, false, true, false, 0, "bf16"},
    {1, 1, 33, false, true, true, false, 0, "bf16"},
    {3, 3, 64, true, true, true, false, 0, "i8"},
    {1, 4, 128, false, true, false, true, 0, "i8"},
    {2, 5, 18, true, false, true, false, 0, "i8"},
    {1, 1, 33, false, true, true, false, 0, "i8"},
    {1, 2, 35, true, true, true, false, 0, "i8"},
};

/// Attention in parts: fewer and more of them than tiles of slots, whole
/// vectors of them and not; keys whose last elements are fewer than are taken
/// side by side.
const Shape inParts[] = {
    {3, 3, 64, true, true, true, false, 16},
    {1, 4, 128, true, true, false, false, 32},
    {2, 7, 20, false, true, true, true, 2},
    {1, 1, 80, false, false, true, false, 3},
    {1, 2, 33, true, false, true, false, 3},
    {2, 16, 16, true, true, true, true, 20},
};

std::string cacheType(const Shape &shape) {
  std::string element = shape.isHalf ? "f16" : "f32";
  return "!tenon.cache<kv, layers = " + std::to_string(kLayers) +
         ", heads = " + std::to_string(shape.heads) +
         ", dim = " + std::to_string(shape.dim) +
         ", rope = post, pos = original, k = " + element + ", v = " + element +
         ", layout = contiguous>";
}

std::string nameOf(const Shape &shape) {
  return "h" + std::to_string(shape.heads) + "x" + std::to_string(shape.group) +
         "-d" + std::to_string(shape.dim) + (shape.isHalf ? "-f16" : "-f32") +
         (shape.isCausal ? "-causal" : "-full") + (shape.hasLse ? "-lse" : "") +
         (shape.hasBias ? "-bias" : "") +
         (shape.parts ? "-p" + std::to_string(shape.parts) : "") +
         (*shape.products ? std::string("-") + shape.products : "");
}

/// The kernel that appends; its result.
Val append(Program &program, const Val &cache, const Val &layer,
           const Shape &shape, const Val &positions) {
  std::string type = rowsType({shape.heads, shape.dim});
  Val key = program.argument(Role::Floats, type);
  Val value = program.argument(Role::Floats, type);
  return program
      .kernel({cache, layer, key, value, positions},
              [&](const std::vector<Val> &x) {
                return std::vector<Val>{program.op(
                    "tenon.cache.append " + x[0].name + "[" + x[1].name +
                        "], " + x[2].name + ", " + x[3].name + ", " +
                        x[4].name + " : " + type + ", " + type + ", " +
                        x[4].type + ", " + x[0].type,
                    x[0].type)};
              })
      .front();
}

void addConditions(Case &made, bool isStep) {
  for (int64_t used : {0, 1, 15, 16, 17, 63, 64, 127, 128, 129, 300}) {
    if (isStep) {
      made.conditions.push_back({1, 0, used, used});
      continue;
    }
    for (int64_t rows : {1, 3, 8, 17})
      if (used % 2 || rows == 3 || rows == 17)
        made.conditions.push_back({rows, 0, used, used});
  }
  // Several blocks of queries, the last one partial.
  if (!isStep)
    made.conditions.push_back({100, 0, 20, 20});
  // A window of old tokens is gone: positions do not start at 0.
  made.conditions.push_back({isStep ? 1 : 5, 0, 33, 1000});
  Conditions shuffled{isStep ? 1 : 8, 0, 140, 50};
  shuffled.isShuffled = true;
  made.conditions.push_back(shuffled);
  Conditions hidden{isStep ? 1 : 3, 0, 40, 40};
  hidden.isHidden = true;
  made.conditions.push_back(hidden);
}

/// The kernel that attends; its results.
std::vector<Val> attend(Program &program, const Val &cache, const Val &layer,
                        const Shape &shape, const Val &positions) {
  int64_t heads = shape.heads * shape.group;
  std::string type = rowsType({heads, shape.dim}), lse = rowsType({heads});
  std::string output = type;
  if (shape.parts) {
    output = rowsType({heads, shape.parts, shape.dim});
    lse = rowsType({heads, shape.parts});
  }
  Val query = program.argument(Role::Floats, type);
  std::vector<Val> inputs = {query, cache, layer, positions};
  if (shape.hasBias)
    inputs.push_back(program.argument(Role::KeyBias, "tensor<?xf32>"));
  char scale[32];
  std::snprintf(scale, sizeof(scale), "%.9e", 1.0 / std::sqrt(shape.dim));
  return program.kernel(inputs, [&](const std::vector<Val> &x) {
    std::string text = std::string("tenon.attention ") +
                       (shape.isCausal ? "causal " : "full ") + x[0].name +
                       ", " + x[1].name + "[" + x[2].name + "], " + x[3].name;
    if (shape.hasBias)
      text += " key_bias " + x[4].name + " : " + x[4].type;
    std::vector<Val> both = program.ops(
        text + " {" +
            (*shape.products
                 ? std::string("products = ") + shape.products + ", "
                 : "") +
            (shape.parts ? "parts = " + std::to_string(shape.parts) + " : i64, "
                         : "") +
            "scale = " + scale + " : f32} : " + type + ", " + x[1].type + ", " +
            x[3].type + " -> " + output + ", " + lse,
        {output, lse});
    if (!shape.hasLse)
      both.pop_back();
    return both;
  });
}

/// Attention in one piece, or its parts and what they merge to.
std::vector<Val> attendAll(Program &program, const Val &cache, const Val &layer,
                           const Shape &shape, const Val &positions) {
  if (!shape.parts)
    return attend(program, cache, layer, shape, positions);
  Shape withLse = shape;
  withLse.hasLse = true;
  std::vector<Val> parts = attend(program, cache, layer, withLse, positions);
  int64_t heads = shape.heads * shape.group;
  std::string type = rowsType({heads, shape.dim}), lse = rowsType({heads});
  std::vector<Val> both = program.kernel(parts, [&](const std::vector<Val> &x) {
    std::vector<Val> merged = program.ops(
        "tenon.merge_parts " + x[0].name + ", " + x[1].name + " : " +
            x[0].type + ", " + x[1].type + " -> " + type + ", " + lse,
        {type, lse});
    if (!shape.hasLse)
      merged.pop_back();
    return merged;
  });
  // The parts' log-sums too: a wrong cut would merge to the right sum. (What
  // parts without a slot hold besides is not said.)
  if (shape.hasLse)
    both.push_back(parts.back());
  return both;
}

std::string formatOf(const Shape &shape) {
  return *shape.products ? shape.products : shape.isHalf ? "f16" : "f32";
}

void setPrecision(Case &made, const Shape &shape) {
  // Weights are rounded relative to another maximum than the reference's: each
  // by 2^-8 of itself at most, there and here. As an integer one may be the
  // other of two that are about equally near: 1/255 of a tile's largest.
  if (*shape.products)
    made.tolerance = 8e-3;
  if (shape.products == std::string("bf16"))
    made.feature = "avx512bf16";
}

void addAttend(std::vector<Case> &cases, const Shape &shape, bool isStep) {
  Program program(isStep);
  Val cache = program.argument(Role::Cache, cacheType(shape));
  Val layer = program.argument(Role::Layer, "index");
  Val positions = program.argument(Role::Positions, "tensor<?xi32>");
  Val filled = append(program, cache, layer, shape, positions);
  std::vector<Val> results =
      attendAll(program, filled, layer, shape, positions);
  results.push_back(filled);
  Case made = program.finish("attend",
                             std::string("attend-") +
                                 (isStep ? "step-" : "chunk-") + nameOf(shape),
                             formatOf(shape), results);
  setPrecision(made, shape);
  addConditions(made, isStep);
  cases.push_back(std::move(made));
}

/// Attention over slots of which no query sees one, or some queries see some.
void addHidden(std::vector<Case> &cases, const Shape &shape, bool isStep) {
  Program program(isStep);
  Val cache = program.argument(Role::Cache, cacheType(shape));
  Val layer = program.argument(Role::Layer, "index");
  Val positions = program.argument(Role::Positions, "tensor<?xi32>");
  Case made = program.finish(
      "attend",
      std::string("hidden-") + (isStep ? "step-" : "chunk-") + nameOf(shape),
      formatOf(shape), attendAll(program, cache, layer, shape, positions));
  setPrecision(made, shape);
  for (bool isHidden : {false, true}) {
    Conditions given{isStep ? 1 : 9, 0, 37, 37};
    given.isFilled = true;
    given.isHidden = isHidden;
    made.conditions.push_back(given);
  }
  cases.push_back(std::move(made));
}

/// Attention over numbers that are not finite, of which some queries see some.
void addBroken(std::vector<Case> &cases, const Shape &shape) {
  Program program(/*isStep=*/false);
  Val cache = program.argument(Role::Cache, cacheType(shape));
  Val layer = program.argument(Role::Layer, "index");
  Val positions = program.argument(Role::Positions, "tensor<?xi32>");
  Case made =
      program.finish("attend", "broken-chunk-" + nameOf(shape), formatOf(shape),
                     attendAll(program, cache, layer, shape, positions));
  setPrecision(made, shape);
  Conditions given{9, 0, 70, 70};
  given.isFilled = given.isShuffled = given.isBroken = true;
  made.conditions.push_back(given);
  cases.push_back(std::move(made));
}

void addAppend(std::vector<Case> &cases, const Shape &shape) {
  Program program(/*isStep=*/false);
  Val cache = program.argument(Role::Cache, cacheType(shape));
  Val layer = program.argument(Role::Layer, "index");
  Val positions = program.argument(Role::Positions, "tensor<?xi32>");
  Val filled = append(program, cache, layer, shape, positions);
  Case made = program.finish("attend", "append-" + nameOf(shape),
                             shape.isHalf ? "f16" : "f32", {filled});
  for (int64_t used : {0, 15, 16, 129})
    for (int64_t rows : {1, 17})
      made.conditions.push_back({rows, 0, used, used});
  cases.push_back(std::move(made));
}

} // namespace

void tenon::conformance::addAttention(std::vector<Case> &cases, bool isFull) {
  for (bool isHalf : {false, true})
    for (int64_t dim : {20, 64})
      addAppend(cases, {3, 1, dim, isHalf, true, true, false});
  std::vector<Shape> shapes(std::begin(defaults), std::end(defaults));
  if (isFull)
    for (int64_t heads : {1, 2})
      for (int64_t group = 1; group <= 8; ++group)
        for (int64_t dim : {16, 20, 64, 80, 96, 128})
          for (bool isHalf : {false, true})
            for (bool isCausal : {false, true})
              for (bool hasLse : {false, true})
                for (bool hasBias : {false, true})
                  shapes.push_back(
                      {heads, group, dim, isHalf, isCausal, hasLse, hasBias});
  for (bool isStep : {true, false}) {
    for (const Shape &shape : shapes)
      addAttend(cases, shape, isStep);
    if (isStep)
      for (const Shape &shape : inParts)
        addAttend(cases, shape, isStep);
    else
      for (const Shape &shape : rounded)
        addAttend(cases, shape, isStep);
    if (!isStep)
      for (const char *products : {"bf16", "i8"})
        addHidden(cases, {1, 3, 20, true, true, true, false, 0, products},
                  isStep);
    // (Floats multiply a value that is not seen by 0, whatever it is.)
    if (!isStep)
      addBroken(cases, {2, 3, 20, true, true, true, false, 0, "i8"});
    for (bool isCausal : {false, true})
      addHidden(cases, {1, 3, 20, !isStep, isCausal, true, false}, isStep);
    if (isStep)
      addHidden(cases, {1, 3, 20, true, true, true, false, 3}, isStep);
  }
}
