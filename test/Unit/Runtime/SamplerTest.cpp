//===- SamplerTest.cpp - choosing a token ---------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Frequencies are compared with the probabilities that the filters leave,
// worked out by hand from the logits log(p).
//
//===----------------------------------------------------------------------===//

#include "tenon-rt/runtime.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <map>
#include <string>
#include <vector>

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

/// Tokens 0..4 with these probabilities, not in order.
const std::vector<double> kShares = {0.1, 0.4, 0.05, 0.3, 0.15};

std::vector<float> logitsOf(const std::vector<double> &shares) {
  std::vector<float> logits;
  for (double share : shares)
    logits.push_back(static_cast<float>(std::log(share)) + 3);
  return logits;
}

int32_t pickOne(const tenon_rt_sampling &sampling,
                const std::vector<float> &logits) {
  tenon_rt_sampler *sampler = nullptr;
  EXPECT_EQ(tenon_rt_sampler_create(&sampling, &sampler), TENON_RT_OK);
  int32_t id = -1;
  EXPECT_EQ(tenon_rt_sampler_pick(sampler, logits.data(), logits.size(), &id),
            TENON_RT_OK)
      << tenon_rt_error(nullptr);
  tenon_rt_sampler_destroy(sampler);
  return id;
}

/// Shares of the tokens in many draws.
std::map<int32_t, double> draw(const tenon_rt_sampling &sampling) {
  constexpr int kDraws = 40000;
  std::vector<float> logits = logitsOf(kShares);
  tenon_rt_sampler *sampler = nullptr;
  EXPECT_EQ(tenon_rt_sampler_create(&sampling, &sampler), TENON_RT_OK);
  std::map<int32_t, double> shares;
  for (int i = 0; i < kDraws; ++i) {
    int32_t id = -1;
    EXPECT_EQ(tenon_rt_sampler_pick(sampler, logits.data(), logits.size(), &id),
              TENON_RT_OK);
    shares[id] += 1.0 / kDraws;
  }
  tenon_rt_sampler_destroy(sampler);
  return shares;
}

void expectShares(const tenon_rt_sampling &sampling,
                  const std::map<int32_t, double> &expected) {
  std::map<int32_t, double> actual = draw(sampling);
  EXPECT_EQ(actual.size(), expected.size());
  for (auto [id, share] : expected)
    EXPECT_NEAR(actual[id], share, 0.012) << "token " << id;
}

TEST(Sampler, GreedyTakesTheLargestAndTheFirstOfEquals) {
  EXPECT_EQ(pickOne({}, {1, 5, 2}), 1);
  EXPECT_EQ(pickOne({}, {1, 5, 5, 5}), 1);
  EXPECT_EQ(pickOne({}, {-kInf, -kInf}), 0);
}

TEST(Sampler, NeverTakesWhatIsNoNumber) {
  EXPECT_EQ(pickOne({}, {kNan, 1, kNan, 2}), 3);
  tenon_rt_sampling hot = {};
  hot.temperature = 5;
  EXPECT_EQ(pickOne(hot, {kNan, 1, kNan, kNan}), 1);
  EXPECT_EQ(pickOne(hot, {0, kInf, 1}), 1);
}

TEST(Sampler, SaysWhenNoLogitIsANumber) {
  tenon_rt_sampling greedy = {};
  tenon_rt_sampler *sampler = nullptr;
  ASSERT_EQ(tenon_rt_sampler_create(&greedy, &sampler), TENON_RT_OK);
  float logits[] = {kNan, kNan};
  int32_t id = 7;
  EXPECT_EQ(tenon_rt_sampler_pick(sampler, logits, 2, &id), TENON_RT_NUMERIC);
  EXPECT_EQ(id, 7);
  EXPECT_NE(std::string(tenon_rt_error(nullptr)).find("number"),
            std::string::npos);
  EXPECT_EQ(tenon_rt_sampler_pick(sampler, logits, 0, &id), TENON_RT_ARGUMENT);
  tenon_rt_sampler_destroy(sampler);
}

TEST(Sampler, DrawsTheModelsDistribution) {
  tenon_rt_sampling sampling = {};
  sampling.temperature = 1;
  sampling.seed = 1;
  expectShares(sampling, {{0, .1}, {1, .4}, {2, .05}, {3, .3}, {4, .15}});
}

TEST(Sampler, TemperatureFlattens) {
  tenon_rt_sampling sampling = {};
  sampling.temperature = 2;
  sampling.seed = 2;
  double sum = 0;
  for (double share : kShares)
    sum += std::sqrt(share);
  std::map<int32_t, double> expected;
  for (size_t i = 0; i < kShares.size(); ++i)
    expected[static_cast<int32_t>(i)] = std::sqrt(kShares[i]) / sum;
  expectShares(sampling, expected);
}

TEST(Sampler, TopKKeepsTheMostLikely) {
  tenon_rt_sampling sampling = {};
  sampling.temperature = 1;
  sampling.top_k = 2;
  sampling.seed = 3;
  expectShares(sampling, {{1, .4 / .7}, {3, .3 / .7}});
  sampling.top_k = 100;
  EXPECT_EQ(draw(sampling).size(), 5u);
}

TEST(Sampler, TopKTakesTheLowestOfEquals) {
  for (uint64_t seed = 0; seed < 8; ++seed) {
    tenon_rt_sampling sampling = {};
    sampling.temperature = 1;
    sampling.top_k = 1;
    sampling.seed = seed;
    EXPECT_EQ(pickOne(sampling, {1, 5, 2, 5, 5, -3}), 1);
  }
}

TEST(Sampler, TopPKeepsTheFewestThatReachIt) {
  tenon_rt_sampling sampling = {};
  sampling.temperature = 1;
  sampling.top_p = 0.75f;
  sampling.seed = 4;
  expectShares(sampling, {{1, .4 / .85}, {3, .3 / .85}, {4, .15 / .85}});
  sampling.top_p = 0.01f;
  expectShares(sampling, {{1, 1.0}});
}

TEST(Sampler, MinPDropsBelowAShareOfTheLargest) {
  tenon_rt_sampling sampling = {};
  sampling.temperature = 1;
  sampling.min_p = 0.3f;
  sampling.seed = 5;
  expectShares(sampling, {{1, .4 / .85}, {3, .3 / .85}, {4, .15 / .85}});
  sampling.min_p = 1;
  expectShares(sampling, {{1, 1.0}});
}

TEST(Sampler, FiltersComeBeforeTheTemperature) {
  // At this temperature all tokens are nearly alike; top_p still sees the
  // model's own distribution and keeps three.
  tenon_rt_sampling sampling = {};
  sampling.temperature = 1000;
  sampling.top_p = 0.75f;
  sampling.seed = 6;
  expectShares(sampling, {{1, 1 / 3.}, {3, 1 / 3.}, {4, 1 / 3.}});
}

TEST(Sampler, TopPWorksOnWhatTopKLeft) {
  // Of {.4, .3, .15} the first two reach 0.75 of the sum .85.
  tenon_rt_sampling sampling = {};
  sampling.temperature = 1;
  sampling.top_k = 3;
  sampling.top_p = 0.75f;
  sampling.seed = 7;
  expectShares(sampling, {{1, .4 / .7}, {3, .3 / .7}});
}

TEST(Sampler, SeedsGiveTheSameTokensEverywhere) {
  tenon_rt_sampling sampling = {};
  sampling.temperature = 1;
  sampling.seed = 42;
  std::vector<float> logits(16, 0.0f);
  tenon_rt_sampler *sampler = nullptr;
  ASSERT_EQ(tenon_rt_sampler_create(&sampling, &sampler), TENON_RT_OK);
  std::vector<int32_t> ids(8);
  for (int32_t &id : ids)
    ASSERT_EQ(tenon_rt_sampler_pick(sampler, logits.data(), 16, &id),
              TENON_RT_OK);
  tenon_rt_sampler_destroy(sampler);
  // The top four bits of SplitMix64's outputs for this seed.
  EXPECT_EQ(ids, (std::vector<int32_t>{11, 2, 4, 5, 0, 13, 3, 12}));
}

TEST(Sampler, RefusesBadOptions) {
  tenon_rt_sampler *sampler = nullptr;
  auto refused = [&](tenon_rt_sampling sampling, const char *word) {
    EXPECT_EQ(tenon_rt_sampler_create(&sampling, &sampler), TENON_RT_ARGUMENT);
    EXPECT_NE(std::string(tenon_rt_error(nullptr)).find(word),
              std::string::npos);
  };
  refused({-1, 0, 0, 0, 0}, "temperature");
  refused({kNan, 0, 0, 0, 0}, "temperature");
  refused({kInf, 0, 0, 0, 0}, "temperature");
  refused({1, -1, 0, 0, 0}, "top_k");
  refused({1, 0, 1.5f, 0, 0}, "top_p");
  refused({1, 0, kNan, 0, 0}, "top_p");
  refused({1, 0, 0, -0.5f, 0}, "min_p");
  EXPECT_EQ(sampler, nullptr);
}

} // namespace
