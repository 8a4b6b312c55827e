/*===- limits.c - what the machine can do at most -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Decoding is bound by the bytes that can be read, prefill by multiply-adds of
// the widest instruction that the activations allow. Prints all of them for 1,
// 2, 4, ... threads as JSON: {"1": {"read_gb_s": .., "f32_gflop_s": ..,
// "bf16_gflop_s": .., "int8_gop_s": ..}, ..}; a rate is null where the
// processor has no instruction for it. Best of several tries, because a limit
// is what can be reached. Links pthread.
//
//===----------------------------------------------------------------------===*/

#define _GNU_SOURCE
#include "rates.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { tries = 6, most = 64 };

static const size_t totalBytes = (size_t)1 << 30;
static uint64_t *memory;
static pthread_barrier_t barrier;
static int threadCount;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

typedef struct {
  int index;
  double readSeconds, rateSeconds[rateKinds];
  volatile uint64_t sink;
} worker;

/* The best time of all workers together, over several tries. */
static double bestOf(worker *self, int kind) {
  double best = 0;
  for (int i = 0; i < tries; ++i) {
    pthread_barrier_wait(&barrier);
    double start = now();
    if (kind < 0) {
      size_t words = totalBytes / 8 / (size_t)threadCount;
      self->sink += readWords(memory + words * (size_t)self->index, words);
    } else {
      self->sink += rates[kind].run(self->index);
    }
    pthread_barrier_wait(&barrier);
    double seconds = now() - start;
    if (i == 0 || seconds < best)
      best = seconds;
  }
  return best;
}

static void *work(void *argument) {
  worker *self = argument;
  self->readSeconds = bestOf(self, -1);
  for (int kind = 0; kind < rateKinds; ++kind)
    if (rates[kind].exists())
      self->rateSeconds[kind] = bestOf(self, kind);
  return NULL;
}

static int measure(void) {
  pthread_t threads[most];
  worker workers[most];
  memset(workers, 0, sizeof workers);
  pthread_barrier_init(&barrier, NULL, (unsigned)threadCount);
  for (int t = 0; t < threadCount; ++t) {
    workers[t].index = t;
    if (pthread_create(&threads[t], NULL, work, &workers[t]) != 0) {
      perror("tenon-limits: a thread cannot be made");
      exit(1); /* those that exist wait for it */
    }
  }
  for (int t = 0; t < threadCount; ++t)
    pthread_join(threads[t], NULL);
  pthread_barrier_destroy(&barrier);
  printf("%s\"%d\": {\"read_gb_s\": %.2f", threadCount > 1 ? ", " : "",
         threadCount, (double)totalBytes / workers[0].readSeconds / 1e9);
  for (int kind = 0; kind < rateKinds; ++kind) {
    printf(", \"%s\": ", rates[kind].name);
    if (rates[kind].exists())
      printf("%.1f", rates[kind].operations() * threadCount /
                         workers[0].rateSeconds[kind] / 1e9);
    else
      printf("null");
  }
  printf("}");
  return 0;
}

int main(void) {
  int processors = (int)sysconf(_SC_NPROCESSORS_ONLN);
  memory = aligned_alloc(4096, totalBytes);
  if (!memory) {
    perror("tenon-limits: expected 1 GiB of free memory");
    return 1;
  }
  memset(memory, 1, totalBytes);
  printf("{");
  for (threadCount = 1; threadCount <= processors && threadCount <= most;
       threadCount *= 2)
    measure();
  printf("}\n");
  free(memory);
  return 0;
}
