//===- runtime.h - runs compiled models -----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The C API of libtenon-rt. A model is the pair NAME.so and NAME.weights that
// tenonc wrote; a session is one sequence of tokens over it, with a cache of
// its own. Any number of sessions run over one model, each from any thread,
// but one session serves one thread at a time.
//
// Functions that can fail return a tenon_rt_status, and leave a sentence for
// people in tenon_rt_error(). A failed call changes nothing. Options structs
// may be zero-initialised: zero means "the default" everywhere.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_RT_RUNTIME_H
#define TENON_RT_RUNTIME_H

#include "tenon-rt/status.h"

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define TENON_RT_API __attribute__((visibility("default")))
#else
#define TENON_RT_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tenon_rt_model tenon_rt_model;
typedef struct tenon_rt_session tenon_rt_session;
typedef struct tenon_rt_sampler tenon_rt_sampler;

//===----------------------------------------------------------------------===//
// Versions and failures
//===----------------------------------------------------------------------===//

/// The runtime's version, "X.Y.Z".
TENON_RT_API const char *tenon_rt_version(void);

/// The artifact ABI that this runtime loads.
TENON_RT_API uint32_t tenon_rt_abi(void);

/// The name of a status, e.g. "damaged"; "unknown" for a number not listed.
TENON_RT_API const char *tenon_rt_status_name(int status);

/// The message of the last failure: of the calling thread when `session` is
/// NULL, else of that session. Empty when nothing has failed. It names file,
/// place, rule and remedy, and stays valid until the next failure there.
TENON_RT_API const char *tenon_rt_error(const tenon_rt_session *session);

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

/// Where the weights are while a model is open.
typedef enum tenon_rt_weights_memory {
  /// Copied if the system has huge pages and the file is at least 2 MiB and at
  /// most half of the memory that is available, else mapped.
  TENON_RT_WEIGHTS_AUTO = 0,
  /// The file's own pages: shared by all processes that map it, loaded at once,
  /// slower to read in every step.
  TENON_RT_WEIGHTS_MAPPED = 1,
  /// Memory of this process, in huge pages where the system has them.
  TENON_RT_WEIGHTS_COPIED = 2,
} tenon_rt_weights_memory;

typedef struct tenon_rt_model_options {
  /// The weight file; NULL: the library's path with ".weights" for ".so".
  const char *weights;
  /// Of the CPUs that it is compiled for, the one whose code to run; NULL: the
  /// most demanding that this machine can run.
  const char *cpu;
  uint64_t memory;      ///< a tenon_rt_weights_memory
  uint64_t reserved[5]; ///< 0
} tenon_rt_model_options;

/// What an artifact says of itself. Owned by the model. New fields are added
/// at the end only.
typedef struct tenon_rt_model_info {
  const char *name;
  const char *compiler; ///< "tenon X.Y.Z, LLVM A.B.C"
  const char *triple;
  const char *cpu;        ///< whose code runs
  const char *features;   ///< comma separated, all present on this machine
  const char *cache_type; ///< "f16" or "f32"
  uint64_t vocabulary;    ///< logits per row
  uint64_t context;       ///< largest context of a session
  uint64_t layers;
  uint64_t max_rows;        ///< tokens that one piece of a prefill takes
  uint64_t weights_bytes;   ///< packed weights
  uint64_t cache_row_bytes; ///< cache memory of one token, all layers
  const char *cpus; ///< all that it is compiled for, comma separated, the most
                    ///< demanding first
  uint64_t weights_copied; ///< 1: TENON_RT_WEIGHTS_COPIED, 0: mapped
  uint64_t batch_rows;     ///< sessions that one tenon_rt_step_batch takes
  uint64_t has_marks;      ///< 1: compiled with --profile, else 0
  uint64_t top_k; ///< largest `count` of a tenon_rt_top_k; 0: logits only
} tenon_rt_model_info;

/// Opens the library at `path` and its weight file. Everything is checked
/// before the first byte of code runs: sizes, hashes, ABI, CPU features and
/// that the two files belong together. `options` may be NULL.
TENON_RT_API tenon_rt_status
tenon_rt_model_open(const char *path, const tenon_rt_model_options *options,
                    tenon_rt_model **model);

/// Gives the model back. Sessions that still run over it keep it loaded until
/// the last of them is destroyed. NULL is allowed.
TENON_RT_API void tenon_rt_model_close(tenon_rt_model *model);

/// The model's description; valid until the model is closed.
TENON_RT_API const tenon_rt_model_info *
tenon_rt_model_get_info(const tenon_rt_model *model);

/// The metadata section: GGUF key/value pairs, tokenizer among them, in GGUF's
/// own encoding. Valid until the model is closed.
TENON_RT_API const void *tenon_rt_model_metadata(const tenon_rt_model *model,
                                                 size_t *bytes);

//===----------------------------------------------------------------------===//
// Sessions
//===----------------------------------------------------------------------===//

typedef struct tenon_rt_session_options {
  uint64_t context; ///< tokens that it can hold; 0: the model's context
  /// 1..1024; 0: one per processor. With more threads than processors all of
  /// them take turns, which is slower than one thread per processor.
  uint32_t threads;
  /// 1: thread i stays on the i-th of the processors that the process may use,
  /// the calling thread during calls; 0: the system moves threads as it likes.
  uint32_t pin;
  uint64_t reserved[6]; ///< 0
} tenon_rt_session_options;

/// Makes a session with an empty cache. Cache memory is reserved, and taken
/// from the system as tokens arrive. `options` may be NULL.
TENON_RT_API tenon_rt_status tenon_rt_session_create(
    tenon_rt_model *model, const tenon_rt_session_options *options,
    tenon_rt_session **session);

/// Destroys a session and its threads. NULL is allowed.
TENON_RT_API void tenon_rt_session_destroy(tenon_rt_session *session);

/// Tokens that the session holds.
TENON_RT_API uint64_t tenon_rt_session_length(const tenon_rt_session *session);

/// Tokens that the session can hold.
TENON_RT_API uint64_t tenon_rt_session_context(const tenon_rt_session *session);

/// Processors that this process may use: how many threads "0" means.
TENON_RT_API uint32_t tenon_rt_processors(void);

/// Threads that work for the session, the caller's among them.
TENON_RT_API uint32_t tenon_rt_session_threads(const tenon_rt_session *session);

/// Appends `count` >= 1 tokens, in pieces of the model's `max_rows`, and writes
/// the logits after the last of them: [vocabulary]. `logits` may be NULL.
TENON_RT_API tenon_rt_status tenon_rt_prefill(tenon_rt_session *session,
                                              const int32_t *ids, size_t count,
                                              float *logits);

/// Appends `count` >= 1 tokens and writes the logits after each of them:
/// [count, vocabulary]. With one token this is the decoding step.
TENON_RT_API tenon_rt_status tenon_rt_step(tenon_rt_session *session,
                                           const int32_t *ids, size_t count,
                                           float *logits);

/// Appends one token to each of `count` sessions of one model: `ids[i]` to
/// `sessions[i]`, whose logits are row i of `logits`, [count, vocabulary]. The
/// weights are read once for all of them, so that this takes little longer than
/// one step. `count` is at most the model's `batch_rows`; no session may be
/// given twice. The threads of the first session work. A failed call changes no
/// session; its message is that of the calling thread.
TENON_RT_API tenon_rt_status
tenon_rt_step_batch(tenon_rt_session *const *sessions, size_t count,
                    const int32_t *ids, float *logits);

/// The most likely tokens of each row, in place of the logits of all: they are
/// ranked while the last layer is computed, and logits are never written.
typedef struct tenon_rt_top_k {
  uint64_t count; ///< tokens per row, 1 to the model's `top_k`
  int32_t *ids;   ///< [rows, count] the most likely first, ties to the lowest
                  ///<     id; -1 where fewer logits are numbers
  float *logits;  ///< [rows, count] of these tokens; may be NULL
} tenon_rt_top_k;

/// As tenon_rt_prefill, tenon_rt_step and tenon_rt_step_batch; in `best` comes
/// what sorting the logits that those write would give, bit for bit.
/// @{
TENON_RT_API tenon_rt_status tenon_rt_prefill_top_k(tenon_rt_session *session,
                                                    const int32_t *ids,
                                                    size_t count,
                                                    const tenon_rt_top_k *best);
TENON_RT_API tenon_rt_status tenon_rt_step_top_k(tenon_rt_session *session,
                                                 const int32_t *ids,
                                                 size_t count,
                                                 const tenon_rt_top_k *best);
TENON_RT_API tenon_rt_status
tenon_rt_step_batch_top_k(tenon_rt_session *const *sessions, size_t count,
                          const int32_t *ids, const tenon_rt_top_k *best);
/// @}

/// Makes a second session that holds the same tokens and goes its own way.
TENON_RT_API tenon_rt_status tenon_rt_session_fork(tenon_rt_session *session,
                                                   tenon_rt_session **copy);

/// Forgets all tokens but the first `length`, which is at most what the
/// session holds.
TENON_RT_API tenon_rt_status
tenon_rt_session_truncate(tenon_rt_session *session, uint64_t length);

/// Writes a session to a file, which appears only when it is complete. It fits
/// the very library that made it and no other.
TENON_RT_API tenon_rt_status tenon_rt_session_save(tenon_rt_session *session,
                                                   const char *path);

/// Makes a session from such a file, with the context it had. Of `options`,
/// which may be NULL, only `threads` and `pin` count.
TENON_RT_API tenon_rt_status tenon_rt_session_restore(
    tenon_rt_model *model, const char *path,
    const tenon_rt_session_options *options, tenon_rt_session **session);

//===----------------------------------------------------------------------===//
// Profiles
//===----------------------------------------------------------------------===//

/// One worker's part of one run of a kernel.
typedef struct tenon_rt_span {
  uint32_t worker;
  uint32_t kernel; ///< number among the kernels of the entry that ran
  uint32_t layer;  ///< 0 outside of layers
  uint32_t reserved;
  uint64_t begin; ///< nanoseconds since the entry was called
  uint64_t end;
} tenon_rt_span;

/// Begins (1) or ends (0) the recording of what each worker does when. The
/// model must have been compiled with --profile.
TENON_RT_API tenon_rt_status tenon_rt_session_record(tenon_rt_session *session,
                                                     uint32_t on);

/// What was recorded of worker `worker` < threads in the last call of an entry,
/// in order of time: one step, one batch whose first session this is, or the
/// last piece of a prefill. NULL and 0 where nothing was; the first call of a
/// very deep model may find too little room, the next has it. `nanoseconds`,
/// which may be NULL, gets the time of the whole call. Valid until the session
/// runs again.
TENON_RT_API const tenon_rt_span *
tenon_rt_session_spans(tenon_rt_session *session, uint32_t worker,
                       size_t *count, uint64_t *nanoseconds);

//===----------------------------------------------------------------------===//
// Sampling
//===----------------------------------------------------------------------===//

/// How a token is chosen. The filters work on the model's own distribution in
/// this order: top_k, top_p, min_p; the temperature then shapes what is left,
/// and the seed's generator draws. A zero-initialised struct is greedy.
typedef struct tenon_rt_sampling {
  float temperature; ///< 0: the most likely token, ties to the lowest id
  int32_t top_k;     ///< keep the k most likely; 0: all
  float top_p; ///< keep the fewest that reach this probability; 0 or 1: all
  float min_p; ///< drop those below this share of the most likely; 0: none
  uint64_t seed;
} tenon_rt_sampling;

/// Makes a sampler. The same options and logits give the same tokens.
TENON_RT_API tenon_rt_status tenon_rt_sampler_create(
    const tenon_rt_sampling *sampling, tenon_rt_sampler **sampler);

/// Destroys a sampler. NULL is allowed.
TENON_RT_API void tenon_rt_sampler_destroy(tenon_rt_sampler *sampler);

/// Chooses a token. Logits that are not numbers are never chosen; when none
/// is a number the call fails.
TENON_RT_API tenon_rt_status tenon_rt_sampler_pick(tenon_rt_sampler *sampler,
                                                   const float *logits,
                                                   size_t count, int32_t *id);

/// Chooses from the most likely tokens of one row, and chooses what it would
/// from all logits. So the sampler must be greedy, or have a top_k of at most
/// `best->count`.
TENON_RT_API tenon_rt_status tenon_rt_sampler_pick_top_k(
    tenon_rt_sampler *sampler, const tenon_rt_top_k *best, int32_t *id);

#ifdef __cplusplus
} // extern "C"
#endif

#endif // TENON_RT_RUNTIME_H
