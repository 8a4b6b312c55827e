/*===- Runner.c - calls kernels for a conformance program elsewhere -------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Built for the architecture of the kernels and started by conformance-test,
// usually under an emulator. Both processes map the same memory at the same
// address, with the same pages protected, so that addresses mean the same in
// both and nothing is copied. Requests are 64-bit words on standard input,
// replies on standard output; Remote.h has the list.
//
//===----------------------------------------------------------------------===*/

#include "Remote.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void fail(const char *what) {
  perror(what);
  exit(2);
}

static void get(void *data, size_t bytes) {
  for (char *at = data; bytes;) {
    ssize_t count = read(0, at, bytes);
    if (count == 0)
      exit(0); /* conformance-test is done */
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      fail("runner: expected a request");
    at += count;
    bytes -= (size_t)count;
  }
}

static uint64_t getWord(void) {
  uint64_t word;
  get(&word, sizeof word);
  return word;
}

static void put(const void *data, size_t bytes) {
  for (const char *at = data; bytes;) {
    ssize_t count = write(1, at, bytes);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      fail("runner: expected a reader");
    at += count;
    bytes -= (size_t)count;
  }
}

static void putWord(uint64_t word) { put(&word, sizeof word); }

/* A text, padded to whole words. */
static char *getText(void) {
  uint64_t bytes = getWord();
  char *text = calloc(1, bytes + 8);
  get(text, (bytes + 7) / 8 * 8);
  return text;
}

static void load(void) {
  char *path = getText(), *symbol = getText();
  uint64_t count = getWord();
  void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  void **table = handle ? dlsym(handle, symbol) : NULL;
  if (!table) {
    fprintf(stderr, "runner: %s\n", dlerror());
    exit(2);
  }
  putWord((uint64_t)(uintptr_t)handle);
  for (uint64_t i = 0; i < count; ++i)
    putWord((uint64_t)(uintptr_t)table[i]);
  free(path);
  free(symbol);
}

/* One call: the function, and a word for each argument. */
struct call {
  uint64_t function;
  int64_t words[TENON_REMOTE_ARGUMENTS];
  int64_t *descriptors[TENON_REMOTE_ARGUMENTS];
};

struct thread {
  pthread_t id;
  uint64_t count;
  struct call *calls;
};

static void getCall(struct call *call) {
  memset(call, 0, sizeof *call);
  call->function = getWord();
  uint64_t arguments = getWord();
  for (uint64_t i = 0; i < arguments; ++i) {
    uint64_t fields = getWord();
    if (!fields) {
      call->words[i] = (int64_t)getWord();
      continue;
    }
    int64_t *descriptor = malloc(fields * sizeof(int64_t));
    get(descriptor, fields * sizeof(int64_t));
    call->descriptors[i] = descriptor;
    call->words[i] = (int64_t)(intptr_t)descriptor;
  }
}

/* The calling conventions of x86-64 and AArch64 let a function be called with
 * more arguments than it takes. */
#define A4(w, i) w[i], w[i + 1], w[i + 2], w[i + 3]
#define A16(w, i) A4(w, i), A4(w, i + 4), A4(w, i + 8), A4(w, i + 12)
#define T4 int64_t, int64_t, int64_t, int64_t
#define T16 T4, T4, T4, T4
typedef void (*entry)(T16, T16, T4, T4);

static void *runThread(void *argument) {
  struct thread *thread = argument;
  for (uint64_t i = 0; i < thread->count; ++i) {
    const int64_t *w = thread->calls[i].words;
    entry run = (entry)(uintptr_t)thread->calls[i].function;
    run(A16(w, 0), A16(w, 16), A4(w, 32), A4(w, 36));
  }
  return NULL;
}

static void run(void) {
  uint64_t count = getWord();
  struct thread *threads = calloc(count, sizeof *threads);
  for (uint64_t t = 0; t < count; ++t) {
    threads[t].count = getWord();
    threads[t].calls = calloc(threads[t].count, sizeof *threads[t].calls);
    for (uint64_t c = 0; c < threads[t].count; ++c)
      getCall(&threads[t].calls[c]);
  }
  for (uint64_t t = 1; t < count; ++t)
    if (pthread_create(&threads[t].id, NULL, runThread, &threads[t]))
      fail("runner: expected a thread");
  if (count)
    runThread(&threads[0]);
  for (uint64_t t = 1; t < count; ++t)
    pthread_join(threads[t].id, NULL);
  for (uint64_t t = 0; t < count; ++t) {
    for (uint64_t c = 0; c < threads[t].count; ++c)
      for (int i = 0; i < TENON_REMOTE_ARGUMENTS; ++i)
        free(threads[t].calls[c].descriptors[i]);
    free(threads[t].calls);
  }
  free(threads);
  putWord(0);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: %s FD, by conformance-test --runner\n", argv[0]);
    return 2;
  }
  void *memory =
      mmap((void *)TENON_REMOTE_ADDRESS, TENON_REMOTE_BYTES,
           PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, atoi(argv[1]), 0);
  if (memory == MAP_FAILED)
    fail("runner: expected memory to share");
  putWord(TENON_REMOTE_READY);
  for (;;) {
    switch (getWord()) {
    case TENON_REMOTE_LOAD:
      load();
      break;
    case TENON_REMOTE_UNLOAD:
      dlclose((void *)(uintptr_t)getWord());
      break;
    case TENON_REMOTE_PROTECT: {
      uint64_t address = getWord(), bytes = getWord(), protection = getWord();
      if (mprotect((void *)(uintptr_t)address, bytes, (int)protection))
        fail("runner: expected pages to protect");
      break;
    }
    case TENON_REMOTE_RUN:
      run();
      break;
    default:
      fprintf(stderr, "runner: expected a request, but got another word\n");
      return 2;
    }
  }
}
