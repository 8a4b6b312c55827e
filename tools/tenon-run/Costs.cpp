//===- Costs.cpp - what the kernels of a model must do --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Costs.h"

#include "Engine.h"
#include "Output.h"

#include <algorithm>
#include <locale>
#include <nlohmann/json.hpp>
#include <sstream>

using namespace tenon::run;
using Json = nlohmann::json;

namespace {

Rates readRates(const Json &json) {
  return {json.at("read_gb_s"),  json.at("read_all_gb_s"),
          json.at("cache_gb_s"), json.at("f32_gop_s"),
          json.at("bf16_gop_s"), json.at("int8_gop_s")};
}

KernelCost readKernel(const Json &json) {
  return {json.at("name"),
          json.at("schedule"),
          json.at("arithmetic"),
          json.at("rows") == "asked for",
          json.at("shared"),
          json.at("weight_bytes"),
          json.at("weight_bytes_per_row"),
          json.at("cache_bytes_per_slot"),
          json.at("cache_bytes_per_row"),
          json.at("activation_bytes_per_row"),
          json.at("operations_per_row"),
          json.at("operations_per_row_and_slot")};
}

} // namespace

/// Replaces the rates that `text` names.
static void update(Rates &rates, const std::string &text) {
  const std::pair<const char *, double *> known[] = {
      {"read", &rates.readOneCore}, {"read-all", &rates.readAllCores},
      {"cache", &rates.cacheRead},  {"f32", &rates.f32},
      {"bf16", &rates.bf16},        {"int8", &rates.int8},
  };
  for (size_t at = 0; at <= text.size();) {
    size_t end = std::min(text.find(',', at), text.size());
    std::string part = text.substr(at, end - at);
    at = end + 1;
    size_t equals = std::min(part.find('='), part.size());
    double *rate = nullptr;
    for (auto [name, place] : known)
      if (part.compare(0, equals, name) == 0)
        rate = place;
    // Unlike strtod, this reads a decimal point in every locale.
    std::istringstream number(part.substr(std::min(equals + 1, part.size())));
    number.imbue(std::locale::classic());
    double value = 0;
    if (!rate || !(number >> value) || !number.eof() || !(value > 0) ||
        value > 1e9)
      throw Failure(
          "--rates: expected rates like read=15.5,f32=118 (read, "
          "read-all, cache in GB/s; f32, bf16, int8 in GOP/s of one core), "
          "but got '" +
          part + "'");
    *rate = value;
  }
}

Costs::Costs(const std::string &library, const tenon_rt_model_info &info,
             const std::string &measured)
    : path(library) {
  constexpr const char *extension = ".so";
  if (path.size() > 3 && path.compare(path.size() - 3, 3, extension) == 0)
    path.resize(path.size() - 3);
  path += ".json";
  constexpr const char *remedy = "; give the NAME.so that tenonc --profile "
                                 "wrote, with its NAME.json beside it";
  std::string name, compiler, cpu;
  try {
    Json json = Json::parse(readWholeFile(path));
    name = json.at("name");
    compiler = json.at("compiler");
    cpu = json.at("target").at("cpu");
    rates = readRates(json.at("rates"));
    for (const Json &kernel : json.at("kernels"))
      all.emplace_back(kernel.at("entry"), readKernel(kernel));
  } catch (const Json::exception &) {
    throw Failure(path +
                  ": expected the facts of a model as tenonc writes "
                  "them" +
                  remedy);
  } catch (const Failure &failure) {
    throw Failure(failure.what() + std::string(remedy));
  }
  if (name != info.name || compiler != info.compiler)
    throw Failure(path + ": expected the facts of " + info.name + " by " +
                  info.compiler + ", but got those of " + name + " by " +
                  compiler + remedy);
  if (cpu != info.cpu)
    throw Failure(path + ": describes the code for " + cpu + ", but that for " +
                  info.cpu + " runs; give --cpu " + cpu +
                  ", or compile for one CPU");
  if (!measured.empty())
    update(rates, measured);
}

std::vector<KernelCost> Costs::kernels(const std::string &entry) const {
  std::vector<KernelCost> found;
  for (const auto &[name, cost] : all)
    if (name == entry)
      found.push_back(cost);
  return found;
}

Bound Costs::bound(const KernelCost &cost, const Situation &situation) const {
  double rows = cost.outRows ? situation.outRows : situation.rows;
  double threads = cost.isShared ? situation.threads : 1;
  Bound bound = {};
  bound.memoryBytes = cost.weightBytes + cost.weightBytesPerRow * rows +
                      cost.cacheBytesPerSlot * situation.readSlots +
                      cost.cacheBytesPerRow * rows;
  bound.activationBytes = cost.activationBytesPerRow * rows;
  bound.operations = (cost.operationsPerRow +
                      cost.operationsPerRowAndSlot * situation.seenSlots) *
                     rows;
  double read = std::min(rates.readOneCore * threads,
                         std::max(rates.readAllCores, rates.readOneCore));
  double rate = cost.arithmetic == "int8"   ? rates.int8
                : cost.arithmetic == "bf16" ? rates.bf16
                                            : rates.f32;
  const std::pair<double, const char *> limits[] = {
      {bound.memoryBytes / read, "memory"},
      {bound.activationBytes / (rates.cacheRead * threads), "cache"},
      {bound.operations / (rate * threads), "arithmetic"},
  };
  bound.limit = limits[0].second;
  for (auto [nanoseconds, limit] : limits)
    if (nanoseconds * 1e-9 > bound.seconds) {
      bound.seconds = nanoseconds * 1e-9;
      bound.limit = limit;
    }
  return bound;
}
