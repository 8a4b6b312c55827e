/*===- limits.c - what the machine can do at most -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Decoding is bound by the bytes that can be read, prefill by multiply-adds of
// the widest instruction that the activations allow.
//
// Without options it prints the best of several tries of everything for 1, 2,
// 4, ... threads as JSON: {"1": {"read_gb_s": .., "f32_gflop_s": ..,
// "bf16_gflop_s": .., "int8_gop_s": ..}, ..}. With `--threads N --only KIND` it
// takes a fraction of a second and prints that one limit of that many threads,
// {"threads": N, "kind": KIND, "unit": .., "median": .., "best": ..,
// "tries": [..], "huge_mib": ..}: a reading to take right before and right
// after something else is measured. A rate is null where the processor has no
// instruction for it.
//
// A limit is what can be reached at best, so the buffer lies in huge pages
// where the system has them: `huge_mib` says how much of it does. Links
pthread.
//
//===----------------------------------------------------------------------===*/

#define _GNU_SOURCE
#include "rates.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { kindRead = -1, kindAll = -2, most = 1024, mostTries = 15 };
/* Of a reading of everything; of one limit, where a rate takes less time. */
enum { triesOfAll = 6, triesOfRead = 5, triesOfRate = mostTries };

static const size_t totalBytes = (size_t)1 << 30;
static const size_t hugePage = (size_t)2 << 20;
static uint64_t *memory;
static int isTouched;
static pthread_barrier_t barrier;
static int threadCount, onlyKind = kindAll;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Seconds of each try of one limit; all workers together. */
typedef struct {
  int count;
  double seconds[mostTries];
} timing;

typedef struct {
  int index;
  timing read, rate[rateKinds];
  volatile uint64_t sink;
} worker;

static size_t wordsOfEach(void) { return totalBytes / 8 / (size_t)threadCount; }

static void runTries(worker *self, int kind, int count, timing *into) {
  size_t words = wordsOfEach();
  into->count = count;
  for (int i = 0; i < count; ++i) {
    pthread_barrier_wait(&barrier);
    double start = now();
    if (kind == kindRead)
      self->sink += readWords(memory + words * (size_t)self->index, words);
    else
      self->sink += rates[kind].run(self->index);
    pthread_barrier_wait(&barrier);
    into->seconds[i] = now() - start;
  }
}

/* Pages exist from the first write on, by the worker that will read them. */
static void touch(const worker *self) {
  size_t words = wordsOfEach();
  uint64_t *mine = memory + words * (size_t)self->index;
  for (size_t i = 0; i < words; i += 512)
    mine[i] = 1;
}

static void *work(void *argument) {
  worker *self = argument;
  int isOne = onlyKind != kindAll;
  if (onlyKind == kindAll || onlyKind == kindRead) {
    if (!isTouched)
      touch(self);
    runTries(self, kindRead, isOne ? triesOfRead : triesOfAll, &self->read);
  }
  for (int kind = 0; kind < rateKinds; ++kind)
    if ((!isOne || onlyKind == kind) && rates[kind].exists())
      runTries(self, kind, isOne ? triesOfRate : triesOfAll, &self->rate[kind]);
  return NULL;
}

static int isLess(const void *left, const void *right) {
  double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

static void sortTries(timing *of) {
  qsort(of->seconds, (size_t)of->count, sizeof *of->seconds, isLess);
}

/* Operations or bytes a second, in thousands of millions, of sorted tries. */
static double best(const timing *of, double amount) {
  return amount / of->seconds[0] / 1e9;
}

static double median(const timing *of, double amount) {
  int half = of->count / 2;
  double seconds = of->seconds[half];
  if (of->count % 2 == 0)
    seconds = (seconds + of->seconds[half - 1]) / 2;
  return amount / seconds / 1e9;
}

static double amountOf(int kind) {
  if (kind == kindRead)
    return (double)(wordsOfEach() * (size_t)threadCount * 8);
  return rates[kind].operations() * threadCount;
}

static void printAll(worker *first) {
  sortTries(&first->read);
  printf("%s\"%d\": {\"read_gb_s\": %.2f", threadCount > 1 ? ", " : "",
         threadCount, best(&first->read, amountOf(kindRead)));
  for (int kind = 0; kind < rateKinds; ++kind) {
    printf(", \"%s\": ", rates[kind].name);
    sortTries(&first->rate[kind]);
    if (rates[kind].exists())
      printf("%.1f", best(&first->rate[kind], amountOf(kind)));
    else
      printf("null");
  }
  printf("}");
}

/* The part of the buffer that lies in huge pages, -1 where nobody says. */
static int hugeMib(void) {
  long kib = -1;
  char line[128];
  FILE *file = fopen("/proc/self/smaps_rollup", "r");
  while (file && fgets(line, sizeof line, file))
    if (sscanf(line, "AnonHugePages: %ld kB", &kib) == 1)
      break;
  if (file)
    fclose(file);
  return kib < 0 ? -1 : (int)(kib / 1024);
}

static const char *const names[] = {"read", "f32", "bf16", "int8"};

static void printOne(worker *first) {
  timing *of = onlyKind == kindRead ? &first->read : &first->rate[onlyKind];
  double amount = of->count > 0 ? amountOf(onlyKind) : 0;
  printf("{\"threads\": %d, \"kind\": \"%s\", \"unit\": \"%s\", ", threadCount,
         names[onlyKind + 1], onlyKind == kindRead ? "GB/s" : "Gop/s");
  if (of->count == 0) {
    printf("\"median\": null, \"best\": null, \"tries\": []");
  } else {
    timing sorted = *of;
    sortTries(&sorted);
    printf("\"median\": %.3f, \"best\": %.3f, \"tries\": [",
           median(&sorted, amount), best(&sorted, amount));
    for (int i = 0; i < of->count; ++i)
      printf("%s%.3f", i > 0 ? ", " : "", amount / of->seconds[i] / 1e9);
    printf("]");
  }
  if (onlyKind == kindRead)
    printf(", \"huge_mib\": %d", hugeMib());
  printf("}\n");
}

static void measure(void) {
  static pthread_t threads[most];
  static worker workers[most];
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
  isTouched = 1;
  if (onlyKind == kindAll)
    printAll(&workers[0]);
  else
    printOne(&workers[0]);
}

static int usage(const char *what, const char *got) {
  fprintf(stderr,
          "tenon-limits: expected %s, but got '%s'\n"
          "usage: tenon-limits [--threads N --only read|f32|bf16|int8]\n",
          what, got);
  return 2;
}

/* 0, or the exit code of wrong usage. */
static int parse(int argc, char **argv) {
  for (int i = 1; i < argc; i += 2) {
    const char *value = i + 1 < argc ? argv[i + 1] : "";
    if (strcmp(argv[i], "--threads") == 0) {
      char *end;
      long count = strtol(value, &end, 10);
      if (end == value || *end || count < 1 || count > most)
        return usage("a number of threads from 1 to 1024", value);
      threadCount = (int)count;
    } else if (strcmp(argv[i], "--only") == 0) {
      for (int kind = kindRead; kind < rateKinds; ++kind)
        if (strcmp(value, names[kind + 1]) == 0)
          onlyKind = kind;
      if (onlyKind == kindAll)
        return usage("a kind of limit", value);
    } else {
      return usage("an option", argv[i]);
    }
  }
  if ((threadCount > 0) != (onlyKind != kindAll))
    return usage("--threads and --only together", argv[1]);
  return 0;
}

int main(int argc, char **argv) {
  int code = parse(argc, argv);
  if (code)
    return code;
  if (onlyKind == kindAll || onlyKind == kindRead) {
    memory = aligned_alloc(hugePage, totalBytes);
    if (!memory) {
      perror("tenon-limits: expected 1 GiB of free memory");
      return 1;
    }
    /* Where that fails, pages are small and the limit is that of them. */
    madvise(memory, totalBytes, MADV_HUGEPAGE);
  }
  if (onlyKind != kindAll) {
    measure();
  } else {
    int processors = (int)sysconf(_SC_NPROCESSORS_ONLN);
    printf("{");
    for (threadCount = 1; threadCount <= processors && threadCount <= most;
         threadCount *= 2)
      measure();
    printf("}\n");
  }
  free(memory);
  return 0;
}
