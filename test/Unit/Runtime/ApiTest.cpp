//===- ApiTest.cpp - the C boundary ---------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakeModel.h"

#include <gtest/gtest.h>
#include <thread>

namespace {

TEST(Api, NamesEveryStatus) {
#define EXPECT_NAME(enumerant, value, name, meaning)                           \
  EXPECT_STREQ(tenon_rt_status_name(enumerant), name);                         \
  EXPECT_EQ(int(enumerant), value);
  TENON_RT_STATUS_LIST(EXPECT_NAME)
#undef EXPECT_NAME
  EXPECT_STREQ(tenon_rt_status_name(999), "unknown");
  EXPECT_EQ(tenon_rt_abi(), TENON_RT_ABI_VERSION);
}

TEST(Api, NullHandlesAreRefusedOrIgnored) {
  float logit;
  int32_t id = 0;
  EXPECT_EQ(tenon_rt_session_create(nullptr, nullptr, nullptr),
            TENON_RT_ARGUMENT);
  EXPECT_EQ(tenon_rt_prefill(nullptr, &id, 1, &logit), TENON_RT_ARGUMENT);
  EXPECT_EQ(tenon_rt_step(nullptr, &id, 1, &logit), TENON_RT_ARGUMENT);
  EXPECT_EQ(tenon_rt_session_fork(nullptr, nullptr), TENON_RT_ARGUMENT);
  EXPECT_EQ(tenon_rt_session_truncate(nullptr, 0), TENON_RT_ARGUMENT);
  EXPECT_EQ(tenon_rt_sampler_create(nullptr, nullptr), TENON_RT_ARGUMENT);
  EXPECT_EQ(tenon_rt_sampler_pick(nullptr, &logit, 1, &id), TENON_RT_ARGUMENT);
  tenon_rt_model_close(nullptr);
  tenon_rt_session_destroy(nullptr);
  tenon_rt_sampler_destroy(nullptr);
}

TEST(Api, MessagesBelongToThreadsAndSessions) {
  tenon_rt_model *none = nullptr;
  EXPECT_EQ(tenon_rt_model_open("/nonexistent/a.so", nullptr, &none),
            TENON_RT_IO);
  std::string ours = tenon_rt_error(nullptr);
  EXPECT_NE(ours.find("/nonexistent/a.so"), std::string::npos);
  std::thread([] { EXPECT_STREQ(tenon_rt_error(nullptr), ""); }).join();

  FakeModel fake;
  tenon_rt_model *model = fake.open();
  ASSERT_NE(model, nullptr) << fake.message;
  tenon_rt_session *a = nullptr, *b = nullptr;
  ASSERT_EQ(tenon_rt_session_create(model, nullptr, &a), TENON_RT_OK);
  ASSERT_EQ(tenon_rt_session_create(model, nullptr, &b), TENON_RT_OK);
  EXPECT_EQ(tenon_rt_session_truncate(a, 5), TENON_RT_ARGUMENT);
  EXPECT_NE(std::string(tenon_rt_error(a)), "");
  EXPECT_STREQ(tenon_rt_error(b), "");
  tenon_rt_session_destroy(a);
  tenon_rt_session_destroy(b);
  tenon_rt_model_close(model);
}

} // namespace
