//===- Sampler.h - choosing a token ---------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The order of the filters is part of the C API (runtime.h) and so are the
// tokens that a seed gives: the generator is written out here, because the
// distributions of the standard library differ between implementations.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_RUNTIME_SAMPLER_H
#define TENON_RUNTIME_SAMPLER_H

#include "Error.h"
#include "tenon-rt/runtime.h"

#include <vector>

namespace tenon::runtime {

class Sampler {
public:
  /// Checks the ranges of the options.
  static Error check(const tenon_rt_sampling &sampling);

  explicit Sampler(const tenon_rt_sampling &sampling)
      : options(sampling), state(sampling.seed) {}

  /// Chooses a token by its logits.
  Error pick(const float *logits, size_t count, int32_t &id);

  /// Chooses a token of a row of `best`, which has to hold all that can be
  /// chosen.
  Error pick(const tenon_rt_top_k &best, int32_t &id);

private:
  struct Candidate {
    int32_t id;
    float logit;
    double weight;
  };

  /// Draws from the candidates, the most likely of which has the logit
  /// `largest`.
  int32_t draw(double largest);
  void sortUpTo(size_t count);
  void keepTopK();
  void keepTopPAndMinP();
  double nextUniform();

  tenon_rt_sampling options;
  uint64_t state;
  std::vector<Candidate> candidates;
  size_t sorted = 0; // candidates in their final place, most likely first
};

} // namespace tenon::runtime

#endif // TENON_RUNTIME_SAMPLER_H
