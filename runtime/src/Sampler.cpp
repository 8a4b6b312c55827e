//===- Sampler.cpp - choosing a token -------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Candidates are ordered by logit, then by id, so equal logits give the same
// token everywhere. Weights are exp(logit - largest) in double: sums over a
// whole vocabulary stay exact enough not to move a boundary. The generator is
// SplitMix64.
//
//===----------------------------------------------------------------------===//

#include "Sampler.h"

#include <algorithm>
#include <cmath>

using namespace tenon::runtime;

Error Sampler::check(const tenon_rt_sampling &s) {
  if (!(s.temperature >= 0) || std::isinf(s.temperature))
    return failure(TENON_RT_ARGUMENT,
                   "temperature: expected a number >= 0, but got ",
                   s.temperature);
  if (s.top_k < 0)
    return failure(TENON_RT_ARGUMENT, "top_k: expected a number >= 0, but got ",
                   s.top_k);
  if (!(s.top_p >= 0 && s.top_p <= 1))
    return failure(TENON_RT_ARGUMENT, "top_p: expected 0 to 1, but got ",
                   s.top_p);
  if (!(s.min_p >= 0 && s.min_p <= 1))
    return failure(TENON_RT_ARGUMENT, "min_p: expected 0 to 1, but got ",
                   s.min_p);
  return success();
}

double Sampler::nextUniform() {
  uint64_t z = (state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  z ^= z >> 31;
  return static_cast<double>(z >> 11) * 0x1p-53;
}

void Sampler::keepTopK() {
  auto before = [](const Candidate &a, const Candidate &b) {
    return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
  };
  size_t k = options.top_k > 0 ? static_cast<size_t>(options.top_k)
                               : candidates.size();
  k = std::min(k, candidates.size());
  std::partial_sort(candidates.begin(), candidates.begin() + k,
                    candidates.end(), before);
  candidates.resize(k);
}

void Sampler::keepTopP() {
  if (options.top_p <= 0 || options.top_p >= 1)
    return;
  double sum = 0;
  for (const Candidate &candidate : candidates)
    sum += candidate.weight;
  double reached = 0;
  size_t kept = 0;
  while (kept < candidates.size() && reached < options.top_p * sum)
    reached += candidates[kept++].weight;
  candidates.resize(std::max<size_t>(kept, 1));
}

void Sampler::keepMinP() {
  // The first candidate has weight 1 and always stays.
  size_t kept = 1;
  while (kept < candidates.size() && candidates[kept].weight >= options.min_p)
    ++kept;
  candidates.resize(kept);
}

Error Sampler::pick(const float *logits, size_t count, int32_t &id) {
  if (!logits || count == 0 || count > INT32_MAX)
    return failure(TENON_RT_ARGUMENT, "expected logits, but got none");
  const float *best = nullptr;
  for (const float *logit = logits; logit != logits + count; ++logit)
    if (!std::isnan(*logit) && (!best || *logit > *best))
      best = logit;
  if (!best)
    return failure(TENON_RT_NUMERIC, "none of the ", count,
                   " logits is a number; the model's weights or its code are "
                   "at fault");
  id = static_cast<int32_t>(best - logits);
  if (options.temperature == 0 || !std::isfinite(*best))
    return success();

  candidates.clear();
  for (size_t i = 0; i < count; ++i)
    if (!std::isnan(logits[i]))
      candidates.push_back({static_cast<int32_t>(i), logits[i], 0});
  keepTopK();
  double largest = candidates.front().logit;
  for (Candidate &candidate : candidates)
    candidate.weight = std::exp(candidate.logit - largest);
  keepTopP();
  keepMinP();
  double sum = 0;
  for (Candidate &candidate : candidates) {
    candidate.weight =
        std::exp((candidate.logit - largest) / options.temperature);
    sum += candidate.weight;
  }
  double left = nextUniform() * sum;
  for (const Candidate &candidate : candidates) {
    id = candidate.id;
    left -= candidate.weight;
    if (left < 0)
      break;
  }
  return success();
}
