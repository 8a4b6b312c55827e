//===- Work.h - ops that are timed ------------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shapes of transformers, odd ones among them, with what each has to do at
// least.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TEST_BENCHMARK_OPS_WORK_H
#define TENON_TEST_BENCHMARK_OPS_WORK_H

#include "test/Conformance/Case.h"

namespace tenon::bench {

struct Work {
  std::string op, shape, format;
  conformance::Case tested; ///< with one set of conditions
  std::string rate = "f32"; ///< type whose peak rate bounds it
  double operations = 0;    ///< a multiply-add is two
  double bytes = 0;         ///< that are read at least: weights or cache
  /// y[m, n] = x[m, k] * w[n, k]^T, where the op is one.
  int64_t m = 0, n = 0, k = 0;
};

/// A product with weights of `format`, a mnemonic.
Work makeGemm(int64_t m, int64_t n, int64_t k, llvm::StringRef format);

/// All that is timed by default.
std::vector<Work> makeWork();

} // namespace tenon::bench

#endif // TENON_TEST_BENCHMARK_OPS_WORK_H
