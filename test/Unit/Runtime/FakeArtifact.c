//===- FakeArtifact.c - a small artifact written by hand ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Stands in for a compiled model where the runtime is tested: the ABI's
// struct, two entries, barriers, cache, arena, scratch and weights, with exact
// integer arithmetic that FakeModel.cpp repeats. Each phase reads what other
// workers wrote in the one before. Macros make variants that the loader must
// refuse.
//
//===----------------------------------------------------------------------===//

#include "FakeArtifact.h"
#include "tenon-rt/abi.h"

#include <math.h>

#ifndef FAKE_MAGIC
#define FAKE_MAGIC TENON_RT_ARTIFACT_MAGIC
#endif
#ifndef FAKE_ABI
#define FAKE_ABI TENON_RT_ABI_VERSION
#endif
#ifndef FAKE_FEATURES
#define FAKE_FEATURES ""
#endif
#ifndef FAKE_SANITIZER
#define FAKE_SANITIZER ""
#endif
#ifndef FAKE_MARKS
#define FAKE_MARKS 1
#endif
#ifndef FAKE_TOP_K
#define FAKE_TOP_K 5
#endif
#if defined(__x86_64__)
#define FAKE_TRIPLE "x86_64-pc-linux-gnu"
#else
#define FAKE_TRIPLE "aarch64-unknown-linux-gnu"
#endif

static void barrier(tenon_rt_job *job) {
  uint32_t phase = __atomic_load_n(&job->barrier_phase, __ATOMIC_ACQUIRE);
  if (__atomic_add_fetch(&job->barrier_count, 1, __ATOMIC_ACQ_REL) ==
      job->workers) {
    __atomic_store_n(&job->barrier_count, 0, __ATOMIC_RELAXED);
    __atomic_add_fetch(&job->barrier_phase, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&job->barrier_sleepers, __ATOMIC_SEQ_CST) != 0)
      job->wake(job);
    return;
  }
  for (uint64_t spins = 0;
       __atomic_load_n(&job->barrier_phase, __ATOMIC_ACQUIRE) == phase; ++spins)
    if (spins > 100 || spins >= job->spins)
      job->wait(job, phase);
}

/// What row `row` belongs to, and the slot it goes to.
static tenon_rt_sequence sequenceOf(tenon_rt_job *job, uint64_t row,
                                    int isBatch) {
  tenon_rt_sequence one = {job->cache, job->slot_positions,
                           job->slots_used + row, job->capacity};
  return isBatch ? job->sequences[row] : one;
}

/// Where the cache keeps a slot of a layer: tile after tile.
static uint64_t cacheAt(uint64_t slot, uint32_t layer) {
  return (slot / TENON_RT_SLOT_TILE * FAKE_LAYERS + layer) *
             TENON_RT_SLOT_TILE +
         slot % TENON_RT_SLOT_TILE;
}

/// Sums of what row `row` sees, one for each class of (slot, layer).
static void gather(tenon_rt_job *job, uint64_t row, int isBatch,
                   uint32_t *sums) {
  tenon_rt_sequence own = sequenceOf(job, row, isBatch);
  const uint32_t *cache = (const uint32_t *)own.cache;
  for (uint32_t k = 0; k < FAKE_CLASSES; ++k)
    sums[k] = 0;
  for (uint32_t layer = 0; layer < FAKE_LAYERS; ++layer)
    for (uint64_t slot = 0; slot < own.capacity; ++slot)
      if (own.slot_positions[slot] <= job->positions[row])
        sums[(slot * 7 + layer) % FAKE_CLASSES] += cache[cacheAt(slot, layer)];
}

/// The most likely tokens of a row, one after the other.
static void rank(tenon_rt_job *job, uint64_t row) {
  const uint32_t *sums =
      &((uint32_t *)job->arena)[job->top_index[row] * FAKE_CLASSES];
  for (uint64_t i = 0; i < FAKE_TOP_K; ++i) {
    int32_t *ids = &job->top_ids[row * FAKE_TOP_K];
    int32_t best = -1;
    for (int32_t v = 0; v < FAKE_VOCAB && i < job->top_count; ++v) {
      int taken = 0;
      for (uint64_t before = 0; before < i; ++before)
        taken |= ids[before] == v;
      if (!taken && (best < 0 || fakeLogit(sums, v) > fakeLogit(sums, best)))
        best = v;
    }
    ids[i] = best;
    job->top_logits[row * FAKE_TOP_K + i] =
        best < 0 ? -HUGE_VALF : fakeLogit(sums, best);
  }
}

static void runRows(tenon_rt_job *job, uint64_t worker, int isBatch) {
  uint32_t *arena = (uint32_t *)job->arena;
  uint32_t *scratch = (uint32_t *)(job->scratch + worker * FAKE_SCRATCH_BYTES);
  for (uint64_t row = worker; row < job->rows; row += job->workers)
    for (uint32_t layer = 0; layer < FAKE_LAYERS; ++layer) {
      tenon_rt_sequence own = sequenceOf(job, row, isBatch);
      uint32_t *cache = (uint32_t *)own.cache;
      cache[cacheAt(own.slots_used, layer)] = fakeCacheValue(
          job->ids[row], job->positions[row], layer, job->weights);
    }
  barrier(job);
  for (uint64_t row = worker; row < job->rows; row += job->workers) {
    gather(job, row, isBatch, scratch);
    for (uint32_t k = 0; k < FAKE_CLASSES; ++k)
      arena[row * FAKE_CLASSES + k] = scratch[k];
  }
  barrier(job);
  for (uint64_t out = 0; out < job->out_rows; ++out)
    for (uint32_t v = (uint32_t)worker; v < FAKE_VOCAB; v += job->workers)
      job->logits[out * FAKE_VOCAB + v] =
          fakeLogit(&arena[job->out_index[out] * FAKE_CLASSES], v);
  for (uint64_t row = worker; row < job->top_rows; row += job->workers)
    rank(job, row);
  barrier(job);
}

/// All of it is one kernel.
static void run(tenon_rt_job *job, uint64_t worker) {
  if (FAKE_MARKS)
    job->mark(job, worker, 0, 0);
  runRows(job, worker, 0);
  if (FAKE_MARKS)
    job->mark(job, worker, 1, 0);
}

static void runBatch(tenon_rt_job *job, uint64_t worker) {
  runRows(job, worker, 1);
}

static const tenon_rt_entry entries[] = {
    {"step", run, 1, FAKE_CLASSES * 4, FAKE_SCRATCH_BYTES},
    {"chunk", run, FAKE_MAX_ROWS, FAKE_MAX_ROWS * FAKE_CLASSES * 4,
     FAKE_SCRATCH_BYTES},
    {"batch", runBatch, FAKE_BATCH_ROWS, FAKE_BATCH_ROWS * FAKE_CLASSES * 4,
     FAKE_SCRATCH_BYTES},
};

#ifdef FAKE_UNDEFINED
// As instrumented code has it; nothing here defines it.
void FAKE_UNDEFINED(void);
void (*const fakeReference)(void) = FAKE_UNDEFINED;
#endif

#ifdef FAKE_CONSTRUCTOR
// Whoever opens this library without having checked it first is gone.
__attribute__((constructor)) static void fakeBomb(void) { __builtin_trap(); }
#endif

#ifdef FAKE_NO_SYMBOL
#define tenon_rt_artifact_symbol some_other_symbol
#else
#define tenon_rt_artifact_symbol fakeArtifactSymbol
#endif

extern const tenon_rt_artifact tenon_rt_artifact_symbol
#ifndef FAKE_NO_SYMBOL
    __asm__(TENON_RT_ARTIFACT_SYMBOL)
#endif
        ;

const tenon_rt_artifact tenon_rt_artifact_symbol = {
    FAKE_MAGIC,
    FAKE_ABI,
    sizeof(tenon_rt_artifact),
    "fake",
    "tenon test",
    FAKE_TRIPLE,
    "baseline",
    FAKE_FEATURES,
    FAKE_SANITIZER,
    FAKE_WEIGHTS_ID,
    FAKE_WEIGHTS_BYTES,
    FAKE_VOCAB,
    FAKE_CONTEXT,
    FAKE_LAYERS,
    4,
    "f32",
    3,
    entries,
    FAKE_MARKS,
    FAKE_TOP_K,
    NULL,
};
