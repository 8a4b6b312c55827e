//===- Tolerance.cpp - how far a pass may change results ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One bound for all passes that reorder work: in double precision they may
// differ by rounding only. A pass that changes numbers on purpose declares a
// metric and a bound here by its argument.
//
//===----------------------------------------------------------------------===//

#include "lib/Validation/Tolerance.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/ErrorHandling.h"

using namespace tenon;

/// Declared bounds by pass: what the passes' own descriptions say.
static llvm::StringMap<Tolerance> &table() {
  static llvm::StringMap<Tolerance> entries = {
      {"tenon-quantize-activations", {Metric::RootMeanSquare, 0.1}},
      {"tenon-round-attention", {Metric::RootMeanSquare, 0.05}},
  };
  return entries;
}

llvm::StringRef tenon::getMetricText(Metric metric) {
  switch (metric) {
  case Metric::Largest:
    return "max |difference| / max |reference|";
  case Metric::RootMeanSquare:
    return "rms(difference) / rms(reference)";
  }
  llvm_unreachable("all metrics are listed");
}

Tolerance tenon::getTolerance(llvm::StringRef pass) {
  return table().lookup(pass);
}

void tenon::registerTolerance(llvm::StringRef pass, Tolerance tolerance) {
  table()[pass] = tolerance;
}
