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

/// Bounds divide by rates: zero, or more than any machine has, is none.
bool isRate(double value) { return value > 0 && value <= 1e9; }

Rates readRates(const Json &json) {
  Rates rates;
  for (const RateName &name : kRateNames) {
    double value = json.at(name.key);
    if (!isRate(value))
      throw Failure(format("rates: expected a number above 0 and at most 1e9 "
                           "as %s, but got %g",
                           name.key, value));
    rates.*name.place = value;
  }
  return rates;
}

KernelCost readKernel(const Json &json) {
  auto count = [&](const char *key) {
    double value = json.at(key);
    if (value < 0)
      throw Failure(format("kernel %s: expected 0 or more as %s, but got %g",
                           json.at("name").get<std::string>().c_str(), key,
                           value));
    return value;
  };
  return {json.at("name"),
          json.at("schedule"),
          json.at("arithmetic"),
          json.at("rows"),
          json.at("shared"),
          count("weight_bytes"),
          count("weight_bytes_per_row"),
          count("cache_bytes_per_slot"),
          count("cache_bytes_per_row"),
          count("activation_bytes_per_row"),
          count("operations_per_row"),
          count("operations_per_row_and_slot")};
}

} // namespace

/// Replaces the rates that `text` names.
static void update(Rates &rates, const std::string &text) {
  for (size_t at = 0; at <= text.size();) {
    size_t end = std::min(text.find(',', at), text.size());
    std::string part = text.substr(at, end - at);
    at = end + 1;
    size_t equals = std::min(part.find('='), part.size());
    double *rate = nullptr;
    for (const RateName &name : kRateNames)
      if (part.compare(0, equals, name.option) == 0)
        rate = &(rates.*name.place);
    // Unlike strtod, this reads a decimal point in every locale.
    std::istringstream number(part.substr(std::min(equals + 1, part.size())));
    number.imbue(std::locale::classic());
    double value = 0;
    if (!rate || !(number >> value) || !number.eof() || !isRate(value))
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
  std::string text, name, compiler, cpu;
  try {
    text = readWholeFile(path);
  } catch (const Failure &failure) {
    throw Failure(failure.what() + std::string(remedy));
  }
  try {
    Json json = Json::parse(text);
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
    throw Failure(path + ": " + failure.what() + remedy);
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
  double rows = cost.rows == "all"      ? situation.rows
                : cost.rows == "logits" ? situation.outRows
                                        : 0;
  double threads = cost.isShared ? situation.threads : 1;
  Bound bound = {};
  bound.limit = "memory";
  if (rows == 0)
    return bound; // not asked for: nothing runs
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
