//===- Rows.cpp - cases of embeddings and row kernels ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Case.h"

#include "dialects/Tenon/IR/BlockFormat.h"

using namespace tenon;
using namespace tenon::conformance;

namespace {

/// The case of one kernel with these inputs.
Case makeCase(
    Program &program, const std::string &name, const std::vector<Val> &inputs,
    llvm::function_ref<std::vector<Val>(const std::vector<Val> &)> body) {
  std::vector<Val> results = program.kernel(inputs, body);
  Case made = program.finish("rows", name, "f32", results);
  for (int64_t rows : {1, 3, 17})
    made.conditions.push_back({rows});
  return made;
}

Val norm(Program &program, const char *kind, const Val &input,
         const Val &weight) {
  return program.op(std::string("tenon.norm ") + kind + " " + input.name +
                        ", " + weight.name + " {eps = 1.0e-5 : f32} : " +
                        input.type + ", " + weight.type,
                    input.type);
}

void addNorms(std::vector<Case> &cases, bool isStep, int64_t width) {
  std::string suffix =
      "-" + std::to_string(width) + (isStep ? "-step" : "-chunk");
  std::string type = rowsType({width});
  for (const char *kind : {"rms", "layer"}) {
    Program program(isStep);
    Val x = program.argument(Role::Floats, type);
    Val w = program.argument(Role::Weight, vectorType(width));
    cases.push_back(makeCase(program, std::string("norm-") + kind + suffix,
                             {x, w}, [&](const std::vector<Val> &a) {
                               return std::vector<Val>{
                                   norm(program, kind, a[0], a[1])};
                             }));
  }
  // The sum is read again, so it is a result too.
  Program program(isStep);
  Val x = program.argument(Role::Floats, type);
  Val y = program.argument(Role::Floats, type);
  Val w = program.argument(Role::Weight, vectorType(width));
  cases.push_back(makeCase(
      program, "add-norm" + suffix, {x, y, w}, [&](const std::vector<Val> &a) {
        Val sum = program.op(
            "arith.addf " + a[0].name + ", " + a[1].name + " : " + type, type);
        return std::vector<Val>{sum, norm(program, "rms", sum, a[2])};
      }));
}

/// Kernels that copy and add: the same f32.
void addExact(std::vector<Case> &cases, int64_t width) {
  std::string suffix = "-" + std::to_string(width);
  std::string type = rowsType({width});
  Program program(/*isStep=*/false);
  Val x = program.argument(Role::Floats, type);
  Val y = program.argument(Role::Floats, type);
  Case add =
      makeCase(program, "add" + suffix, {x, y}, [&](const std::vector<Val> &a) {
        return std::vector<Val>{program.op(
            "arith.addf " + a[0].name + ", " + a[1].name + " : " + type, type)};
      });
  add.tolerance = 0;
  add.format = "exact";
  cases.push_back(std::move(add));
  for (bool hasNorm : {false, true}) {
    Program program(/*isStep=*/false);
    std::vector<Val> inputs = {program.argument(Role::Floats, type),
                               program.argument(Role::Chosen, "tensor<?xi32>")};
    if (hasNorm)
      inputs.push_back(program.argument(Role::Weight, vectorType(width)));
    Case made =
        makeCase(program, (hasNorm ? "rows-norm" : "rows") + suffix, inputs,
                 [&](const std::vector<Val> &a) {
                   Val rows = program.op("tenon.rows " + a[0].name + ", " +
                                             a[1].name + " : " + type + ", " +
                                             a[1].type + " -> " + type,
                                         type);
                   return std::vector<Val>{
                       hasNorm ? norm(program, "rms", rows, a[2]) : rows};
                 });
    made.conditions = {{1, 1}, {9, 1}, {9, 4}, {3, 11}};
    if (!hasNorm) {
      made.tolerance = 0;
      made.format = "exact";
    }
    cases.push_back(std::move(made));
  }
}

void addGates(std::vector<Case> &cases, int64_t width) {
  for (const char *fn : {"silu", "gelu", "relu"}) {
    Program program(/*isStep=*/false);
    std::string type = rowsType({width});
    Val gate = program.argument(Role::Floats, type);
    Val up = program.argument(Role::Floats, type);
    cases.push_back(makeCase(
        program, std::string("gate-") + fn + "-" + std::to_string(width),
        {gate, up}, [&](const std::vector<Val> &a) {
          return std::vector<Val>{program.op(std::string("tenon.gate ") + fn +
                                                 " " + a[0].name + ", " +
                                                 a[1].name + " : " + type,
                                             type)};
        }));
  }
}

void addRopes(std::vector<Case> &cases, int64_t heads, int64_t dim,
              int64_t pairs) {
  for (const char *style : {"interleaved", "half_split"})
    for (bool hasNorm : {false, true}) {
      Program program(/*isStep=*/false);
      std::string type = rowsType({heads, dim});
      Val x = program.argument(Role::Floats, type);
      Val angles = program.argument(Role::Floats, rowsType({pairs, 2}));
      std::vector<Val> inputs = {x, angles};
      if (hasNorm)
        inputs.push_back(program.argument(Role::Weight, vectorType(dim)));
      std::string name = std::string(hasNorm ? "norm-rope-" : "rope-") + style +
                         "-" + std::to_string(heads) + "x" +
                         std::to_string(dim) + "-" + std::to_string(2 * pairs);
      cases.push_back(
          makeCase(program, name, inputs, [&](const std::vector<Val> &a) {
            Val rotated = hasNorm ? norm(program, "rms", a[0], a[2]) : a[0];
            return std::vector<Val>{program.op(
                std::string("tenon.rope ") + style + " " + rotated.name + ", " +
                    a[1].name + " : " + type + ", " + a[1].type,
                type)};
          }));
    }
}

void addAngles(std::vector<Case> &cases, int64_t dims, bool hasFactors) {
  Program program(/*isStep=*/false);
  Val positions = program.argument(Role::Positions, "tensor<?xi32>");
  std::vector<Val> inputs = {positions};
  if (hasFactors)
    inputs.push_back(program.argument(Role::Weight, vectorType(dims / 2)));
  std::string type = rowsType({dims / 2, 2});
  Case made = makeCase(
      program,
      "angles-" + std::to_string(dims) + (hasFactors ? "-factors" : ""), inputs,
      [&](const std::vector<Val> &a) {
        std::string text = "tenon.rope_angles " + a[0].name;
        std::string scaling;
        if (hasFactors) {
          text += " factors " + a[1].name + " : " + a[1].type;
          scaling = ", frequency_scale = 0.25 : f64, magnitude = 1.5 : f64";
        }
        return std::vector<Val>{program.op(
            text + " {base = 1.0e5 : f64, dims = " + std::to_string(dims) +
                " : i64" + scaling + "} : " + a[0].type + " -> " + type,
            type)};
      });
  for (int64_t start : {1, 4095, 131071})
    made.conditions.push_back({3, 0, 0, start});
  made.tolerance = 2e-7;
  cases.push_back(std::move(made));
}

} // namespace

void tenon::conformance::addEmbeddings(std::vector<Case> &cases, bool isFull) {
  for (const BlockFormat &format : blockFormats())
    for (int64_t blocks : {1, 3}) {
      // One kernel, twice: valid blocks, and blocks of any bytes.
      for (bool isOdd : {false, true}) {
        if (!isFull && blocks == 1 && format.elements == 256)
          continue;
        int64_t columns = format.elements == 1 ? (blocks == 1 ? 7 : 80)
                                               : blocks * format.elements;
        int64_t count = blocks == 1 ? 17 : 50;
        Program program(/*isStep=*/false);
        Val ids = program.argument(Role::Ids, "tensor<?xi32>", count);
        Val table =
            program.argument(isOdd ? Role::Blocks : Role::Weight,
                             matrixType(count, columns, format.name.str()));
        std::string type = rowsType({columns});
        std::vector<Val> results =
            program.kernel({ids, table}, [&](const std::vector<Val> &x) {
              return std::vector<Val>{program.op(
                  "tenon.embedding " + x[0].name + ", " + x[1].name + " : " +
                      x[0].type + ", " + x[1].type + " -> " + type,
                  type)};
            });
        Case made = program.finish(
            "embed",
            "embed-" + format.name.str() + "-" + std::to_string(count) + "x" +
                std::to_string(columns) + (isOdd ? "-any-bytes" : ""),
            format.name.str(), results);
        for (int64_t rows : {1, 2, 33})
          made.conditions.push_back({rows});
        made.tolerance = 0;
        cases.push_back(std::move(made));
      }
    }
}

void tenon::conformance::addRows(std::vector<Case> &cases, bool isFull) {
  for (int64_t width : {1, 20, 80, 576}) {
    for (bool isStep : {false, true})
      if (isFull || !isStep || width == 80)
        addNorms(cases, isStep, width);
    addExact(cases, width);
    addGates(cases, width);
  }
  addRopes(cases, 9, 64, 32);
  addRopes(cases, 1, 80, 16);
  addRopes(cases, 3, 20, 10);
  if (isFull) {
    addRopes(cases, 2, 6, 1);
    addRopes(cases, 5, 128, 64);
    addRopes(cases, 2, 96, 40);
  }
  for (bool hasFactors : {false, true})
    for (int64_t dims : {2, 20, 64})
      addAngles(cases, dims, hasFactors);
}
