//===- TopKTest.cpp - the most likely tokens in place of logits -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a session gives by rank is what sorting its logits gives, and a sampler
// takes of it what it takes of all logits.
//
//===----------------------------------------------------------------------===//

#include "FakeArtifact.h"
#include "FakeModel.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <numeric>

namespace {

constexpr uint64_t kMost = 5; // FAKE_TOP_K

/// Memory for the tokens of some rows.
struct Best {
  Best(uint64_t count, size_t rows)
      : ids(rows * count, -7), logits(rows * count, -7),
        view{count, ids.data(), logits.data()} {}
  std::vector<int32_t> ids;
  std::vector<float> logits;
  tenon_rt_top_k view;
};

/// Rows of logits, sorted.
Best sort(const std::vector<float> &logits, uint64_t count) {
  size_t rows = logits.size() / FAKE_VOCAB;
  Best best(count, rows);
  for (size_t row = 0; row < rows; ++row) {
    const float *own = &logits[row * FAKE_VOCAB];
    std::vector<int32_t> order(FAKE_VOCAB);
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
      return own[a] != own[b] ? own[a] > own[b] : a < b;
    });
    for (uint64_t i = 0; i < count; ++i) {
      best.ids[row * count + i] = order[i];
      best.logits[row * count + i] = own[order[i]];
    }
  }
  return best;
}

std::vector<int32_t> someIds(size_t count) {
  std::vector<int32_t> ids(count);
  for (size_t i = 0; i < count; ++i)
    ids[i] = static_cast<int32_t>((i * i + 3 * i) % FAKE_VOCAB);
  return ids;
}

class TopK : public testing::TestWithParam<uint32_t> {
protected:
  void open(const char *variant) {
    fake = std::make_unique<FakeModel>(variant);
    model = fake->open();
    ASSERT_NE(model, nullptr) << fake->message;
  }
  void TearDown() override { tenon_rt_model_close(model); }

  tenon_rt_session *make() {
    tenon_rt_session_options options = {};
    options.threads = GetParam();
    tenon_rt_session *session = nullptr;
    EXPECT_EQ(tenon_rt_session_create(model, &options, &session), TENON_RT_OK)
        << tenon_rt_error(nullptr);
    return session;
  }

  std::unique_ptr<FakeModel> fake;
  tenon_rt_model *model = nullptr;
};

TEST_P(TopK, StepsAndPrefillsGiveSortedLogits) {
  open("good");
  EXPECT_EQ(tenon_rt_model_get_info(model)->top_k, kMost);
  for (uint64_t count : {1u, 3u, 5u})
    for (size_t tokens : {1u, 3u, 8u, 19u}) {
      std::vector<int32_t> ids = someIds(tokens);
      std::vector<float> logits = expectedLogits(ids);
      tenon_rt_session *session = make();
      Best got(count, tokens);
      ASSERT_EQ(tenon_rt_step_top_k(session, ids.data(), tokens, &got.view),
                TENON_RT_OK)
          << tenon_rt_error(session);
      Best want = sort(logits, count);
      EXPECT_EQ(got.ids, want.ids);
      EXPECT_EQ(got.logits, want.logits);

      // Of a prefill the last row; logits may stay away.
      tenon_rt_session_truncate(session, 0);
      Best last(count, 1);
      last.view.logits = nullptr;
      ASSERT_EQ(tenon_rt_prefill_top_k(session, ids.data(), tokens, &last.view),
                TENON_RT_OK);
      want = sort({logits.end() - FAKE_VOCAB, logits.end()}, count);
      EXPECT_EQ(last.ids, want.ids);

      // Afterwards logits can be asked for as before.
      std::vector<float> next(FAKE_VOCAB);
      ids.push_back(2);
      ASSERT_EQ(tenon_rt_step(session, &ids.back(), 1, next.data()),
                TENON_RT_OK);
      logits = expectedLogits(ids);
      EXPECT_EQ(next,
                std::vector<float>(logits.end() - FAKE_VOCAB, logits.end()));
      tenon_rt_session_destroy(session);
    }
}

TEST_P(TopK, BatchesGiveSortedLogits) {
  open("good");
  std::vector<tenon_rt_session *> sessions;
  std::vector<int32_t> next;
  std::vector<float> logits;
  for (size_t tokens : {4u, 1u, 7u}) {
    std::vector<int32_t> ids = someIds(tokens);
    sessions.push_back(make());
    ASSERT_EQ(tenon_rt_prefill(sessions.back(), ids.data(), tokens, nullptr),
              TENON_RT_OK);
    next.push_back(static_cast<int32_t>(tokens));
    ids.push_back(next.back());
    std::vector<float> all = expectedLogits(ids);
    logits.insert(logits.end(), all.end() - FAKE_VOCAB, all.end());
  }
  Best got(4, sessions.size());
  ASSERT_EQ(tenon_rt_step_batch_top_k(sessions.data(), sessions.size(),
                                      next.data(), &got.view),
            TENON_RT_OK)
      << tenon_rt_error(nullptr);
  Best want = sort(logits, 4);
  EXPECT_EQ(got.ids, want.ids);
  EXPECT_EQ(got.logits, want.logits);
  for (tenon_rt_session *session : sessions)
    tenon_rt_session_destroy(session);
}

TEST_P(TopK, BadRequestsChangeNothing) {
  open("good");
  tenon_rt_session *session = make();
  int32_t id = 1;
  auto expectRefusal = [&](const tenon_rt_top_k *best, const char *text) {
    EXPECT_EQ(tenon_rt_step_top_k(session, &id, 1, best), TENON_RT_ARGUMENT);
    EXPECT_NE(std::string(tenon_rt_error(session)).find(text),
              std::string::npos)
        << tenon_rt_error(session);
    EXPECT_EQ(tenon_rt_prefill_top_k(session, &id, 1, best), TENON_RT_ARGUMENT);
    EXPECT_EQ(tenon_rt_step_batch_top_k(&session, 1, &id, best),
              TENON_RT_ARGUMENT);
    EXPECT_EQ(tenon_rt_session_length(session), 0u);
  };
  Best best(kMost + 1, 1);
  expectRefusal(nullptr, "tenon_rt_top_k");
  expectRefusal(&best.view, "count: expected 1 to 5");
  best.view.count = 0;
  expectRefusal(&best.view, "count: expected 1 to 5");
  for (float *logits : {static_cast<float *>(nullptr), best.logits.data()}) {
    best.view = {1, nullptr, logits};
    expectRefusal(&best.view, "ids");
  }
  tenon_rt_session_destroy(session);
}

TEST_P(TopK, ModelsWithoutItSayHowToGetIt) {
  open("unranked");
  EXPECT_EQ(tenon_rt_model_get_info(model)->top_k, 0u);
  tenon_rt_session *session = make();
  int32_t id = 1;
  Best best(3, 1);
  EXPECT_EQ(tenon_rt_step_top_k(session, &id, 1, &best.view),
            TENON_RT_ARGUMENT);
  EXPECT_NE(std::string(tenon_rt_error(session)).find("tenonc --top-k=3"),
            std::string::npos)
      << tenon_rt_error(session);
  tenon_rt_session_destroy(session);
}

INSTANTIATE_TEST_SUITE_P(Threads, TopK, testing::Values(1, 2, 3),
                         testing::PrintToStringParamName());

//===----------------------------------------------------------------------===//
// Samplers
//===----------------------------------------------------------------------===//

/// Tokens that a sampler takes of the same logits, many times.
template <typename Pick>
std::vector<int32_t> pickMany(const tenon_rt_sampling &sampling, Pick pick) {
  tenon_rt_sampler *sampler = nullptr;
  EXPECT_EQ(tenon_rt_sampler_create(&sampling, &sampler), TENON_RT_OK);
  std::vector<int32_t> ids;
  for (int i = 0; i < 200; ++i) {
    int32_t id = -1;
    EXPECT_EQ(pick(sampler, &id), TENON_RT_OK) << tenon_rt_error(nullptr);
    ids.push_back(id);
  }
  tenon_rt_sampler_destroy(sampler);
  return ids;
}

TEST(TopKSampler, TakesWhatItTakesOfAllLogits) {
  std::vector<float> logits(FAKE_VOCAB);
  for (int v = 0; v < FAKE_VOCAB; ++v)
    logits[v] = static_cast<float>(v * 7 % 11) / 4;
  // Also as many as there are, all of them equal in part.
  for (tenon_rt_sampling sampling :
       {tenon_rt_sampling{0, 0, 0, 0, 1}, tenon_rt_sampling{1, 4, 0, 0, 2},
        tenon_rt_sampling{0.7f, 9, 0.8f, 0, 3},
        tenon_rt_sampling{2, 9, 0, 0.5f, 4},
        tenon_rt_sampling{1, FAKE_VOCAB, 0.9f, 0.1f, 5},
        tenon_rt_sampling{1, FAKE_VOCAB, 0, 0, 6}})
    for (uint64_t more : {0u, 3u}) {
      uint64_t count = std::max<uint64_t>(1, sampling.top_k);
      Best best = sort(logits, std::min<uint64_t>(count + more, FAKE_VOCAB));
      EXPECT_EQ(pickMany(sampling,
                         [&](tenon_rt_sampler *sampler, int32_t *id) {
                           return tenon_rt_sampler_pick_top_k(sampler,
                                                              &best.view, id);
                         }),
                pickMany(sampling, [&](tenon_rt_sampler *sampler, int32_t *id) {
                  return tenon_rt_sampler_pick(sampler, logits.data(),
                                               logits.size(), id);
                }));
    }
}

TEST(TopKSampler, RefusesWhatItCannotChooseFrom) {
  tenon_rt_sampling sampling = {1, 4, 0, 0, 0};
  tenon_rt_sampler *sampler = nullptr;
  ASSERT_EQ(tenon_rt_sampler_create(&sampling, &sampler), TENON_RT_OK);
  int32_t id = -1;
  Best best = sort(std::vector<float>(FAKE_VOCAB, 1), 3);
  auto expectError = [&](tenon_rt_status status, const char *text) {
    EXPECT_EQ(tenon_rt_sampler_pick_top_k(sampler, &best.view, &id), status);
    EXPECT_NE(std::string(tenon_rt_error(nullptr)).find(text),
              std::string::npos)
        << tenon_rt_error(nullptr);
    EXPECT_EQ(id, -1);
  };
  expectError(TENON_RT_ARGUMENT, "top_k: expected 1 to 3");
  best.view.logits = nullptr;
  expectError(TENON_RT_ARGUMENT, "expected logits");
  best.ids[0] = -1;
  expectError(TENON_RT_NUMERIC, "none of the logits is a number");
  best.view.count = 0;
  expectError(TENON_RT_ARGUMENT, "expected ids");
  tenon_rt_sampler_destroy(sampler);
}

TEST(TopKSampler, StopsWhereThereIsNone) {
  tenon_rt_sampling sampling = {1, 3, 0, 0, 0};
  Best best(3, 1);
  best.ids = {4, 2, -1};
  best.logits = {1, 1, 1}; // the last one's says nothing
  for (int32_t id : pickMany(sampling, [&](auto *sampler, int32_t *id) {
         return tenon_rt_sampler_pick_top_k(sampler, &best.view, id);
       }))
    EXPECT_TRUE(id == 4 || id == 2) << id;
}

} // namespace
