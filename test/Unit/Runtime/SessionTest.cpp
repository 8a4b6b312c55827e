//===- SessionTest.cpp - sequences over a model ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The hand-written artifact answers in exact integers, so results are compared
// for equality: in pieces or at once, with any number of threads, after forks
// and truncations, and from many sessions at the same time.
//
//===----------------------------------------------------------------------===//

#include "FakeArtifact.h"
#include "FakeModel.h"
#include "runtime/src/Weights.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace {

std::vector<int32_t> someIds(size_t count, uint32_t seed = 1) {
  std::vector<int32_t> ids(count);
  for (int32_t &id : ids) {
    seed = seed * 1664525 + 1013904223;
    id = static_cast<int32_t>((seed >> 16) % FAKE_VOCAB);
  }
  return ids;
}

std::vector<float> lastRow(const std::vector<float> &logits) {
  return {logits.end() - FAKE_VOCAB, logits.end()};
}

class Sessions : public testing::TestWithParam<uint32_t> {
protected:
  void SetUp() override {
    model = fake.open();
    ASSERT_NE(model, nullptr) << fake.message;
  }
  void TearDown() override { tenon_rt_model_close(model); }

  tenon_rt_session *make(uint64_t context = 0) {
    tenon_rt_session_options options = {};
    options.context = context;
    options.threads = GetParam();
    tenon_rt_session *session = nullptr;
    EXPECT_EQ(tenon_rt_session_create(model, &options, &session), TENON_RT_OK)
        << tenon_rt_error(nullptr);
    return session;
  }

  FakeModel fake;
  tenon_rt_model *model = nullptr;
};

/// Appends ids and returns all rows' logits.
std::vector<float> step(tenon_rt_session *session,
                        const std::vector<int32_t> &ids) {
  std::vector<float> logits(ids.size() * FAKE_VOCAB, -1);
  EXPECT_EQ(tenon_rt_step(session, ids.data(), ids.size(), logits.data()),
            TENON_RT_OK)
      << tenon_rt_error(session);
  return logits;
}

std::vector<float> prefill(tenon_rt_session *session,
                           const std::vector<int32_t> &ids) {
  std::vector<float> logits(FAKE_VOCAB, -1);
  EXPECT_EQ(tenon_rt_prefill(session, ids.data(), ids.size(), logits.data()),
            TENON_RT_OK)
      << tenon_rt_error(session);
  return logits;
}

TEST_P(Sessions, AllRowsAnswerAsDefined) {
  for (size_t count : {1u, 2u, 7u, 8u, 9u, 16u, 17u, 100u}) {
    tenon_rt_session *session = make();
    EXPECT_EQ(tenon_rt_session_threads(session), GetParam());
    std::vector<int32_t> ids = someIds(count);
    EXPECT_EQ(step(session, ids), expectedLogits(ids)) << count;
    EXPECT_EQ(tenon_rt_session_length(session), count);
    tenon_rt_session_destroy(session);
  }
}

TEST_P(Sessions, PrefillAnswersTheLastRow) {
  for (size_t count : {1u, 5u, 8u, 9u, 40u}) {
    tenon_rt_session *session = make();
    std::vector<int32_t> ids = someIds(count);
    EXPECT_EQ(prefill(session, ids), lastRow(expectedLogits(ids))) << count;
    tenon_rt_session_destroy(session);
  }
}

TEST_P(Sessions, PiecesAndStepsContinue) {
  tenon_rt_session *session = make();
  std::vector<int32_t> ids = someIds(61);
  ASSERT_EQ(tenon_rt_prefill(session, ids.data(), 21, nullptr), TENON_RT_OK);
  for (size_t i = 21; i < 60; ++i)
    EXPECT_EQ(step(session, {ids[i]}),
              lastRow(expectedLogits({ids.begin(), ids.begin() + i + 1})));
  EXPECT_EQ(prefill(session, {ids[60]}), lastRow(expectedLogits(ids)));
  tenon_rt_session_destroy(session);
}

TEST_P(Sessions, ForksGoTheirOwnWay) {
  tenon_rt_session *session = make();
  std::vector<int32_t> common = someIds(30), left = someIds(9, 2),
                       right = someIds(12, 3);
  prefill(session, common);
  tenon_rt_session *copy = nullptr;
  ASSERT_EQ(tenon_rt_session_fork(session, &copy), TENON_RT_OK);
  EXPECT_EQ(tenon_rt_session_length(copy), 30u);
  EXPECT_EQ(tenon_rt_session_context(copy), uint64_t(FAKE_CONTEXT));
  std::vector<float> ours = prefill(session, left);
  std::vector<float> theirs = prefill(copy, right);
  tenon_rt_session_destroy(session);
  left.insert(left.begin(), common.begin(), common.end());
  right.insert(right.begin(), common.begin(), common.end());
  EXPECT_EQ(ours, lastRow(expectedLogits(left)));
  EXPECT_EQ(theirs, lastRow(expectedLogits(right)));
  std::vector<int32_t> more = someIds(20, 4);
  std::vector<float> later = prefill(copy, more);
  right.insert(right.end(), more.begin(), more.end());
  EXPECT_EQ(later, lastRow(expectedLogits(right)));
  tenon_rt_session_destroy(copy);
}

TEST_P(Sessions, TruncationForgets) {
  tenon_rt_session *session = make();
  std::vector<int32_t> ids = someIds(50);
  prefill(session, ids);
  ASSERT_EQ(tenon_rt_session_truncate(session, 17), TENON_RT_OK);
  EXPECT_EQ(tenon_rt_session_length(session), 17u);
  ids.resize(17);
  std::vector<int32_t> more = someIds(4, 9);
  std::vector<float> logits = prefill(session, more);
  ids.insert(ids.end(), more.begin(), more.end());
  EXPECT_EQ(logits, lastRow(expectedLogits(ids)));
  EXPECT_EQ(tenon_rt_session_truncate(session, 22), TENON_RT_ARGUMENT);
  EXPECT_EQ(tenon_rt_session_length(session), 21u);
  ASSERT_EQ(tenon_rt_session_truncate(session, 0), TENON_RT_OK);
  EXPECT_EQ(prefill(session, more), lastRow(expectedLogits(more)));
  tenon_rt_session_destroy(session);
}

TEST_P(Sessions, ContextEndsExactlyWhereAsked) {
  tenon_rt_session *session = make(21);
  EXPECT_EQ(tenon_rt_session_context(session), 21u);
  std::vector<int32_t> ids = someIds(22);
  std::vector<float> logits(FAKE_VOCAB, -1);
  EXPECT_EQ(tenon_rt_prefill(session, ids.data(), 22, logits.data()),
            TENON_RT_CONTEXT);
  EXPECT_NE(std::string(tenon_rt_error(session)).find("at most 21"),
            std::string::npos);
  EXPECT_EQ(tenon_rt_session_length(session), 0u);
  ids.resize(21);
  EXPECT_EQ(prefill(session, ids), lastRow(expectedLogits(ids)));
  EXPECT_EQ(tenon_rt_step(session, ids.data(), 1, logits.data()),
            TENON_RT_CONTEXT);
  tenon_rt_session_destroy(session);
}

TEST_P(Sessions, BadTokensAreRefusedBeforeAnyWork) {
  tenon_rt_session *session = make();
  std::vector<float> logits(20 * FAKE_VOCAB, -1);
  std::vector<int32_t> ids = someIds(20);
  for (int32_t bad : {-1, int(FAKE_VOCAB), INT32_MAX, INT32_MIN}) {
    ids[19] = bad;
    EXPECT_EQ(tenon_rt_step(session, ids.data(), 20, logits.data()),
              TENON_RT_ARGUMENT);
    EXPECT_NE(std::string(tenon_rt_error(session)).find("token 19"),
              std::string::npos);
  }
  EXPECT_EQ(tenon_rt_session_length(session), 0u);
  EXPECT_EQ(tenon_rt_prefill(session, ids.data(), 0, logits.data()),
            TENON_RT_ARGUMENT);
  EXPECT_EQ(tenon_rt_prefill(session, nullptr, 1, logits.data()),
            TENON_RT_ARGUMENT);
  EXPECT_EQ(tenon_rt_step(session, ids.data(), 1, nullptr), TENON_RT_ARGUMENT);
  tenon_rt_session_destroy(session);
}

TEST_P(Sessions, BatchesAnswerAsEachAlone) {
  std::vector<tenon_rt_session *> sessions;
  std::vector<std::vector<int32_t>> texts;
  for (uint32_t i = 0; i < FAKE_BATCH_ROWS; ++i) {
    sessions.push_back(make(48 + 16 * i));
    texts.push_back(someIds(3 + 11 * i, i));
    prefill(sessions[i], texts[i]);
  }
  for (uint32_t round = 0; round < 8; ++round) {
    // Every number of sessions, in changing order.
    size_t count = 1 + round % FAKE_BATCH_ROWS;
    std::rotate(sessions.begin(), sessions.begin() + 1, sessions.end());
    std::rotate(texts.begin(), texts.begin() + 1, texts.end());
    std::vector<int32_t> ids = someIds(count, 90 + round);
    std::vector<float> logits(count * FAKE_VOCAB, -1);
    ASSERT_EQ(
        tenon_rt_step_batch(sessions.data(), count, ids.data(), logits.data()),
        TENON_RT_OK)
        << tenon_rt_error(nullptr);
    for (size_t i = 0; i < count; ++i) {
      texts[i].push_back(ids[i]);
      EXPECT_EQ(std::vector<float>(logits.begin() + i * FAKE_VOCAB,
                                   logits.begin() + (i + 1) * FAKE_VOCAB),
                lastRow(expectedLogits(texts[i])));
      EXPECT_EQ(tenon_rt_session_length(sessions[i]), texts[i].size());
    }
  }
  for (tenon_rt_session *session : sessions)
    tenon_rt_session_destroy(session);
}

TEST_P(Sessions, BadBatchesChangeNothing) {
  tenon_rt_session *a = make(), *b = make(), *full = make(16);
  prefill(a, someIds(5));
  prefill(full, someIds(16));
  tenon_rt_model *again = fake.open();
  tenon_rt_session_options options = {};
  options.threads = 1;
  tenon_rt_session *other = nullptr;
  ASSERT_EQ(tenon_rt_session_create(again, &options, &other), TENON_RT_OK);
  std::vector<float> logits((FAKE_BATCH_ROWS + 1) * FAKE_VOCAB, -1);
  auto refused = [&](std::vector<tenon_rt_session *> sessions,
                     std::vector<int32_t> ids, tenon_rt_status status,
                     const char *words, bool hasLogits = true) {
    EXPECT_EQ(tenon_rt_step_batch(sessions.data(), ids.size(), ids.data(),
                                  hasLogits ? logits.data() : nullptr),
              status);
    EXPECT_NE(std::string(tenon_rt_error(nullptr)).find(words),
              std::string::npos)
        << tenon_rt_error(nullptr);
    EXPECT_EQ(tenon_rt_session_length(a), 5u);
    EXPECT_EQ(tenon_rt_session_length(b), 0u);
    EXPECT_EQ(tenon_rt_session_length(full), 16u);
  };
  refused({}, {}, TENON_RT_ARGUMENT, "expected a");
  refused({a, nullptr}, {1, 2}, TENON_RT_ARGUMENT, "session");
  refused({a, b}, {1, 2}, TENON_RT_ARGUMENT, "logits", false);
  refused({a, b, a}, {1, 2, 3}, TENON_RT_ARGUMENT, "it is session 0 too");
  refused({a, other}, {1, 2}, TENON_RT_ARGUMENT, "sessions of one model");
  refused({a, b}, {1, FAKE_VOCAB}, TENON_RT_ARGUMENT, "session 1: token 0");
  refused({a, b, full}, {1, 2, 3}, TENON_RT_CONTEXT, "session 2: expected at");
  std::vector<tenon_rt_session *> many(FAKE_BATCH_ROWS + 1, a);
  refused(many, std::vector<int32_t>(many.size(), 1), TENON_RT_ARGUMENT,
          "at most 4");
  // And they still work.
  std::vector<tenon_rt_session *> sessions = {b, a};
  std::vector<int32_t> ids = {7, 8};
  EXPECT_EQ(tenon_rt_step_batch(sessions.data(), 2, ids.data(), logits.data()),
            TENON_RT_OK);
  EXPECT_EQ(std::vector<float>(logits.begin(), logits.begin() + FAKE_VOCAB),
            expectedLogits({7}));
  for (tenon_rt_session *session : {a, b, full, other})
    tenon_rt_session_destroy(session);
  tenon_rt_model_close(again);
}

TEST_P(Sessions, ManyRunAtTheSameTime) {
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (uint32_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (uint32_t round = 0; round < 5; ++round) {
        tenon_rt_session *session = make();
        std::vector<int32_t> ids = someIds(40, t * 100 + round);
        std::vector<float> logits(FAKE_VOCAB);
        for (size_t i = 0; i < ids.size(); i += 4)
          if (tenon_rt_prefill(session, &ids[i], 4, logits.data()))
            ++wrong;
        if (logits != lastRow(expectedLogits(ids)))
          ++wrong;
        tenon_rt_session_destroy(session);
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(wrong, 0);
}

INSTANTIATE_TEST_SUITE_P(Threads, Sessions, testing::Values(1, 2, 5));

class OneThread : public Sessions {};
INSTANTIATE_TEST_SUITE_P(Threads, OneThread, testing::Values(1));

TEST_P(OneThread, ZeroThreadsAreOnePerProcessor) {
  tenon_rt_session *session = nullptr;
  ASSERT_EQ(tenon_rt_session_create(model, nullptr, &session), TENON_RT_OK);
  EXPECT_EQ(tenon_rt_session_threads(session), tenon_rt_processors());
  tenon_rt_session_destroy(session);
}

TEST_P(OneThread, PinnedThreadsAnswerTheSame) {
  tenon_rt_session_options options = {};
  options.pin = 1;
  tenon_rt_session *session = nullptr, *copy = nullptr;
  ASSERT_EQ(tenon_rt_session_create(model, &options, &session), TENON_RT_OK);
  std::vector<int32_t> ids = someIds(20);
  EXPECT_EQ(prefill(session, ids), lastRow(expectedLogits(ids)));
  ASSERT_EQ(tenon_rt_session_fork(session, &copy), TENON_RT_OK);
  ids.push_back(3);
  EXPECT_EQ(prefill(copy, {3}), lastRow(expectedLogits(ids)));
  tenon_rt_session_destroy(copy);
  tenon_rt_session_destroy(session);
}

TEST_P(OneThread, OutlivesTheModelHandle) {
  tenon_rt_session *session = make();
  tenon_rt_model_close(model);
  model = nullptr;
  std::vector<int32_t> ids = someIds(10);
  EXPECT_EQ(prefill(session, ids), lastRow(expectedLogits(ids)));
  tenon_rt_session_destroy(session);
}

TEST_P(Sessions, SavedFilesGoOn) {
  tenon_rt_session *session = make(60);
  std::vector<int32_t> ids = someIds(33);
  prefill(session, ids);
  std::string path = fake.library() + ".session";
  ASSERT_EQ(tenon_rt_session_save(session, path.c_str()), TENON_RT_OK)
      << tenon_rt_error(session);
  tenon_rt_session_destroy(session);
  tenon_rt_session *restored = nullptr;
  ASSERT_EQ(tenon_rt_session_restore(model, path.c_str(), nullptr, &restored),
            TENON_RT_OK)
      << tenon_rt_error(nullptr);
  EXPECT_EQ(tenon_rt_session_length(restored), 33u);
  EXPECT_EQ(tenon_rt_session_context(restored), 60u);
  std::vector<int32_t> more = someIds(5, 8);
  ids.insert(ids.end(), more.begin(), more.end());
  EXPECT_EQ(prefill(restored, more), lastRow(expectedLogits(ids)));
  tenon_rt_session_destroy(restored);
}

TEST_P(OneThread, CopiesHoldWhatIsFilled) {
  std::vector<int32_t> all = someIds(FAKE_CONTEXT);
  std::string path = fake.library() + ".session";
  // Tiles have 64 slots: none, begun, full, and the last one of the context.
  for (size_t count : {0, 1, 63, 64, 65, int(FAKE_CONTEXT)}) {
    // What was there before and is forgotten must not matter.
    for (bool isTruncated : {false, true}) {
      tenon_rt_session *session = make();
      std::vector<int32_t> ids(all.begin(), all.begin() + count);
      if (isTruncated) {
        prefill(session, someIds(FAKE_CONTEXT, 5));
        ASSERT_EQ(tenon_rt_session_truncate(session, 0), TENON_RT_OK);
      }
      if (count > 0)
        prefill(session, ids);
      tenon_rt_session *copies[2] = {};
      ASSERT_EQ(tenon_rt_session_fork(session, &copies[0]), TENON_RT_OK);
      ASSERT_EQ(tenon_rt_session_save(session, path.c_str()), TENON_RT_OK)
          << tenon_rt_error(session);
      tenon_rt_session_destroy(session);
      EXPECT_EQ(readFile(path).size(),
                4096 + (count + 63) / 64 * 64 * FAKE_LAYERS * sizeof(uint32_t));
      ASSERT_EQ(
          tenon_rt_session_restore(model, path.c_str(), nullptr, &copies[1]),
          TENON_RT_OK)
          << tenon_rt_error(nullptr);
      for (tenon_rt_session *copy : copies) {
        EXPECT_EQ(tenon_rt_session_length(copy), count);
        if (count == FAKE_CONTEXT) {
          ids.resize(FAKE_CONTEXT - 1);
          ASSERT_EQ(tenon_rt_session_truncate(copy, ids.size()), TENON_RT_OK);
        }
        std::vector<int32_t> longer = ids;
        longer.push_back(7);
        EXPECT_EQ(prefill(copy, {7}), lastRow(expectedLogits(longer)))
            << count << (isTruncated ? " after others" : "");
        tenon_rt_session_destroy(copy);
      }
    }
  }
}

TEST_P(OneThread, APipeIsNotReplacedByASession) {
  tenon_rt_session *session = make(60);
  std::string path = fake.library() + ".pipe";
  unlink(path.c_str());
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(tenon_rt_session_save(session, path.c_str()), TENON_RT_IO);
  EXPECT_NE(std::string(tenon_rt_error(session)).find(path), std::string::npos);
  struct stat place;
  ASSERT_EQ(stat(path.c_str(), &place), 0);
  EXPECT_TRUE(S_ISFIFO(place.st_mode));
  unlink(path.c_str());
  tenon_rt_session_destroy(session);
}

TEST_P(OneThread, DamagedSessionFilesAreRefused) {
  tenon_rt_session *session = make(60);
  prefill(session, someIds(33));
  std::string path = fake.library() + ".session";
  ASSERT_EQ(tenon_rt_session_save(session, path.c_str()), TENON_RT_OK);
  EXPECT_EQ(tenon_rt_session_save(session, "/nonexistent/folder/x"),
            TENON_RT_IO);
  tenon_rt_session_destroy(session);
  std::vector<uint8_t> original = readFile(path);
  auto refused = [&](const std::vector<uint8_t> &bytes,
                     tenon_rt_status status) {
    writeFile(path, bytes);
    tenon_rt_session *restored = nullptr;
    EXPECT_EQ(tenon_rt_session_restore(model, path.c_str(), nullptr, &restored),
              status);
    EXPECT_EQ(restored, nullptr);
    EXPECT_NE(std::string(tenon_rt_error(nullptr)).find(path),
              std::string::npos);
  };
  refused({}, TENON_RT_DAMAGED);
  refused({original.begin(), original.end() - 1}, TENON_RT_DAMAGED);
  for (size_t at : {16u, 40u, 60u, 70u, 4096u, 4099u}) {
    std::vector<uint8_t> bytes = original;
    bytes.at(at) ^= 1;
    refused(bytes, TENON_RT_DAMAGED);
  }
  std::vector<uint8_t> bytes = original;
  bytes[0] = 'X';
  refused(bytes, TENON_RT_FORMAT);
  bytes = original;
  bytes[8] = 9;
  refused(bytes, TENON_RT_ABI);
  // A sound header whose tokens need no cache.
  bytes = original;
  bytes[40] = 0;
  uint64_t hash = tenon::runtime::hash64({bytes.data(), 64});
  std::memcpy(&bytes[64], &hash, sizeof(hash));
  refused(bytes, TENON_RT_DAMAGED);
  EXPECT_NE(std::string(tenon_rt_error(nullptr)).find("its length says"),
            std::string::npos)
      << tenon_rt_error(nullptr);

  // A sound file of another library: the fake one, longer by a byte.
  tenon_rt_model_close(model);
  fake.edit(fake.library(), [](auto &library) { library.push_back(0); });
  writeFile(fake.weights(),
            weightFile(readFile(fake.library()), std::vector<uint8_t>(16),
                       fakeWeights()));
  model = fake.open();
  ASSERT_NE(model, nullptr) << fake.message;
  refused(original, TENON_RT_MISMATCH);
}

TEST_P(OneThread, OptionsAreChecked) {
  tenon_rt_session *session = nullptr;
  tenon_rt_session_options options = {};
  options.threads = 1025;
  EXPECT_EQ(tenon_rt_session_create(model, &options, &session),
            TENON_RT_ARGUMENT);
  options.threads = UINT32_MAX;
  EXPECT_EQ(tenon_rt_session_create(model, &options, &session),
            TENON_RT_ARGUMENT);
  options.threads = 10000;
  EXPECT_EQ(tenon_rt_session_create(model, &options, &session),
            TENON_RT_ARGUMENT);
  EXPECT_STREQ(tenon_rt_error(nullptr),
               "threads: expected 1 to 1024, or 0 for one per processor, but "
               "got 10000");
  options.threads = 1;
  options.pin = 2;
  EXPECT_EQ(tenon_rt_session_create(model, &options, &session),
            TENON_RT_ARGUMENT);
  options.pin = 1;
  options.threads = tenon_rt_processors() + 1;
  EXPECT_EQ(tenon_rt_session_create(model, &options, &session),
            TENON_RT_ARGUMENT);
  EXPECT_NE(std::string(tenon_rt_error(nullptr)).find("do not pin"),
            std::string::npos);
  options.pin = 0;
  options.threads = 1;
  options.context = FAKE_CONTEXT + 1;
  EXPECT_EQ(tenon_rt_session_create(model, &options, &session),
            TENON_RT_ARGUMENT);
  EXPECT_NE(std::string(tenon_rt_error(nullptr)).find("--context=101"),
            std::string::npos);
  options.context = UINT64_MAX;
  EXPECT_EQ(tenon_rt_session_create(model, &options, &session),
            TENON_RT_ARGUMENT);
  EXPECT_EQ(session, nullptr);
}

} // namespace
