//===- Case.cpp - text of a case ------------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Case.h"

#include "llvm/ADT/STLExtras.h"

using namespace tenon::conformance;

/// `part(value)` of all values with commas between them.
static std::string list(const std::vector<Val> &values,
                        llvm::function_ref<std::string(const Val &)> part) {
  std::string text;
  for (const Val &value : values)
    text += (text.empty() ? "" : ", ") + part(value);
  return text;
}

static std::string names(const std::vector<Val> &values) {
  return list(values, [](const Val &value) { return value.name; });
}

static std::string types(const std::vector<Val> &values) {
  return list(values, [](const Val &value) { return value.type; });
}

static std::string declarations(const std::vector<Val> &values) {
  return list(values,
              [](const Val &value) { return value.name + ": " + value.type; });
}

Val Program::argument(Role role, std::string type, int64_t limit) {
  Val value{"%a" + std::to_string(arguments.size()), std::move(type)};
  header += (arguments.empty() ? "" : ", ") + value.name + ": " + value.type;
  arguments.push_back({role, limit});
  return value;
}

Val Program::op(const std::string &text, const std::string &type) {
  return ops(text, {type}).front();
}

std::vector<Val> Program::ops(const std::string &text,
                              const std::vector<std::string> &types) {
  std::vector<Val> results;
  for (const std::string &type : types)
    results.push_back({"%v" + std::to_string(values++), type});
  body += "    " + names(results) + " = " + text + "\n";
  return results;
}

std::vector<Val> Program::kernel(
    const std::vector<Val> &inputs,
    llvm::function_ref<std::vector<Val>(const std::vector<Val> &)> write) {
  std::string before = std::move(body);
  body.clear();
  std::vector<Val> inner;
  for (const Val &input : inputs)
    inner.push_back({"%x" + std::to_string(values++), input.type});
  std::vector<Val> yields = write(inner);
  std::string region = std::move(body);
  std::vector<Val> results;
  for (const Val &yield : yields)
    results.push_back({"%r" + std::to_string(values++), yield.type});
  body = before + "  " + names(results) + " = tenon.kernel \"case\" (" +
         names(inputs) + ") : (" + types(inputs) + ") -> (" + types(results) +
         ") {\n  ^kernel(" + declarations(inner) + "):\n" + region +
         "    tenon.yield " + names(yields) + " : " + types(yields) + "\n  }\n";
  return results;
}

Val Program::quantize(const Val &input, Rounding rounding) {
  return kernel({input}, [&](const std::vector<Val> &x) {
    std::string type = x[0].type;
    if (rounding == Rounding::BF16)
      type.replace(type.rfind("f32"), 3, "bf16");
    else
      type.insert(type.size() - 1, ", #tenon.blocks<bits = 8, size = 32>");
    return std::vector<Val>{
        op("tenon.quantize " + x[0].name + " : " + x[0].type + " -> " + type,
           type)};
  })[0];
}

Case Program::finish(std::string group, std::string name, std::string format,
                     const std::vector<Val> &results) {
  Case made;
  made.group = std::move(group);
  made.name = std::move(name);
  made.format = std::move(format);
  made.text = "func.func @NAME(" + header + ") -> (" + types(results) +
              ") attributes {tenon.max_rows = " + std::to_string(maxRows) +
              " : i64} {\n" + body + "  return " + names(results) + " : " +
              types(results) + "\n}\n";
  made.arguments = arguments;
  return made;
}

std::string tenon::conformance::rowsType(const std::vector<int64_t> &shape) {
  std::string text = "tensor<?x";
  for (int64_t extent : shape)
    text += std::to_string(extent) + "x";
  return text + "f32>";
}

std::string tenon::conformance::matrixType(int64_t rows, int64_t columns,
                                           const std::string &format) {
  return "!tenon.weight<" + std::to_string(rows) + "x" +
         std::to_string(columns) + ", [" + format + "]>";
}

std::string tenon::conformance::vectorType(int64_t size) {
  return "!tenon.weight<" + std::to_string(size) + ", [f32]>";
}
