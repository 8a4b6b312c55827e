/*===- Pieces.c - logits of a text that arrives in pieces -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Feeds tokens to a session in calls of given sizes and writes the logits of
// every token. A call of one token is the decoding step, one of many the
// prefill; both must say the same, whatever the cut. After the first pass the
// session is truncated to half and read again to the end, which must repeat
// the same numbers bit for bit; then the same is asked of a fork. Last, a
// prefill of the whole text gives the logits of its last token only. With
// "once", all that comes after the first pass is left out.
//
//===----------------------------------------------------------------------===*/

#include "tenon-rt/runtime.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads "1,2,3"; returns how many numbers there are. */
static size_t parseList(const char *text, int32_t **numbers) {
  size_t count = 1, at = 0;
  for (const char *c = text; *c; ++c)
    count += *c == ',';
  *numbers = calloc(count, sizeof(int32_t));
  char *rest = (char *)text;
  while (at < count) {
    (*numbers)[at++] = (int32_t)strtol(rest, &rest, 10);
    if (*rest == ',')
      ++rest;
  }
  return count;
}

static int fail(const char *what, const tenon_rt_session *session) {
  fprintf(stderr, "%s: %s\n", what, tenon_rt_error(session));
  return 1;
}

/* Feeds the pieces from token `from` on, where a piece must start. */
static int feed(tenon_rt_session *session, const int32_t *ids,
                const int32_t *sizes, size_t pieces, size_t from, float *logits,
                size_t vocabulary) {
  size_t at = 0;
  for (size_t p = 0; p < pieces; at += (size_t)sizes[p++]) {
    if (at < from)
      continue;
    if (tenon_rt_step(session, ids + at, (size_t)sizes[p],
                      logits + at * vocabulary) != TENON_RT_OK)
      return fail("tenon_rt_step", session);
  }
  return 0;
}

/* The logits after the last token, by a prefill of the whole text. */
static int checkPrefill(tenon_rt_session *session, const int32_t *ids,
                        size_t count, const float *last, float *logits,
                        size_t vocabulary) {
  if (tenon_rt_session_truncate(session, 0) != TENON_RT_OK)
    return fail("tenon_rt_session_truncate", session);
  if (tenon_rt_prefill(session, ids, count, logits) != TENON_RT_OK)
    return fail("tenon_rt_prefill", session);
  for (size_t i = 0; i < vocabulary; ++i)
    if (!(fabsf(logits[i] - last[i]) <= 1e-3f * (1 + fabsf(last[i])))) {
      fprintf(stderr, "logit %zu: expected %g, but a prefill gave %g\n", i,
              (double)last[i], (double)logits[i]);
      return 1;
    }
  return 0;
}

/* Reads the second half again, after a truncation and in a fork, and the whole
 * text by a prefill: the same numbers every time. */
static int repeat(tenon_rt_session *session, const int32_t *ids, size_t count,
                  const int32_t *sizes, size_t pieces, const float *first,
                  float *again, size_t vocabulary) {
  size_t bytes = count * vocabulary * sizeof(float);
  tenon_rt_session *fork;
  /* The start of the piece that holds the middle. */
  size_t half = 0;
  for (size_t p = 0; p < pieces && half + (size_t)sizes[p] <= count / 2; ++p)
    half += (size_t)sizes[p];
  memcpy(again, first, bytes);
  memset(again + half * vocabulary, 0, bytes - half * vocabulary * 4);
  if (tenon_rt_session_truncate(session, half) != TENON_RT_OK)
    return fail("tenon_rt_session_truncate", session);
  if (tenon_rt_session_fork(session, &fork) != TENON_RT_OK)
    return fail("tenon_rt_session_fork", session);
  tenon_rt_session *both[] = {session, fork};
  for (int i = 0; i < 2; ++i) {
    if (feed(both[i], ids, sizes, pieces, half, again, vocabulary))
      return 1;
    if (memcmp(first, again, bytes) != 0) {
      fprintf(stderr, "expected the same logits %s, but got others\n",
              i ? "from a fork" : "after a truncation");
      return 1;
    }
    memset(again + half * vocabulary, 0, bytes - half * vocabulary * 4);
  }

  int failed = checkPrefill(fork, ids, count, first + (count - 1) * vocabulary,
                            again, vocabulary);
  tenon_rt_session_destroy(fork);
  return failed;
}

int main(int argc, char **argv) {
  int once = argc == 7 && strcmp(argv[6], "once") == 0;
  if (argc != 6 && !once) {
    fprintf(stderr, "usage: %s LIBRARY THREADS OUT SIZES IDS [once]\n",
            argv[0]);
    return 2;
  }
  int32_t *sizes, *ids;
  size_t pieces = parseList(argv[4], &sizes), count = parseList(argv[5], &ids);

  tenon_rt_model *model;
  tenon_rt_session *session;
  if (tenon_rt_model_open(argv[1], NULL, &model) != TENON_RT_OK)
    return fail("tenon_rt_model_open", NULL);
  tenon_rt_session_options options;
  memset(&options, 0, sizeof options);
  options.threads = (uint32_t)atoi(argv[2]);
  if (tenon_rt_session_create(model, &options, &session) != TENON_RT_OK)
    return fail("tenon_rt_session_create", NULL);

  size_t vocabulary = (size_t)tenon_rt_model_get_info(model)->vocabulary;
  size_t bytes = count * vocabulary * sizeof(float);
  float *first = malloc(bytes), *again = malloc(bytes);
  if (feed(session, ids, sizes, pieces, 0, first, vocabulary))
    return 1;

  if (!once &&
      repeat(session, ids, count, sizes, pieces, first, again, vocabulary))
    return 1;

  FILE *out = fopen(argv[3], "wb");
  if (!out || fwrite(first, 1, bytes, out) != bytes || fclose(out) != 0) {
    perror(argv[3]);
    return 1;
  }
  tenon_rt_session_destroy(session);
  tenon_rt_model_close(model);
  free(sizes);
  free(ids);
  free(first);
  free(again);
  return 0;
}
