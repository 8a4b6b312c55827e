//===- Work.cpp - ops that are timed --------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Work.h"

#include "dialects/Tenon/IR/BlockFormat.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>
#include <cstdio>

using namespace tenon;
using namespace tenon::bench;
using namespace tenon::conformance;

/// One `tenon.linear`, as a step or as a chunk.
static Work makeLinear(const char *op, int64_t m, int64_t n, int64_t k,
                       const BlockFormat &format) {
  Program program(/*isStep=*/m == 1);
  std::vector<Val> inputs = {
      program.argument(Role::Floats, rowsType({k})),
      program.argument(Role::Weight, matrixType(n, k, format.name.str()))};
  // As a model has it: inputs of quantised weights are integers.
  bool isInteger = !format.isPlain();
  if (isInteger)
    inputs[0] = program.quantize(inputs[0]);
  std::vector<Val> results =
      program.kernel(inputs, [&](const std::vector<Val> &x) {
        std::string type = rowsType({n});
        return std::vector<Val>{
            program.op("tenon.linear " + x[0].name + ", " + x[1].name + " : (" +
                           x[0].type + ", " + x[1].type + ") -> " + type,
                       type)};
      });
  Work work;
  work.op = op;
  work.shape =
      std::to_string(m) + "x" + std::to_string(n) + "x" + std::to_string(k);
  work.format = format.name.str();
  work.tested =
      program.finish(op, work.shape + work.format, work.format, results);
  work.tested.conditions = {{m}};
  work.operations = 2.0 * double(m) * double(n) * double(k);
  work.bytes = double(n) * double(format.rowBytes(k));
  if (isInteger)
    work.rate = "int8";
  work.m = m;
  work.n = n;
  work.k = k;
  return work;
}

Work tenon::bench::makeGemm(int64_t m, int64_t n, int64_t k,
                            llvm::StringRef format) {
  return makeLinear(m == 1 ? "gemv" : "gemm", m, n, k,
                    *lookupBlockFormat(format));
}

/// Attention of `rows` new tokens over `slots` older ones, causal, f16 cache.
static Work makeAttention(int64_t rows, int64_t slots, int64_t heads,
                          int64_t group, int64_t dim) {
  Program program(/*isStep=*/rows == 1);
  std::string cacheType =
      "!tenon.cache<kv, layers = 2, heads = " + std::to_string(heads) +
      ", dim = " + std::to_string(dim) +
      ", rope = post, pos = original, k = f16, v = f16, layout = contiguous>";
  Val cache = program.argument(Role::Cache, cacheType);
  Val layer = program.argument(Role::Layer, "index");
  Val positions = program.argument(Role::Positions, "tensor<?xi32>");
  std::string type = rowsType({heads * group, dim});
  std::string lse = rowsType({heads * group});
  Val query = program.argument(Role::Floats, type);
  char scale[32];
  std::snprintf(scale, sizeof(scale), "%.9e", 1.0 / std::sqrt(double(dim)));
  std::vector<Val> results = program.kernel(
      {query, cache, layer, positions}, [&](const std::vector<Val> &x) {
        std::vector<Val> both = program.ops(
            "tenon.attention causal " + x[0].name + ", " + x[1].name + "[" +
                x[2].name + "], " + x[3].name + " {scale = " + scale +
                " : f32} : " + type + ", " + x[1].type + ", " + x[3].type +
                " -> " + type + ", " + lse,
            {type, lse});
        both.pop_back();
        return both;
      });
  Work work;
  work.op = "attention";
  work.shape = std::to_string(rows) + " after " + std::to_string(slots) + ", " +
               std::to_string(heads) + "x" + std::to_string(group) + "x" +
               std::to_string(dim);
  work.format = "f16";
  work.tested = program.finish("attention", work.shape, "f16", results);
  Conditions given{rows, 0, slots, slots};
  given.isFilled = true;
  work.tested.conditions = {given};
  double pairs = double(rows) * double(slots) + double(rows * (rows + 1)) / 2;
  work.operations = 4.0 * double(heads * group * dim) * pairs;
  work.bytes = 2.0 * 2.0 * double(heads * dim) * double(slots + rows);
  return work;
}

std::vector<Work> tenon::bench::makeWork() {
  std::vector<Work> list;
  static const int64_t gemms[][3] = {
      {512, 576, 576},  {512, 1536, 576},  {512, 576, 1536}, {256, 768, 768},
      {128, 3072, 768}, {128, 2048, 2048}, {64, 5632, 2048}, {256, 1024, 4096},
      {100, 1003, 577}, {33, 511, 129},    {17, 2049, 1025}, {250, 999, 333},
  };
  for (auto [m, n, k] : gemms)
    list.push_back(makeGemm(m, n, k, "f32"));
  for (const char *name : {"q8_0", "q4_0", "q4_1", "q4_k", "q6_k"})
    list.push_back(makeGemm(256, 1536, 768, name));
  // Larger than any cache, as a model's weights are together.
  for (const char *name :
       {"f32", "f16", "q8_0", "q4_0", "q4_1", "q4_k", "q5_k", "q6_k"})
    list.push_back(makeGemm(1, 32000, 2048, name));
  list.push_back(makeAttention(1, 2048, 90, 3, 64));
  list.push_back(makeAttention(1, 7680, 90, 3, 64));
  list.push_back(makeAttention(256, 0, 3, 3, 64));
  list.push_back(makeAttention(256, 3840, 3, 3, 64));
  return list;
}
