//===- RecorderTest.cpp - when each worker ran which kernel ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Times are injected where they are compared; of a session's own only the order
// is known.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Recorder.h"
#include "FakeArtifact.h"
#include "FakeModel.h"
#include "tenon-rt/runtime.h"

#include <gtest/gtest.h>

using tenon::runtime::Recorder;

namespace {

TEST(Recorder, KeepsSpansOfTheLastCall) {
  Recorder recorder;
  EXPECT_FALSE(recorder.isOn());
  recorder.setWorkers(2);
  EXPECT_TRUE(recorder.isOn());
  size_t count = 7;
  for (uint64_t start : {1000, 5000}) {
    recorder.begin(start);
    recorder.mark(0, 6, 4, start + 10);
    recorder.mark(0, 7, 4, start + 30);
    recorder.mark(1, 6, 4, start + 20);
    recorder.mark(1, 7, 4, start + 25);
    recorder.mark(1, 0, 0, start + 40);
    recorder.mark(1, 1, 0, start + 41);
    recorder.end(start + 50);
  }
  EXPECT_EQ(recorder.nanoseconds(), 50u);
  const tenon_rt_span *spans = recorder.spans(0, count);
  ASSERT_EQ(count, 1u);
  EXPECT_EQ(spans[0].worker, 0u);
  EXPECT_EQ(spans[0].kernel, 3u);
  EXPECT_EQ(spans[0].layer, 4u);
  EXPECT_EQ(spans[0].begin, 10u);
  EXPECT_EQ(spans[0].end, 30u);
  spans = recorder.spans(1, count);
  ASSERT_EQ(count, 2u);
  EXPECT_EQ(spans[1].kernel, 0u);
  EXPECT_EQ(spans[1].end, 41u);
  EXPECT_EQ(recorder.spans(2, count), nullptr);
  EXPECT_EQ(count, 0u);
}

// What does not fit is not kept in part, and there is room in the next call.
TEST(Recorder, MakesRoom) {
  Recorder recorder;
  recorder.setWorkers(1);
  size_t count = 0;
  for (size_t expected : {0u, 10000u}) {
    recorder.begin(0);
    for (uint64_t i = 0; i < 10000; ++i) {
      recorder.mark(0, 0, i, i);
      recorder.mark(0, 1, i, i + 1);
    }
    recorder.end(20000);
    const tenon_rt_span *spans = recorder.spans(0, count);
    EXPECT_EQ(count, expected);
    EXPECT_EQ(spans == nullptr, expected == 0);
  }
}

class Recording : public testing::TestWithParam<uint32_t> {};

TEST_P(Recording, SeesEveryWorkerOfACall) {
  FakeModel fake;
  tenon_rt_model *model = fake.open();
  ASSERT_NE(model, nullptr) << fake.message;
  EXPECT_EQ(tenon_rt_model_get_info(model)->has_marks, 1u);
  tenon_rt_session_options options = {};
  options.threads = GetParam();
  tenon_rt_session *session = nullptr;
  ASSERT_EQ(tenon_rt_session_create(model, &options, &session), TENON_RT_OK);

  const int32_t ids[] = {1, 2, 3, 4, 5, 6};
  float logits[FAKE_VOCAB], again[FAKE_VOCAB];
  size_t count = 0;
  uint64_t nanoseconds = 0;
  ASSERT_EQ(tenon_rt_prefill(session, ids, 6, logits), TENON_RT_OK);
  EXPECT_EQ(tenon_rt_session_spans(session, 0, &count, nullptr), nullptr);

  // Results are the same while somebody watches.
  ASSERT_EQ(tenon_rt_session_truncate(session, 0), TENON_RT_OK);
  ASSERT_EQ(tenon_rt_session_record(session, 1), TENON_RT_OK);
  ASSERT_EQ(tenon_rt_prefill(session, ids, 6, again), TENON_RT_OK);
  EXPECT_TRUE(std::equal(logits, logits + FAKE_VOCAB, again));
  for (uint32_t worker = 0; worker < GetParam(); ++worker) {
    const tenon_rt_span *spans =
        tenon_rt_session_spans(session, worker, &count, &nanoseconds);
    ASSERT_EQ(count, 1u) << worker;
    EXPECT_EQ(spans[0].worker, worker);
    EXPECT_LE(spans[0].begin, spans[0].end);
    EXPECT_LE(spans[0].end, nanoseconds);
  }

  EXPECT_EQ(tenon_rt_session_record(session, 2), TENON_RT_ARGUMENT);
  ASSERT_EQ(tenon_rt_session_record(session, 0), TENON_RT_OK);
  ASSERT_EQ(tenon_rt_prefill(session, ids, 6, again), TENON_RT_OK);
  EXPECT_EQ(tenon_rt_session_spans(session, 0, &count, nullptr), nullptr);
  tenon_rt_session_destroy(session);
  tenon_rt_model_close(model);
}

INSTANTIATE_TEST_SUITE_P(Threads, Recording, testing::Values(1, 3));

TEST(Recording, NamesTheRemedyForOtherModels) {
  FakeModel fake("unmarked");
  tenon_rt_model *model = fake.open();
  ASSERT_NE(model, nullptr) << fake.message;
  EXPECT_EQ(tenon_rt_model_get_info(model)->has_marks, 0u);
  tenon_rt_session *session = nullptr;
  ASSERT_EQ(tenon_rt_session_create(model, nullptr, &session), TENON_RT_OK);
  EXPECT_EQ(tenon_rt_session_record(session, 1), TENON_RT_ARGUMENT);
  std::string message = tenon_rt_error(session);
  EXPECT_NE(message.find("fake: expected a model compiled to be profiled"),
            std::string::npos)
      << message;
  EXPECT_NE(message.find("tenonc --profile"), std::string::npos) << message;
  tenon_rt_session_destroy(session);
  tenon_rt_model_close(model);
}

} // namespace
