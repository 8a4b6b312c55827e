/*===- limits.c - what the machine can do at most -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Decoding is bound by the bytes of weights that can be read, prefill by
// multiply-adds. Prints both, for 1, 2, 4, ... threads, as JSON:
// {"1": {"read_gb_s": .., "f32_gflop_s": ..}, ..}. Best of several tries,
// because a limit is what can be reached. -O3 -march=native -pthread.
//
//===----------------------------------------------------------------------===*/

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { tries = 6, lanes = 16, chains = 12, rounds = 4 * 1000 * 1000 };
typedef float vector __attribute__((vector_size(lanes * 4)));

static const size_t totalBytes = (size_t)1 << 30;
static uint64_t *memory;
static pthread_barrier_t barrier;
static int threadCount;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Sums this worker's share of the memory. */
static uint64_t readShare(int worker) {
  size_t words = totalBytes / 8 / (size_t)threadCount, sum = 0;
  const uint64_t *at = memory + words * (size_t)worker;
  for (size_t i = 0; i < words; ++i)
    sum += at[i];
  return sum;
}

/* Independent chains of fused multiply-adds in registers. */
static float compute(int worker) {
  vector sums[chains];
  for (int c = 0; c < chains; ++c)
    sums[c] = (vector){(float)(c + worker)};
  vector scale = sums[0] * 0.0f + 0.999f, add = sums[0] * 0.0f + 0.25f;
  for (int i = 0; i < rounds; ++i)
    for (int c = 0; c < chains; ++c)
      sums[c] = sums[c] * scale + add;
  float total = 0;
  for (int c = 0; c < chains; ++c)
    total += sums[c][0];
  return total;
}

typedef struct {
  int index;
  double readSeconds, computeSeconds;
  volatile uint64_t sink;
} worker;

static void *work(void *argument) {
  worker *self = argument;
  for (int i = 0; i < tries; ++i) {
    pthread_barrier_wait(&barrier);
    double start = now();
    self->sink += readShare(self->index);
    pthread_barrier_wait(&barrier);
    double seconds = now() - start;
    if (i == 0 || seconds < self->readSeconds)
      self->readSeconds = seconds;
  }
  for (int i = 0; i < tries; ++i) {
    pthread_barrier_wait(&barrier);
    double start = now();
    self->sink += (uint64_t)compute(self->index);
    pthread_barrier_wait(&barrier);
    double seconds = now() - start;
    if (i == 0 || seconds < self->computeSeconds)
      self->computeSeconds = seconds;
  }
  return NULL;
}

int main(void) {
  int processors = (int)sysconf(_SC_NPROCESSORS_ONLN);
  memory = aligned_alloc(4096, totalBytes);
  if (!memory) {
    perror("1 GiB of memory");
    return 1;
  }
  memset(memory, 1, totalBytes);
  printf("{");
  for (threadCount = 1; threadCount <= processors; threadCount *= 2) {
    pthread_t threads[64];
    worker workers[64];
    if (threadCount > 64)
      break;
    memset(workers, 0, sizeof workers);
    pthread_barrier_init(&barrier, NULL, (unsigned)threadCount);
    for (int t = 0; t < threadCount; ++t) {
      workers[t].index = t;
      if (pthread_create(&threads[t], NULL, work, &workers[t]) != 0) {
        perror("pthread_create");
        return 1;
      }
    }
    for (int t = 0; t < threadCount; ++t)
      pthread_join(threads[t], NULL);
    pthread_barrier_destroy(&barrier);
    double flops = 2.0 * lanes * chains * rounds * threadCount;
    printf("%s\"%d\": {\"read_gb_s\": %.2f, \"f32_gflop_s\": %.1f}",
           threadCount > 1 ? ", " : "", threadCount,
           (double)totalBytes / workers[0].readSeconds / 1e9,
           flops / workers[0].computeSeconds / 1e9);
  }
  printf("}\n");
  free(memory);
  return 0;
}
