//===- Choices.cpp - what a sampler chooses from --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Greedy decoding looks at one token, top-k sampling at k. Where the model can
// rank as many, logits are neither written nor read.
//
//===----------------------------------------------------------------------===//

#include "Choices.h"

#include "Output.h"

#include <algorithm>

using namespace tenon::run;

Choices::Choices(Engine &engine, const tenon_rt_sampling &sampling, size_t rows)
    : vocabulary(engine.info().vocabulary) {
  // A model may have more logits than its tokenizer has tokens.
  tokens =
      std::min<size_t>(tenon_text_vocab_size(engine.tokenizer()), vocabulary);
  size_t wanted =
      sampling.temperature == 0 ? 1 : static_cast<size_t>(sampling.top_k);
  if (wanted <= engine.info().top_k && tokens == vocabulary)
    count = wanted;
  logits.resize(rows * (count ? count : vocabulary));
  ids.resize(rows * count);
  best = {count, ids.data(), logits.data()};
}

int32_t Choices::pick(tenon_rt_sampler *sampler, size_t row) const {
  int32_t id = 0;
  if (count) {
    tenon_rt_top_k own = {count, best.ids + row * count,
                          best.logits + row * count};
    Engine::check(tenon_rt_sampler_pick_top_k(sampler, &own, &id));
  } else {
    Engine::check(
        tenon_rt_sampler_pick(sampler, &logits[row * vocabulary], tokens, &id));
  }
  return id;
}
