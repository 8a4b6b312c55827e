//===- Ranks.cpp - cases of tenon.top_k -----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One kernel writes all outputs of a contraction, another ranks them: what it
// gives must be what sorting the first one's outputs gives. Any bytes as
// weights make equal outputs, infinite ones and no numbers.
//
//===----------------------------------------------------------------------===//

#include "Case.h"

#include <cmath>

using namespace tenon::conformance;

namespace {

/// Outputs, kept of them, and the counts that are asked for.
struct Rank {
  int64_t outputs, most;
  std::vector<int64_t> counts;
};

void addRank(std::vector<Case> &cases, const Rank &rank, int64_t maxRows,
             const std::string &format, int64_t columns, bool isOdd,
             bool isPaired = false) {
  Program program(maxRows);
  Val x = program.argument(Role::Floats, rowsType({columns}));
  Val weight = program.argument(isOdd ? Role::Blocks : Role::Weight,
                                matrixType(rank.outputs, columns, format));
  Val bias = program.argument(Role::Weight, vectorType(rank.outputs));
  Val count = program.argument(Role::Count, "index");
  bool isInteger = format.front() == 'q' && !isPaired;
  if (isInteger || isPaired)
    x = program.quantize(x, isPaired ? Rounding::BF16 : Rounding::Int8);
  std::string type = rowsType({rank.outputs});
  auto linear = [&](const std::vector<Val> &in) {
    return program.op("tenon.linear " + in[0].name + ", " + in[1].name +
                          " bias " + in[2].name + " : (" + in[0].type + ", " +
                          in[1].type + ", " + in[2].type + ") -> " + type,
                      type);
  };
  std::vector<Val> results =
      program.kernel({x, weight, bias}, [&](const std::vector<Val> &in) {
        return std::vector<Val>{linear(in)};
      });
  std::string values = rowsType({rank.most});
  std::string indices = "tensor<?x" + std::to_string(rank.most) + "xi32>";
  std::vector<Val> best =
      program.kernel({x, weight, bias, count}, [&](const std::vector<Val> &in) {
        return program.ops("tenon.top_k " + linear(in).name + ", " +
                               in[3].name + " : " + type + " -> " + values +
                               ", " + indices,
                           {values, indices});
      });
  results.insert(results.end(), best.begin(), best.end());
  const char *kind = maxRows == 1 ? "step-" : maxRows == 8 ? "few-" : "chunk-";
  Case made = program.finish("rank",
                             kind + format + (isPaired ? "-bf16-n" : "-n") +
                                 std::to_string(rank.outputs) + "-top" +
                                 std::to_string(rank.most) +
                                 (isOdd ? "-any-bytes" : ""),
                             format +
                                 (isInteger  ? " int8"
                                  : isPaired ? " bf16"
                                             : "") +
                                 (isOdd ? " any bytes" : ""),
                             results);
  made.isRanked = true;
  if (isPaired)
    made.feature = "avx512bf16";
  // As in contractions: few rows meet weights that are not rounded.
  if (isPaired && maxRows <= 8)
    made.tolerance = 1e-2;
  // Sums of any bytes may be infinite in one order and not in another.
  if (isOdd)
    made.tolerance = HUGE_VAL;
  for (int64_t rows : {1, 2, 3, 8, 13})
    for (int64_t asked : rank.counts)
      if (rows <= maxRows) {
        Conditions conditions;
        conditions.rows = rows;
        conditions.count = asked;
        made.conditions.push_back(conditions);
      }
  cases.push_back(std::move(made));
}

} // namespace

void tenon::conformance::addRanks(std::vector<Case> &cases, bool isFull) {
  // Fewer outputs than are kept; a tail; several tiles.
  const Rank ranks[] = {
      {5, 8, {1, 8}}, {50, 1, {1}}, {300, 3, {2, 3}}, {1030, 64, {1, 17, 64}}};
  for (int64_t maxRows : {1, 8, 256})
    for (const Rank &rank : ranks)
      for (bool isOdd : {false, true}) {
        addRank(cases, rank, maxRows, "q8_0", 64, isOdd);
        if (isFull || rank.outputs == 300)
          addRank(cases, rank, maxRows, "f16", 33, isOdd);
        if (isFull || (rank.outputs == 50 && !isOdd))
          addRank(cases, rank, maxRows, "q6_k", 256, isOdd);
        if (!isOdd && (isFull || rank.outputs == 300))
          for (const char *format : {"f16", "q4_1"})
            addRank(cases, rank, maxRows, format, 96, isOdd, /*isPaired=*/true);
      }
}
