//===- Session.h - one sequence over a model ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Owns what a sequence needs: cache, positions of its slots, scratch memory
// and workers. Turns any number of tokens into calls of the two entries.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_RUNTIME_SESSION_H
#define TENON_RUNTIME_SESSION_H

#include "Memory.h"
#include "Model.h"
#include "Recorder.h"
#include "ThreadPool.h"
#include "WorkerCount.h"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace tenon::runtime {

/// Marks a session as in use, or finds that another thread uses it.
class Use {
public:
  explicit Use(std::atomic<bool> &busy)
      : busy(busy), taken(!busy.exchange(true, std::memory_order_acquire)) {}
  ~Use() {
    if (taken)
      busy.store(false, std::memory_order_release);
  }
  Error check() const {
    return taken ? success()
                 : failure(TENON_RT_BUSY,
                           "the session is in use by another thread; give "
                           "each thread a session of its own");
  }

private:
  std::atomic<bool> &busy;
  bool taken;
};

/// A job, and what its workers say of it.
struct Job : tenon_rt_job {
  /// Nanoseconds that workers slept in barriers, added up.
  std::atomic<uint64_t> slept{0};
  /// Gets their marks; null when nobody wants them.
  Recorder *recorder = nullptr;
};

/// Where the results of a call go: logits, tokens by rank, or nowhere.
struct Results {
  float *logits = nullptr;
  const tenon_rt_top_k *best = nullptr;

  bool isWanted() const { return logits || best; }
};

class Session {
public:
  /// Which rows of a call have results.
  enum class Rows { Last, All };

  /// Makes an empty session; zeros in `options` are defaults.
  static Error create(std::shared_ptr<const Model> model,
                      const tenon_rt_session_options &options,
                      std::unique_ptr<Session> &session);

  /// Appends `count` tokens and writes the results of `rows`.
  Error append(const int32_t *ids, size_t count, Rows rows, Results results);

  /// Fails unless the model takes `count` sessions at once.
  Error checkBatch(size_t count) const;

  /// Appends `ids[i]` to `sessions[i]`, for all of them at once, and writes a
  /// row of results for each. The threads of the first one work.
  static Error stepBatch(const std::vector<Session *> &sessions,
                         const int32_t *ids, Results results);

  /// Makes `copy` hold what this session holds.
  Error fork(std::unique_ptr<Session> &copy);

  /// Keeps the first `newLength` tokens.
  Error truncate(uint64_t newLength);

  /// Writes the session to a file, which appears only when it is complete.
  Error save(const std::string &path);

  /// Makes a session that holds what the file at `path` holds, with the file's
  /// context. `options` gives the threads.
  static Error restore(std::shared_ptr<const Model> model,
                       const std::string &path,
                       tenon_rt_session_options options,
                       std::unique_ptr<Session> &session);

  /// Begins (1) or ends (0) to record what workers do.
  Error record(uint32_t on);
  const Recorder &recorder() const { return records; }

  uint64_t length() const { return used; }
  uint64_t context() const { return limit; }
  uint32_t threads() const { return pool->workers(); }

  /// The message of this session's last failure.
  std::string lastError;

private:
  Session() = default;

  Error checkTokens(const int32_t *ids, size_t count) const;
  Error checkResults(Rows rows, const Results &results) const;
  /// Asks for the results of the rows from `firstOut` on, and writes them from
  /// row `at` of the caller's memory on.
  /// @{
  void ask(uint64_t firstOut, const Results &results, uint64_t at);
  void take(const Results &results, uint64_t at);
  /// @}
  /// Runs the job's entry; `workers` chooses how many take part, or is null.
  void call(const tenon_rt_entry &entry, WorkerCount *workers);
  /// Bytes at the front of the cache that `tokens` tokens lie in: the tiles of
  /// slots that they have begun.
  uint64_t cacheBytes(uint64_t tokens) const {
    return (tokens + TENON_RT_SLOT_TILE - 1) / TENON_RT_SLOT_TILE *
           (cache.size() / (capacity / TENON_RT_SLOT_TILE));
  }
  /// The sequence of a row that goes to `slot`.
  tenon_rt_sequence sequenceAt(uint64_t slot) {
    return {cache.data(), slotPositions.data(), slot, capacity};
  }
  /// Runs one entry over `count` tokens, at most its max_rows; results as `ask`
  /// and `take` say.
  void runPiece(const int32_t *ids, uint64_t count, uint64_t firstOut,
                const Results &results, uint64_t at);

  std::shared_ptr<const Model> model;
  uint64_t limit = 0;    // tokens it can hold
  uint64_t capacity = 0; // slots: limit, rounded up to whole tiles
  uint64_t used = 0;
  Mapping cache, arena, scratch;
  std::vector<int32_t> slotPositions, positions, outIndex;
  std::vector<int32_t> topIds;
  std::vector<float> topLogits;
  std::vector<tenon_rt_sequence> sequences;
  std::unique_ptr<ThreadPool> pool;
  std::unique_ptr<WorkerCount> stepWorkers, batchWorkers;
  std::atomic<bool> busy{false};
  Recorder records;
  alignas(64) Job job = {};
};

} // namespace tenon::runtime

#endif // TENON_RUNTIME_SESSION_H
