//===- Session.cpp - one sequence over a model ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Everything a call could fail at is checked before the first entry runs, so a
// failed call leaves the session as it was. One token is a step; a few are a
// batch, which reads the weights once for all of them; more are chunks. A
// token's slot and its position are both its number in the sequence. The two
// differ in the ABI, because a cache that drops tokens keeps their successors'
// positions.
//
//===----------------------------------------------------------------------===//

#include "Session.h"

#include "Futex.h"

#include <algorithm>
#include <chrono>
#include <numeric>

using namespace tenon::runtime;

namespace {

constexpr uint32_t kMaxThreads = 1024;

/// Rounds of waiting before a worker sleeps in a barrier: some tens of
/// microseconds, longer than any wait between equal shares of work, and about
/// what it takes to wake.
constexpr uint64_t kSpins = 2000;

/// What a pool's function needs to call an entry.
struct EntryCall {
  tenon_rt_entry_fn run;
  tenon_rt_job *job;
};

void callEntry(void *context, uint64_t worker) {
  auto *call = static_cast<EntryCall *>(context);
  call->run(call->job, worker);
}

uint64_t now() {
  return std::chrono::nanoseconds(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void waitInBarrier(tenon_rt_job *job, uint32_t phase) {
  uint64_t start = now();
  __atomic_fetch_add(&job->barrier_sleepers, 1, __ATOMIC_SEQ_CST);
  if (__atomic_load_n(&job->barrier_phase, __ATOMIC_SEQ_CST) == phase)
    futexWait(&job->barrier_phase, phase);
  __atomic_fetch_sub(&job->barrier_sleepers, 1, __ATOMIC_SEQ_CST);
  static_cast<Job *>(job)->slept.fetch_add(now() - start,
                                           std::memory_order_relaxed);
}

void wakeInBarrier(tenon_rt_job *job) { futexWakeAll(&job->barrier_phase); }

void markKernel(tenon_rt_job *job, uint64_t worker, uint64_t mark,
                uint64_t layer) {
  if (Recorder *recorder = static_cast<Job *>(job)->recorder)
    recorder->mark(worker, mark, layer, now());
}

/// The processors of the workers that the options ask for.
Error choosePlaces(const tenon_rt_session_options &options, uint32_t &threads,
                   std::vector<uint32_t> &places) {
  std::vector<uint32_t> usable = usableProcessors();
  threads =
      options.threads ? options.threads : static_cast<uint32_t>(usable.size());
  if (threads > kMaxThreads)
    return failure(TENON_RT_ARGUMENT, "threads: expected 1 to ", kMaxThreads,
                   ", or 0 for one per processor, but got ", threads);
  if (options.pin > 1)
    return failure(TENON_RT_ARGUMENT, "pin: expected 0 or 1, but got ",
                   options.pin);
  if (!options.pin)
    return success();
  if (threads > usable.size())
    return failure(TENON_RT_ARGUMENT, "pin: expected at most ", usable.size(),
                   " threads, one for each processor that the process may use, "
                   "but got ",
                   threads, "; ask for fewer threads or do not pin them");
  usable.resize(threads);
  places = std::move(usable);
  return success();
}

} // namespace

Error Session::create(std::shared_ptr<const Model> model,
                      const tenon_rt_session_options &options,
                      std::unique_ptr<Session> &session) {
  const tenon_rt_artifact &d = *model->artifact().descriptor;
  uint64_t context = options.context ? options.context : d.context;
  if (context > d.context)
    return failure(TENON_RT_ARGUMENT, "context: expected at most ", d.context,
                   ", for which ", d.name, " is compiled, but got ", context,
                   "; compile the model with --context=", context);
  uint32_t threads = 0;
  std::vector<uint32_t> places;
  if (Error error = choosePlaces(options, threads, places))
    return error;

  std::unique_ptr<Session> made(new Session());
  made->limit = context;
  made->capacity = (context + TENON_RT_SLOT_TILE - 1) / TENON_RT_SLOT_TILE *
                   TENON_RT_SLOT_TILE;
  uint64_t rowBytes = saturatingMultiply(d.layers, d.cache_layer_slot_bytes);
  if (Error error = made->cache.reserveHuge(
          saturatingMultiply(rowBytes, made->capacity), "cache"))
    return error;
  if (Error error =
          made->arena.reserve(model->artifact().arenaBytes(), "arena"))
    return error;
  if (Error error = made->scratch.reserve(
          saturatingMultiply(model->artifact().scratchBytes(), threads),
          "scratch memory of the threads"))
    return error;
  made->slotPositions.assign(made->capacity, TENON_RT_FREE_SLOT);
  uint64_t rows = std::max(model->artifact().chunk->max_rows,
                           model->artifact().batch->max_rows);
  made->positions.resize(rows);
  made->outIndex.resize(rows);
  made->topIds.resize(rows * d.top_k);
  made->topLogits.resize(rows * d.top_k);
  made->sequences.resize(model->artifact().batch->max_rows);
  made->pool = std::make_unique<ThreadPool>(threads, std::move(places));
  made->stepWorkers = std::make_unique<WorkerCount>(threads);
  made->batchWorkers = std::make_unique<WorkerCount>(threads);

  Job &job = made->job;
  job.positions = made->positions.data();
  job.out_index = job.top_index = made->outIndex.data();
  job.top_ids = made->topIds.data();
  job.top_logits = made->topLogits.data();
  job.arena = made->arena.data();
  job.scratch = made->scratch.data();
  job.weights = model->weights().packed.data;
  job.cache = made->cache.data();
  job.slot_positions = made->slotPositions.data();
  job.sequences = made->sequences.data();
  job.capacity = made->capacity;
  job.spins = made->pool->isCrowded() ? 0 : kSpins;
  job.wait = waitInBarrier;
  job.wake = wakeInBarrier;
  job.mark = markKernel;
  made->model = std::move(model);
  session = std::move(made);
  return success();
}

Error Session::checkTokens(const int32_t *ids, size_t count) const {
  if (!ids || count == 0)
    return failure(TENON_RT_ARGUMENT, "expected at least one token");
  if (count > limit - used)
    return failure(TENON_RT_CONTEXT, "expected at most ", limit - used,
                   " more tokens, because the session holds ", used, " of ",
                   limit, ", but got ", count,
                   "; shorten the text or make a session with a longer "
                   "context");
  uint64_t vocabulary = model->info().vocabulary;
  for (size_t i = 0; i < count; ++i)
    if (ids[i] < 0 || static_cast<uint64_t>(ids[i]) >= vocabulary)
      return failure(TENON_RT_ARGUMENT, "token ", i,
                     ": expected an id of the vocabulary, 0 to ",
                     vocabulary - 1, ", but got ", ids[i]);
  return success();
}

Error Session::checkResults(Rows rows, const Results &results) const {
  if (!results.best)
    return results.logits || rows == Rows::Last
               ? success()
               : failure(TENON_RT_ARGUMENT,
                         "expected memory for the logits, but got null");
  uint64_t most = model->info().top_k;
  if (most == 0)
    return failure(TENON_RT_ARGUMENT, model->info().name,
                   ": expected a model that ranks tokens, but its code gives "
                   "logits only; compile it again with tenonc --top-k=",
                   results.best->count ? results.best->count : 1);
  if (results.best->count < 1 || results.best->count > most)
    return failure(TENON_RT_ARGUMENT, "count: expected 1 to ", most,
                   " tokens per row, for which ", model->info().name,
                   " is compiled, but got ", results.best->count,
                   "; compile it again with a larger --top-k, or ask for "
                   "logits");
  if (!results.best->ids)
    return failure(TENON_RT_ARGUMENT,
                   "expected memory for the ids, but got null");
  return success();
}

void Session::ask(uint64_t firstOut, const Results &results, uint64_t at) {
  uint64_t count = job.rows - firstOut;
  std::iota(outIndex.begin(), outIndex.begin() + count,
            static_cast<int32_t>(firstOut));
  job.out_rows = results.logits ? count : 0;
  job.logits = results.logits;
  if (results.logits)
    job.logits += at * model->info().vocabulary;
  job.top_rows = results.best ? count : 0;
  job.top_count = results.best ? results.best->count : 0;
}

void Session::take(const Results &results, uint64_t at) {
  uint64_t most = model->info().top_k;
  for (uint64_t row = 0; row < job.top_rows; ++row) {
    const tenon_rt_top_k &to = *results.best;
    uint64_t place = (at + row) * to.count;
    std::copy_n(&topIds[row * most], to.count, to.ids + place);
    if (to.logits)
      std::copy_n(&topLogits[row * most], to.count, to.logits + place);
  }
}

Error Session::append(const int32_t *ids, size_t count, Rows rows,
                      Results results) {
  Use use(busy);
  if (Error error = use.check())
    return error;
  if (Error error = checkTokens(ids, count))
    return error;
  if (Error error = checkResults(rows, results))
    return error;
  uint64_t maxRows = model->artifact().chunk->max_rows;
  for (size_t done = 0; done < count;) {
    uint64_t piece = std::min<uint64_t>(count - done, maxRows);
    bool last = done + piece == count;
    uint64_t firstOut = piece;
    if (rows == Rows::All)
      firstOut = 0;
    else if (last && results.isWanted())
      firstOut = piece - 1;
    runPiece(ids + done, piece, firstOut, results,
             rows == Rows::All ? done : 0);
    done += piece;
  }
  return success();
}

void Session::runPiece(const int32_t *ids, uint64_t count, uint64_t firstOut,
                       const Results &results, uint64_t at) {
  const Artifact &artifact = model->artifact();
  bool isBatch = count > 1 && count <= artifact.batch->max_rows;
  const tenon_rt_entry &entry = count == 1 ? *artifact.step
                                : isBatch  ? *artifact.batch
                                           : *artifact.chunk;
  for (uint64_t row = 0; isBatch && row < count; ++row)
    sequences[row] = sequenceAt(used + row);
  std::iota(positions.begin(), positions.begin() + count,
            static_cast<int32_t>(used));
  std::copy_n(positions.begin(), count, slotPositions.begin() + used);
  job.rows = count;
  job.ids = ids;
  job.slots_used = used;
  ask(firstOut, results, at);
  call(entry, count == 1 ? stepWorkers.get() : nullptr);
  take(results, at);
  used += count;
}

void Session::call(const tenon_rt_entry &entry, WorkerCount *workers) {
  job.workers = workers ? workers->next() : threads();
  job.slept.store(0, std::memory_order_relaxed);
  uint64_t start = now();
  records.begin(start);
  EntryCall call = {entry.run, &job};
  pool->run(callEntry, &call, static_cast<uint32_t>(job.workers));
  if (job.recorder)
    records.end(now());
  if (workers)
    workers->report(now() - start, job.slept.load(std::memory_order_relaxed));
}

Error Session::checkBatch(size_t count) const {
  uint64_t most = model->artifact().batch->max_rows;
  if (count <= most)
    return success();
  return failure(TENON_RT_ARGUMENT, "sessions: expected at most ", most,
                 ", which ", model->info().name, " takes at once, but got ",
                 count, "; step them in several calls");
}

Error Session::stepBatch(const std::vector<Session *> &sessions,
                         const int32_t *ids, Results results) {
  Session &first = *sessions.front();
  std::vector<std::unique_ptr<Use>> uses;
  for (size_t i = 0; i < sessions.size(); ++i) {
    auto number = [&] { return "session " + std::to_string(i) + ": "; };
    auto known = std::find(sessions.begin(), sessions.begin() + i, sessions[i]);
    if (known != sessions.begin() + i)
      return failure(TENON_RT_ARGUMENT, number(),
                     "expected each session once, but it is session ",
                     known - sessions.begin(),
                     " too; give several tokens of one session to "
                     "tenon_rt_step");
    if (sessions[i]->model != first.model)
      return failure(TENON_RT_ARGUMENT, number(),
                     "expected sessions of one model, but it runs over ",
                     sessions[i]->model->info().name,
                     " opened apart from that of session 0; step it alone");
    uses.push_back(std::make_unique<Use>(sessions[i]->busy));
    Error error = uses.back()->check();
    if (!error)
      error = sessions[i]->checkTokens(ids + i, 1);
    if (error) {
      error.message = number() + error.message;
      return error;
    }
  }
  if (Error error = first.checkResults(Rows::All, results))
    return error;
  for (size_t i = 0; i < sessions.size(); ++i) {
    Session &session = *sessions[i];
    first.sequences[i] = session.sequenceAt(session.used);
    first.positions[i] = static_cast<int32_t>(session.used);
    session.slotPositions[session.used] = static_cast<int32_t>(session.used);
  }
  first.job.rows = sessions.size();
  first.job.ids = ids;
  first.ask(/*firstOut=*/0, results, /*at=*/0);
  first.call(*first.model->artifact().batch, first.batchWorkers.get());
  first.take(results, /*at=*/0);
  for (Session *session : sessions)
    ++session->used;
  return success();
}

Error Session::record(uint32_t on) {
  Use use(busy);
  if (Error error = use.check())
    return error;
  if (on > 1)
    return failure(TENON_RT_ARGUMENT, "on: expected 0 or 1, but got ", on);
  if (on && !model->info().has_marks)
    return failure(TENON_RT_ARGUMENT, model->info().name,
                   ": expected a model compiled to be profiled, but its code "
                   "does not say when kernels run; compile it again with "
                   "tenonc --profile");
  job.recorder = nullptr;
  records.setWorkers(on ? threads() : 0);
  if (on)
    job.recorder = &records;
  return success();
}

Error Session::fork(std::unique_ptr<Session> &copy) {
  Use use(busy);
  if (Error error = use.check())
    return error;
  tenon_rt_session_options options = {};
  options.context = limit;
  options.threads = threads();
  options.pin = pool->isPinned();
  std::unique_ptr<Session> made;
  if (Error error = create(model, options, made))
    return error;
  std::copy_n(cache.data(), cacheBytes(used), made->cache.data());
  made->slotPositions = slotPositions;
  made->job.slot_positions = made->slotPositions.data();
  made->used = used;
  copy = std::move(made);
  return success();
}

Error Session::truncate(uint64_t newLength) {
  Use use(busy);
  if (Error error = use.check())
    return error;
  if (newLength > used)
    return failure(TENON_RT_ARGUMENT, "length: expected at most ", used,
                   ", which the session holds, but got ", newLength);
  std::fill(slotPositions.begin() + newLength, slotPositions.begin() + used,
            TENON_RT_FREE_SLOT);
  used = newLength;
  return success();
}
