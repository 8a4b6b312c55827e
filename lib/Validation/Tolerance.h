//===- Tolerance.h - how far a pass may change results ----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_VALIDATION_TOLERANCE_H
#define TENON_LIB_VALIDATION_TOLERANCE_H

#include "llvm/ADT/StringRef.h"

namespace tenon {

/// How the difference of two results is measured.
enum class Metric {
  /// Largest difference over the largest magnitude of the reference.
  Largest,
  /// Root of the mean square of differences over that of the reference.
  RootMeanSquare,
};

/// A metric and its bound.
struct Tolerance {
  Metric metric = Metric::Largest;
  double bound = 1e-9;
};

/// Name of the metric for messages.
llvm::StringRef getMetricText(Metric metric);

/// What the pass with this argument may change. Passes that only reorder have
/// no entry of their own.
Tolerance getTolerance(llvm::StringRef pass);

/// Declares what a pass that changes numbers on purpose may change.
void registerTolerance(llvm::StringRef pass, Tolerance tolerance);

} // namespace tenon

#endif // TENON_LIB_VALIDATION_TOLERANCE_H
