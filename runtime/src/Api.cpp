//===- Api.cpp - the C functions of libtenon-rt ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The boundary: null handles are refused, exceptions of the standard library
// become statuses, failures leave their message where tenon_rt_error finds it.
//
//===----------------------------------------------------------------------===//

#include "Model.h"
#include "Sampler.h"
#include "Session.h"

#include <new>
#include <system_error>

using namespace tenon::runtime;

struct tenon_rt_model {
  std::shared_ptr<const Model> model;
};

struct tenon_rt_session {
  std::unique_ptr<Session> session;
};

struct tenon_rt_sampler {
  Sampler sampler;
};

namespace {

thread_local std::string threadError;

/// Runs `body`, which returns an Error, and keeps its message.
template <typename Body>
tenon_rt_status guarded(tenon_rt_session *session, Body body) noexcept {
  tenon_rt_status status = TENON_RT_INTERNAL;
  try {
    Error error;
    try {
      error = body();
    } catch (const std::bad_alloc &) {
      error = failure(TENON_RT_MEMORY, "the system refused memory; ask for a "
                                       "shorter context");
    } catch (const std::system_error &thrown) {
      error = failure(TENON_RT_MEMORY,
                      "the system refused a thread: ", thrown.what(),
                      "; ask for fewer threads");
    } catch (const std::exception &thrown) {
      error =
          failure(TENON_RT_INTERNAL, "a defect of the runtime: ", thrown.what(),
                  "; please report it");
    }
    status = error.status;
    if (error) {
      if (session && session->session)
        session->session->lastError = error.message;
      threadError = std::move(error.message);
    }
  } catch (...) {
    // No memory even for the message: the status has to do.
    threadError.clear();
  }
  return status;
}

Error missing(const char *what) {
  return failure(TENON_RT_ARGUMENT, "expected a ", what, ", but got null");
}

Error append(tenon_rt_session *session, const int32_t *ids, size_t count,
             Session::Rows rows, Results results) {
  if (!session)
    return missing("session");
  return session->session->append(ids, count, rows, results);
}

Error stepBatch(tenon_rt_session *const *sessions, size_t count,
                const int32_t *ids, Results results) {
  if (!sessions || !ids)
    return missing(sessions ? "list of tokens" : "list of sessions");
  if (count == 0)
    return failure(TENON_RT_ARGUMENT, "expected at least one session");
  if (!sessions[0])
    return missing("session");
  if (Error error = sessions[0]->session->checkBatch(count))
    return error;
  std::vector<Session *> members(count);
  for (size_t i = 0; i < count; ++i) {
    if (!sessions[i])
      return missing("session");
    members[i] = sessions[i]->session.get();
  }
  return Session::stepBatch(members, ids, results);
}

/// A call for tokens by rank: `work` with the results that it asks for.
template <typename Work>
Error ranked(const tenon_rt_top_k *best, Work work) {
  return best ? work(Results{nullptr, best}) : missing("tenon_rt_top_k");
}

} // namespace

extern "C" {

const char *tenon_rt_version(void) { return TENON_RT_VERSION; }

uint32_t tenon_rt_abi(void) { return TENON_RT_ABI_VERSION; }

const char *tenon_rt_status_name(int status) {
  switch (status) {
#define TENON_RT_STATUS_CASE(enumerant, value, name, meaning)                  \
  case enumerant:                                                              \
    return name;
    TENON_RT_STATUS_LIST(TENON_RT_STATUS_CASE)
#undef TENON_RT_STATUS_CASE
  }
  return "unknown";
}

const char *tenon_rt_error(const tenon_rt_session *session) {
  return session ? session->session->lastError.c_str() : threadError.c_str();
}

tenon_rt_status tenon_rt_model_open(const char *path,
                                    const tenon_rt_model_options *options,
                                    tenon_rt_model **model) {
  return guarded(nullptr, [&]() -> Error {
    if (!path || !model)
      return missing(path ? "place for the model" : "path");
    std::string weights = options && options->weights ? options->weights : "";
    std::string cpu = options && options->cpu ? options->cpu : "";
    uint64_t memory = options ? options->memory : TENON_RT_WEIGHTS_AUTO;
    if (memory > TENON_RT_WEIGHTS_COPIED)
      return failure(TENON_RT_ARGUMENT, "memory: expected 0 to ",
                     TENON_RT_WEIGHTS_COPIED,
                     ", a tenon_rt_weights_memory, but got ", memory);
    std::shared_ptr<const Model> opened;
    if (Error error =
            Model::open(path, weights, cpu,
                        static_cast<tenon_rt_weights_memory>(memory), opened))
      return error;
    *model = new tenon_rt_model{std::move(opened)};
    return success();
  });
}

void tenon_rt_model_close(tenon_rt_model *model) { delete model; }

const tenon_rt_model_info *
tenon_rt_model_get_info(const tenon_rt_model *model) {
  return &model->model->info();
}

const void *tenon_rt_model_metadata(const tenon_rt_model *model,
                                    size_t *bytes) {
  Bytes metadata = model->model->weights().metadata;
  *bytes = metadata.size;
  return metadata.data;
}

tenon_rt_status tenon_rt_session_create(tenon_rt_model *model,
                                        const tenon_rt_session_options *options,
                                        tenon_rt_session **session) {
  return guarded(nullptr, [&]() -> Error {
    if (!model || !session)
      return missing(model ? "place for the session" : "model");
    std::unique_ptr<Session> made;
    if (Error error = Session::create(
            model->model, options ? *options : tenon_rt_session_options(),
            made))
      return error;
    *session = new tenon_rt_session{std::move(made)};
    return success();
  });
}

void tenon_rt_session_destroy(tenon_rt_session *session) { delete session; }

uint64_t tenon_rt_session_length(const tenon_rt_session *session) {
  return session->session->length();
}

uint64_t tenon_rt_session_context(const tenon_rt_session *session) {
  return session->session->context();
}

uint32_t tenon_rt_processors(void) {
  return static_cast<uint32_t>(usableProcessors().size());
}

uint32_t tenon_rt_session_threads(const tenon_rt_session *session) {
  return session->session->threads();
}

tenon_rt_status tenon_rt_prefill(tenon_rt_session *session, const int32_t *ids,
                                 size_t count, float *logits) {
  return guarded(session, [&] {
    return append(session, ids, count, Session::Rows::Last, {logits, nullptr});
  });
}

tenon_rt_status tenon_rt_prefill_top_k(tenon_rt_session *session,
                                       const int32_t *ids, size_t count,
                                       const tenon_rt_top_k *best) {
  return guarded(session, [&] {
    return ranked(best, [&](Results results) {
      return append(session, ids, count, Session::Rows::Last, results);
    });
  });
}

tenon_rt_status tenon_rt_step(tenon_rt_session *session, const int32_t *ids,
                              size_t count, float *logits) {
  return guarded(session, [&] {
    return append(session, ids, count, Session::Rows::All, {logits, nullptr});
  });
}

tenon_rt_status tenon_rt_step_top_k(tenon_rt_session *session,
                                    const int32_t *ids, size_t count,
                                    const tenon_rt_top_k *best) {
  return guarded(session, [&] {
    return ranked(best, [&](Results results) {
      return append(session, ids, count, Session::Rows::All, results);
    });
  });
}

tenon_rt_status tenon_rt_step_batch(tenon_rt_session *const *sessions,
                                    size_t count, const int32_t *ids,
                                    float *logits) {
  return guarded(nullptr, [&] {
    return stepBatch(sessions, count, ids, {logits, nullptr});
  });
}

tenon_rt_status tenon_rt_step_batch_top_k(tenon_rt_session *const *sessions,
                                          size_t count, const int32_t *ids,
                                          const tenon_rt_top_k *best) {
  return guarded(nullptr, [&] {
    return ranked(best, [&](Results results) {
      return stepBatch(sessions, count, ids, results);
    });
  });
}

tenon_rt_status tenon_rt_session_fork(tenon_rt_session *session,
                                      tenon_rt_session **copy) {
  return guarded(session, [&]() -> Error {
    if (!session || !copy)
      return missing(session ? "place for the copy" : "session");
    std::unique_ptr<Session> made;
    if (Error error = session->session->fork(made))
      return error;
    *copy = new tenon_rt_session{std::move(made)};
    return success();
  });
}

tenon_rt_status tenon_rt_session_truncate(tenon_rt_session *session,
                                          uint64_t length) {
  return guarded(session, [&]() -> Error {
    if (!session)
      return missing("session");
    return session->session->truncate(length);
  });
}

tenon_rt_status tenon_rt_session_save(tenon_rt_session *session,
                                      const char *path) {
  return guarded(session, [&]() -> Error {
    if (!session || !path)
      return missing(session ? "path" : "session");
    return session->session->save(path);
  });
}

tenon_rt_status
tenon_rt_session_restore(tenon_rt_model *model, const char *path,
                         const tenon_rt_session_options *options,
                         tenon_rt_session **session) {
  return guarded(nullptr, [&]() -> Error {
    if (!model || !path || !session)
      return missing(!model  ? "model"
                     : !path ? "path"
                             : "place for the session");
    std::unique_ptr<Session> made;
    if (Error error = Session::restore(
            model->model, path, options ? *options : tenon_rt_session_options(),
            made))
      return error;
    *session = new tenon_rt_session{std::move(made)};
    return success();
  });
}

tenon_rt_status tenon_rt_session_record(tenon_rt_session *session,
                                        uint32_t on) {
  return guarded(session, [&]() -> Error {
    if (!session)
      return missing("session");
    return session->session->record(on);
  });
}

const tenon_rt_span *tenon_rt_session_spans(tenon_rt_session *session,
                                            uint32_t worker, size_t *count,
                                            uint64_t *nanoseconds) {
  const Recorder &recorder = session->session->recorder();
  if (nanoseconds)
    *nanoseconds = recorder.nanoseconds();
  return recorder.spans(worker, *count);
}

tenon_rt_status tenon_rt_sampler_create(const tenon_rt_sampling *sampling,
                                        tenon_rt_sampler **sampler) {
  return guarded(nullptr, [&]() -> Error {
    if (!sampling || !sampler)
      return missing(sampling ? "place for the sampler" : "sampling struct");
    if (Error error = Sampler::check(*sampling))
      return error;
    *sampler = new tenon_rt_sampler{Sampler(*sampling)};
    return success();
  });
}

void tenon_rt_sampler_destroy(tenon_rt_sampler *sampler) { delete sampler; }

tenon_rt_status tenon_rt_sampler_pick(tenon_rt_sampler *sampler,
                                      const float *logits, size_t count,
                                      int32_t *id) {
  return guarded(nullptr, [&]() -> Error {
    if (!sampler || !id)
      return missing(sampler ? "place for the token" : "sampler");
    return sampler->sampler.pick(logits, count, *id);
  });
}

tenon_rt_status tenon_rt_sampler_pick_top_k(tenon_rt_sampler *sampler,
                                            const tenon_rt_top_k *best,
                                            int32_t *id) {
  return guarded(nullptr, [&]() -> Error {
    if (!sampler || !best || !id)
      return missing(!sampler ? "sampler"
                     : !best  ? "tenon_rt_top_k"
                              : "place for the token");
    return sampler->sampler.pick(*best, *id);
  });
}

} // extern "C"
