//===- Sampler.cpp - choosing a token -------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Filters order candidates by logit, then by id, so equal logits give the same
// token everywhere; without a filter they stay in the order of their ids. A cut
// by top_p and one by min_p both keep a front part, so one pass makes both.
// Weights are exp(logit - largest) in double: sums over a whole vocabulary stay
// exact enough not to move a boundary. The generator is SplitMix64.
//
//===----------------------------------------------------------------------===//

#include "Sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

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

/// The first of the largest logits; null when none is a number. In lanes,
/// because a decoding step waits for it.
static const float *findLargest(const float *logits, size_t count) {
  constexpr size_t lanes = 16;
  float largest[lanes];
  std::fill_n(largest, lanes, -std::numeric_limits<float>::infinity());
  size_t i = 0;
  for (; i + lanes <= count; i += lanes)
    for (size_t lane = 0; lane < lanes; ++lane)
      largest[lane] =
          logits[i + lane] > largest[lane] ? logits[i + lane] : largest[lane];
  for (; i < count; ++i)
    largest[0] = logits[i] > largest[0] ? logits[i] : largest[0];
  float most = *std::max_element(largest, largest + lanes);
  const float *found = std::find(logits, logits + count, most);
  return found == logits + count ? nullptr : found;
}

double Sampler::nextUniform() {
  uint64_t z = (state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  z ^= z >> 31;
  return static_cast<double>(z >> 11) * 0x1p-53;
}

void Sampler::sortUpTo(size_t count) {
  auto before = [](const Candidate &a, const Candidate &b) {
    return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
  };
  auto first = candidates.begin() + sorted, last = candidates.begin() + count;
  if (last != candidates.end())
    std::nth_element(first, last, candidates.end(), before);
  std::sort(first, last, before);
  sorted = count;
}

void Sampler::keepTopK() {
  if (options.top_k == 0)
    return;
  size_t k = std::min<size_t>(options.top_k, candidates.size());
  sortUpTo(k);
  candidates.resize(k);
}

void Sampler::keepTopPAndMinP() {
  bool topP = options.top_p > 0 && options.top_p < 1;
  if (!topP && options.min_p <= 0)
    return;
  double enough = 0;
  for (const Candidate &candidate : candidates)
    enough += candidate.weight * options.top_p;
  double reached = 0;
  size_t kept = 0;
  for (; kept < candidates.size(); ++kept) {
    // Few candidates stay as a rule, so only as many are sorted as needed.
    if (kept == sorted)
      sortUpTo(std::min(candidates.size(), std::max<size_t>(128, 4 * kept)));
    double weight = candidates[kept].weight;
    if (kept > 0 && ((topP && reached >= enough) || weight < options.min_p))
      break;
    reached += weight;
  }
  candidates.resize(kept);
}

Error Sampler::pick(const float *logits, size_t count, int32_t &id) {
  if (!logits || count == 0 || count > INT32_MAX)
    return failure(TENON_RT_ARGUMENT, "expected logits, but got none");
  const float *best = findLargest(logits, count);
  if (!best)
    return failure(TENON_RT_NUMERIC, "none of the ", count,
                   " logits is a number; the model's weights or its code are "
                   "at fault");
  id = static_cast<int32_t>(best - logits);
  if (options.temperature == 0 || !std::isfinite(*best))
    return success();

  candidates.clear();
  sorted = 0;
  double largest = *best;
  for (size_t i = 0; i < count; ++i)
    if (!std::isnan(logits[i]))
      candidates.push_back({static_cast<int32_t>(i), logits[i], 0});
  id = draw(largest);
  return success();
}

Error Sampler::pick(const tenon_rt_top_k &best, int32_t &id) {
  if (!best.ids || best.count == 0)
    return failure(TENON_RT_ARGUMENT, "expected ids, but got none");
  if (best.ids[0] < 0)
    return failure(TENON_RT_NUMERIC,
                   "none of the logits is a number; the model's weights or its "
                   "code are at fault");
  bool isGreedy = options.temperature == 0;
  if (!isGreedy && !best.logits)
    return failure(TENON_RT_ARGUMENT, "expected logits, but got none");
  if (!isGreedy &&
      (options.top_k < 1 || static_cast<uint64_t>(options.top_k) > best.count))
    return failure(TENON_RT_ARGUMENT, "top_k: expected 1 to ", best.count,
                   ", the number of tokens to choose from, but got ",
                   options.top_k, "; give the sampler all logits");
  id = best.ids[0];
  if (isGreedy || !std::isfinite(best.logits[0]))
    return success();
  candidates.clear();
  sorted = 0;
  for (size_t i = 0; i < best.count && best.ids[i] >= 0; ++i)
    candidates.push_back({best.ids[i], best.logits[i], 0});
  id = draw(best.logits[0]);
  return success();
}

int32_t Sampler::draw(double largest) {
  keepTopK();
  for (Candidate &candidate : candidates)
    candidate.weight = std::exp(candidate.logit - largest);
  keepTopPAndMinP();
  double sum = 0;
  for (Candidate &candidate : candidates) {
    candidate.weight =
        std::exp((candidate.logit - largest) / options.temperature);
    sum += candidate.weight;
  }
  double left = nextUniform() * sum;
  int32_t id = candidates.front().id;
  for (const Candidate &candidate : candidates) {
    id = candidate.id;
    left -= candidate.weight;
    if (left < 0)
      break;
  }
  return id;
}
