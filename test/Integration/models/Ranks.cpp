//===- Ranks.cpp - the most likely tokens against sorted logits -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Gives the same tokens to two sessions, in steps, batches and pieces of a
// prefill, and asks the one for logits and the other for tokens by rank: these
// must be what sorting the logits gives, bit for bit. Prints how many rows were
// compared; the first that differs ends the program.
//
//===----------------------------------------------------------------------===//

#include "Common.h"

#include "tenon-rt/runtime.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

class Comparison {
public:
  Comparison(const tenon_rt_model_info &info) : info(info) {}

  /// Memory for the results of `rows` rows, `count` tokens of each.
  /// @{
  float *logits(size_t rows) {
    all.assign(rows * info.vocabulary, NAN);
    return all.data();
  }
  const tenon_rt_top_k *best(uint64_t count, size_t rows) {
    ids.assign(rows * count, -7);
    values.assign(rows * count, NAN);
    view = {count, ids.data(), values.data()};
    return &view;
  }
  /// @}

  /// Compares what the last two calls with these gave.
  void compare(const char *what) {
    for (size_t row = 0; row * view.count < ids.size(); ++row, ++rows) {
      const float *own = &all[row * info.vocabulary];
      order.clear();
      for (uint64_t id = 0; id < info.vocabulary; ++id)
        if (!std::isnan(own[id]))
          order.push_back(static_cast<int32_t>(id));
      std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
        return own[a] != own[b] ? own[a] > own[b] : a < b;
      });
      for (uint64_t i = 0; i < view.count; ++i) {
        int32_t want = i < order.size() ? order[i] : -1;
        float value = want < 0 ? -INFINITY : own[want];
        size_t at = row * view.count + i;
        if (ids[at] == want && !std::memcmp(&value, &values[at], sizeof(value)))
          continue;
        std::fprintf(stderr,
                     "%s, row %zu, place %llu of %llu: expected token %d (%g), "
                     "but got %d (%g)\n",
                     what, row, static_cast<unsigned long long>(i),
                     static_cast<unsigned long long>(view.count), want, value,
                     ids[at], values[at]);
        std::exit(1);
      }
    }
  }

  size_t rows = 0;

private:
  const tenon_rt_model_info &info;
  std::vector<float> all, values;
  std::vector<int32_t> ids, order;
  tenon_rt_top_k view = {};
};

} // namespace

int main(int argc, char **argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s LIBRARY THREADS IDS\n", argv[0]);
    return 2;
  }
  std::vector<int32_t> ids = parseList(argv[3]);
  tenon_rt_model *model = nullptr;
  check(tenon_rt_model_open(argv[1], nullptr, &model));
  const tenon_rt_model_info &info = *tenon_rt_model_get_info(model);
  tenon_rt_session_options options = {};
  options.threads = static_cast<uint32_t>(std::atoi(argv[2]));
  Comparison both(info);
  // Each sequence twice: for logits, and for tokens by rank.
  std::vector<tenon_rt_session *> plain, ranked;
  for (uint64_t i = 0; i < info.batch_rows; ++i)
    for (auto *sessions : {&plain, &ranked}) {
      sessions->emplace_back();
      check(tenon_rt_session_create(model, &options, &sessions->back()));
    }
  uint64_t count = 1;
  auto next = [&] { return count = count * 3 % info.top_k + 1; };
  // Tokens of one sequence: steps, batches, chunks.
  for (size_t tokens : {1, 1, 2, 3, 7, 8, 9, 20, 1, 1}) {
    std::rotate(ids.begin(), ids.begin() + 1, ids.end());
    check(tenon_rt_step(plain[0], ids.data(), tokens, both.logits(tokens)),
          plain[0]);
    check(tenon_rt_step_top_k(ranked[0], ids.data(), tokens,
                              both.best(next(), tokens)),
          ranked[0]);
    both.compare("step");
    check(tenon_rt_prefill(plain[0], ids.data(), tokens, both.logits(1)),
          plain[0]);
    check(tenon_rt_prefill_top_k(ranked[0], ids.data(), tokens,
                                 both.best(next(), 1)),
          ranked[0]);
    both.compare("prefill");
  }
  // One token of each of several.
  for (size_t size = 1; size <= plain.size(); ++size) {
    std::rotate(ids.begin(), ids.begin() + 1, ids.end());
    check(
        tenon_rt_step_batch(plain.data(), size, ids.data(), both.logits(size)));
    check(tenon_rt_step_batch_top_k(ranked.data(), size, ids.data(),
                                    both.best(next(), size)));
    both.compare("batch");
  }
  for (const auto &sessions : {plain, ranked})
    for (tenon_rt_session *session : sessions)
      tenon_rt_session_destroy(session);
  tenon_rt_model_close(model);
  std::printf("%zu\n", both.rows);
  return 0;
}
