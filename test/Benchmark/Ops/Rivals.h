//===- Rivals.h - libraries that multiply matrices --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// OpenBLAS and oneDNN, opened at run time where they are installed, so that
// nothing here is built with them.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TEST_BENCHMARK_OPS_RIVALS_H
#define TENON_TEST_BENCHMARK_OPS_RIVALS_H

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace tenon::bench {

/// A library that was found.
struct Rival {
  std::string name;
  /// y[m, n] = x[m, k] * w[n, k]^T, all of them row after row.
  std::function<void(int64_t m, int64_t n, int64_t k, const float *x,
                     const float *w, float *y)>
      multiply;
};

/// What this machine has, on one thread each.
std::vector<Rival> findRivals();

} // namespace tenon::bench

#endif // TENON_TEST_BENCHMARK_OPS_RIVALS_H
