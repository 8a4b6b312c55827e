//===- Choices.h - what a sampler chooses from ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TOOLS_TENONRUN_CHOICES_H
#define TENON_TOOLS_TENONRUN_CHOICES_H

#include "Engine.h"

namespace tenon::run {

/// Results of rows, from which samplers with the same options choose tokens.
class Choices {
public:
  Choices(Engine &engine, const tenon_rt_sampling &sampling, size_t rows);

  /// Where the results of a call with as many rows go.
  Outputs outputs() { return count ? Outputs(&best) : Outputs(logits.data()); }

  /// The token that `sampler` takes of a row.
  int32_t pick(tenon_rt_sampler *sampler, size_t row) const;

private:
  size_t count = 0;  ///< most likely tokens per row; 0: all logits
  size_t tokens = 0; ///< that the tokenizer knows
  size_t vocabulary = 0;
  std::vector<float> logits;
  std::vector<int32_t> ids;
  tenon_rt_top_k best = {};
};

} // namespace tenon::run

#endif // TENON_TOOLS_TENONRUN_CHOICES_H
