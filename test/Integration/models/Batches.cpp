//===- Batches.cpp - sequences stepped together and each alone ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fills sessions to different lengths and forks each. The one half is stepped
// in batches of every size, whose members and order change from call to call,
// the other half one session at a time with the same tokens. Prints, for each
// size, the largest difference of a logit over max(1, largest logit); 0 means
// that all of them are the same bit for bit.
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

/// The same sequence twice.
struct Pair {
  tenon_rt_session *together = nullptr, *alone = nullptr;
};

/// Largest difference; infinite where one is no number.
double difference(const std::vector<float> &got,
                  const std::vector<float> &want) {
  if (std::memcmp(got.data(), want.data(), got.size() * sizeof(float)) == 0)
    return 0;
  double most = 0, largest = 1;
  for (size_t i = 0; i < got.size(); ++i) {
    double error = std::fabs(double(got[i]) - double(want[i]));
    most = error <= INFINITY ? std::max(most, error) : INFINITY;
    largest = std::max(largest, std::fabs(double(want[i])));
  }
  // The sign of a zero is a difference, too.
  return std::max(most / largest, 1e-30);
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: %s LIBRARY THREADS LENGTHS IDS\n", argv[0]);
    return 2;
  }
  std::vector<int32_t> lengths = parseList(argv[3]), ids = parseList(argv[4]);
  tenon_rt_model *model = nullptr;
  check(tenon_rt_model_open(argv[1], nullptr, &model));
  tenon_rt_session_options options = {};
  options.threads = static_cast<uint32_t>(std::atoi(argv[2]));
  size_t vocabulary = tenon_rt_model_get_info(model)->vocabulary;

  std::vector<Pair> pairs(lengths.size());
  for (size_t i = 0; i < pairs.size(); ++i) {
    // Contexts differ too: where a layer of the cache begins follows from them.
    options.context = lengths[i] + 64 + 64 * i;
    tenon_rt_session *made = nullptr;
    check(tenon_rt_session_create(model, &options, &made));
    std::rotate(ids.begin(), ids.begin() + 1, ids.end());
    if (lengths[i])
      check(tenon_rt_prefill(made, ids.data(), lengths[i], nullptr), made);
    pairs[i].together = made;
    check(tenon_rt_session_fork(made, &pairs[i].alone), made);
  }
  for (size_t size = 1; size <= pairs.size(); ++size) {
    double most = 0;
    for (size_t round = 0; round < 4; ++round) {
      std::rotate(pairs.begin(), pairs.begin() + 1, pairs.end());
      std::vector<tenon_rt_session *> sessions;
      for (size_t i = 0; i < size; ++i)
        sessions.push_back(pairs[i].together);
      std::rotate(ids.begin(), ids.begin() + 1, ids.end());
      std::vector<float> got(size * vocabulary), want(size * vocabulary);
      check(tenon_rt_step_batch(sessions.data(), size, ids.data(), got.data()));
      for (size_t i = 0; i < size; ++i)
        check(tenon_rt_step(pairs[i].alone, &ids[i], 1, &want[i * vocabulary]),
              pairs[i].alone);
      most = std::max(most, difference(got, want));
    }
    std::printf("%g\n", most);
  }
  for (Pair &pair : pairs) {
    tenon_rt_session_destroy(pair.together);
    tenon_rt_session_destroy(pair.alone);
  }
  tenon_rt_model_close(model);
  return 0;
}
