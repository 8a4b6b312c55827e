//===- Contractions.cpp - cases of tenon.linear ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One kernel has several outputs, each with its own number of rows, format and
// epilogue, as the projections of a model have: so few kernels cover many
// shapes.
//
//===----------------------------------------------------------------------===//

#include "Case.h"

#include "dialects/Tenon/IR/BlockFormat.h"

#include "llvm/ADT/STLExtras.h"

using namespace tenon;
using namespace tenon::conformance;

namespace {

/// One output of a kernel.
struct Output {
  int64_t rows = 1; ///< N
  const char *fn = nullptr;
  bool hasBias = false, hasResidual = false;
  unsigned format = 0; ///< formats away from the case's own
};

/// A kernel.
struct Contraction {
  const char *name;
  int64_t blocks;       ///< K in blocks
  int64_t plainColumns; ///< K of formats whose blocks are single numbers
  std::vector<Output> outputs;
  bool hasHeads = false; ///< the input is [T, 2, K / 2]
};

const Contraction defaults[] = {
    {"tails",
     1,
     7,
     {{1},
      {15, nullptr, true},
      {17, nullptr, false, true},
      {50, nullptr, true, true}}},
    {"several-blocks",
     3,
     80,
     {{16, nullptr, true}, {48 * 3 + 16, nullptr, false, true}},
     true},
    // As integers: a group of four blocks, one of two and one alone.
    {"seven-blocks", 7, 129, {{17, nullptr, true}}},
    {"gates",
     2,
     33,
     {{50, "silu"}, {17, "gelu", true}, {16, "relu", true, true}}},
};

/// The same for blocks of 256 numbers, whose code is eight times as long. What
/// does not depend on the format is left to the others.
const Contraction longDefaults[] = {
    {"tails", 1, 0, {{17, nullptr, true, true}}},
    {"gates", 2, 0, {{50, "silu"}}},
};

/// All values of one axis against all of the others.
std::vector<Contraction> allContractions() {
  static const int64_t rows[] = {1, 15, 16, 17, 50, 48 * 3 + 16};
  static const std::pair<int64_t, int64_t> columns[] = {
      {1, 1}, {2, 7}, {3, 33}, {4, 80}};
  std::vector<Contraction> all(std::begin(defaults), std::end(defaults));
  for (auto [blocks, plain] : columns)
    for (const char *fn : {(const char *)nullptr, "silu", "gelu", "relu"})
      for (bool hasBias : {false, true})
        for (bool hasResidual : {false, true}) {
          Contraction contraction{"product", blocks, plain, {}};
          for (int64_t n : rows)
            contraction.outputs.push_back({n, fn, hasBias, hasResidual});
          // Fewer outputs in a kernel: its arguments are counted.
          Contraction rest = contraction;
          contraction.outputs.resize(3);
          rest.outputs.erase(rest.outputs.begin(), rest.outputs.begin() + 3);
          all.push_back(contraction);
          all.push_back(rest);
        }
  return all;
}

const BlockFormat &formatAt(size_t index) {
  return blockFormats()[index % blockFormats().size()];
}

/// `rounding`: what a kernel before does to the input.
void addContraction(std::vector<Case> &cases, const Contraction &contraction,
                    size_t formatIndex, int64_t maxRows, Rounding rounding) {
  const BlockFormat &format = formatAt(formatIndex);
  int64_t columns = format.elements == 1 ? contraction.plainColumns
                                         : contraction.blocks * format.elements;
  const char *words[] = {"", "bf16", "int8"};
  std::string word = words[static_cast<int>(rounding)];
  // Products of bf16 are of pairs.
  if (rounding == Rounding::BF16)
    columns += columns % 2;
  bool hasHeads = contraction.hasHeads && columns % 2 == 0;
  Program program(maxRows);
  std::vector<Val> inputs;
  auto add = [&](Role role, const std::string &type) {
    inputs.push_back(program.argument(role, type));
  };
  add(Role::Floats,
      hasHeads ? rowsType({2, columns / 2}) : rowsType({columns}));
  std::string name = std::string(contraction.name) +
                     (word.empty() ? "-" : "-" + word + "-") +
                     format.name.str() + "-k" + std::to_string(columns) + "-n";
  std::vector<std::string> formats;
  for (const Output &output : contraction.outputs) {
    const BlockFormat &own = formatAt(formatIndex + output.format);
    name += (name.back() == 'n' ? "" : ",") + std::to_string(output.rows);
    if (output.format)
      name += ":" + own.name.str();
    if (output.fn)
      name += std::string("+") + output.fn;
    name += output.hasBias ? "+bias" : "";
    name += output.hasResidual ? "+residual" : "";
    for (int weight = 0; weight < (output.fn ? 2 : 1); ++weight) {
      add(Role::Weight, matrixType(output.rows, columns, own.name.str()));
      if (output.hasBias)
        add(Role::Weight, vectorType(output.rows));
    }
    if (output.hasResidual)
      add(Role::Floats, rowsType({output.rows}));
  }
  auto write = [&](const std::vector<Val> &x) {
    size_t at = 1;
    std::vector<Val> yields;
    for (const Output &output : contraction.outputs) {
      std::vector<Val> products;
      bool isGate = output.fn;
      // Heads stay a dimension where nothing else touches the result.
      bool isSplit = !isGate && !output.hasResidual && output.rows % 8 == 0;
      std::string type =
          isSplit ? rowsType({output.rows / 8, 8}) : rowsType({output.rows});
      for (int weight = 0; weight < (isGate ? 2 : 1); ++weight) {
        std::string text = "tenon.linear " + x[0].name + ", " + x[at].name;
        std::string types = x[0].type + ", " + x[at].type;
        ++at;
        if (output.hasBias) {
          text += " bias " + x[at].name;
          types += ", " + x[at].type;
          ++at;
        }
        products.push_back(
            program.op(text + " : (" + types + ") -> " + type, type));
      }
      Val result = products[0];
      if (isGate)
        result = program.op(std::string("tenon.gate ") + output.fn + " " +
                                products[0].name + ", " + products[1].name +
                                " : " + type,
                            type);
      if (output.hasResidual) {
        // Both orders of the operands.
        Val residual = x[at++];
        bool isFirst = yields.size() % 2 == 0;
        result = program.op("arith.addf " + (isFirst ? residual : result).name +
                                ", " + (isFirst ? result : residual).name +
                                " : " + type,
                            type);
      }
      yields.push_back(result);
    }
    return yields;
  };
  if (rounding != Rounding::None)
    inputs[0] = program.quantize(inputs[0], rounding);
  std::vector<Val> results = program.kernel(inputs, write);
  const char *kind = maxRows == 1 ? "step-" : maxRows == 8 ? "few-" : "chunk-";
  Case made = program.finish(
      maxRows <= 8 ? "step" : "chunk", kind + name,
      format.name.str() + (word.empty() ? "" : " " + word), results);
  if (rounding == Rounding::BF16)
    made.feature = "avx512bf16";
  // Few rows meet weights that are not rounded, by up to 2^-8 of each; a gate
  // multiplies two such sums.
  if (rounding == Rounding::BF16 && maxRows <= 8 && format.name != "bf16")
    made.tolerance = 1e-2;
  for (int64_t rows : {1, 2, 3, 4, 5, 7, 8, 9, 13, 17})
    if (rows <= maxRows)
      made.conditions.push_back({rows});
  cases.push_back(std::move(made));
}

} // namespace

void tenon::conformance::addContractions(std::vector<Case> &cases,
                                         bool isFull) {
  std::vector<Contraction> all = allContractions();
  // Three projections whose formats differ, as some files mix them. 256 is a
  // multiple of every block.
  Contraction mixed{"mixed", 1, 256, {{48}, {16, nullptr, true}, {33}}};
  mixed.outputs[1].format = 1;
  mixed.outputs[2].format = 5;
  for (int64_t maxRows : {1, 8, 256})
    for (auto [index, format] : llvm::enumerate(blockFormats())) {
      llvm::ArrayRef<Contraction> chosen = defaults;
      if (isFull)
        chosen = all;
      else if (format.elements == 256)
        chosen = longDefaults;
      // Several blocks, so that their places in each row count.
      if (!isFull && maxRows == 8 && format.elements == 256)
        chosen = chosen.take_back(1);
      bool isQuantized = !format.isPlain();
      for (auto [number, contraction] : llvm::enumerate(chosen))
        for (Rounding rounding :
             {Rounding::None, Rounding::Int8, Rounding::BF16}) {
          bool isInteger = rounding == Rounding::Int8;
          if (isInteger && !isQuantized)
            continue;
          // Not every format with every shape: what decodes is the same.
          if (rounding == Rounding::BF16) {
            if (isFull || (index + number) % (maxRows == 256 ? 2 : 4) == 0)
              addContraction(cases, contraction, index, maxRows, rounding);
            continue;
          }
          // Few rows differ from one in the numbers of rows and sums only: of
          // each format one kind of integers and, less often, one of floats.
          bool isTurn = isInteger || !isQuantized
                            ? number == (index + 1) % chosen.size()
                            : number == index % chosen.size() && index % 3 == 1;
          if (isFull || maxRows != 8 || isTurn)
            addContraction(cases, contraction, index, maxRows, rounding);
        }
      mixed.blocks = 256 / format.elements;
      if (isFull || index == 9 || (maxRows != 8 && (index == 0 || index == 3)))
        addContraction(cases, mixed, index, maxRows,
                       index == 9 ? Rounding::Int8 : Rounding::None);
    }
}
