//===- FakeArtifact.h - the arithmetic of the hand-written artifact -------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shared by the artifact (C) and by the reference in the tests (C++).
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TEST_FAKEARTIFACT_H
#define TENON_TEST_FAKEARTIFACT_H

#include <stdint.h>

enum {
  FAKE_VOCAB = 33,
  FAKE_LAYERS = 2,
  FAKE_CONTEXT = 100,
  FAKE_MAX_ROWS = 8,
  FAKE_BATCH_ROWS = 4,
  FAKE_CLASSES = 13,
  FAKE_SCRATCH_BYTES = 64,
  FAKE_WEIGHTS_BYTES = 256,
};

#define FAKE_WEIGHTS_ID {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}

/// What the cache keeps of a token in a layer.
static inline uint32_t fakeCacheValue(int32_t id, int32_t position,
                                      uint32_t layer, const uint8_t *weights) {
  uint32_t weight = weights[((uint32_t)id * 5 + layer) % FAKE_WEIGHTS_BYTES];
  return ((uint32_t)id + 1) * ((uint32_t)position + 3) * (weight + 1) % 997;
}

/// The logit of token `v` for a row that sees `sums`.
static inline float fakeLogit(const uint32_t *sums, uint32_t v) {
  uint32_t total = 0;
  for (uint32_t k = 0; k < FAKE_CLASSES; ++k)
    total += sums[k] * ((v + k) % FAKE_CLASSES + 1);
  return (float)(total % 4096);
}

#endif // TENON_TEST_FAKEARTIFACT_H
