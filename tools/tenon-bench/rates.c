/*===- rates.c - loops at the full rate of one instruction ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===*/

#include "rates.h"

enum { chains = 12, rounds = 3 * 1000 * 1000 };

#if defined(__x86_64__)
#include <immintrin.h>

/* LOOP: a function that runs `step` on `chains` accumulators of type `type`;
   the sum is used, so that nothing is optimised away. */
#define LOOP(name, features, type, start, step)                                \
  __attribute__((target(features))) static uint64_t name(int worker) {         \
    type sums[chains];                                                         \
    int word = 0x3f003f00 + worker;                                            \
    (void)word;                                                                \
    for (int c = 0; c < chains; ++c)                                           \
      sums[c] = start;                                                         \
    for (int i = 0; i < rounds; ++i)                                           \
      for (int c = 0; c < chains; ++c) {                                       \
        __asm__ volatile("" : "+v"(sums[c]));                                  \
        sums[c] = step;                                                        \
      }                                                                        \
    uint64_t total = 0;                                                        \
    for (int c = 0; c < chains; ++c)                                           \
      total += (uint64_t)((const uint32_t *)&sums[c])[0];                      \
    return total;                                                              \
  }

LOOP(f32Wide, "avx512f", __m512, _mm512_set1_ps(1.0f),
     _mm512_fmadd_ps(sums[c], _mm512_set1_ps(0.999f), _mm512_set1_ps(0.25f)))
LOOP(f32Narrow, "avx2,fma", __m256, _mm256_set1_ps(1.0f),
     _mm256_fmadd_ps(sums[c], _mm256_set1_ps(0.999f), _mm256_set1_ps(0.25f)))
LOOP(bf16Wide, "avx512f,avx512bf16", __m512, _mm512_set1_ps(1.0f),
     _mm512_dpbf16_ps(sums[c], (__m512bh)_mm512_set1_epi32(word),
                      (__m512bh)_mm512_set1_epi32(word)))
LOOP(int8Wide, "avx512f,avx512vnni", __m512i, _mm512_set1_epi32(1),
     _mm512_dpbusd_epi32(sums[c], _mm512_set1_epi32(word),
                         _mm512_set1_epi32(word)))
LOOP(int8VexNarrow, "avx2,avxvnni", __m256i, _mm256_set1_epi32(1),
     _mm256_dpbusd_avx_epi32(sums[c], _mm256_set1_epi32(word),
                             _mm256_set1_epi32(word)))
LOOP(int8Narrow, "avx2", __m256i, _mm256_set1_epi32(1),
     _mm256_add_epi32(sums[c],
                      _mm256_madd_epi16(_mm256_maddubs_epi16(
                                            _mm256_set1_epi32(word), sums[c]),
                                        _mm256_set1_epi16(1))))

static int isWide(void) { return __builtin_cpu_supports("avx512f"); }
static int hasVNNI(void) { return __builtin_cpu_supports("avx512vnni"); }
static int hasF32(void) { return isWide() || __builtin_cpu_supports("fma"); }
static int hasBF16(void) { return __builtin_cpu_supports("avx512bf16"); }
static int hasInt8(void) { return __builtin_cpu_supports("avx2"); }

static uint64_t runF32(int worker) {
  return isWide() ? f32Wide(worker) : f32Narrow(worker);
}
static uint64_t runInt8(int worker) {
  if (hasVNNI())
    return int8Wide(worker);
  return __builtin_cpu_supports("avxvnni") ? int8VexNarrow(worker)
                                           : int8Narrow(worker);
}
static double opsF32(void) {
  return 2.0 * chains * rounds * (isWide() ? 16 : 8);
}
static double opsBF16(void) { return 2.0 * chains * rounds * 32; }
static double opsInt8(void) {
  return 2.0 * chains * rounds * (hasVNNI() ? 64 : 32);
}
#define runBF16 bf16Wide

__attribute__((target("avx512f"))) static uint64_t
readWide(const uint64_t *words, size_t count) {
  __m512i sums[4];
  for (int k = 0; k < 4; ++k)
    sums[k] = _mm512_setzero_si512();
  size_t i = 0;
  for (; i + 32 <= count; i += 32)
    for (int k = 0; k < 4; ++k)
      sums[k] =
          _mm512_add_epi64(sums[k], _mm512_loadu_si512(words + i + 8 * k));
  uint64_t total = 0;
  for (int k = 0; k < 4; ++k)
    total += (uint64_t)_mm512_reduce_add_epi64(sums[k]);
  for (; i < count; ++i)
    total += words[i];
  return total;
}

uint64_t readWords(const uint64_t *words, size_t count) {
  if (isWide())
    return readWide(words, count);
  uint64_t total = 0;
  for (size_t i = 0; i < count; ++i)
    total += words[i];
  return total;
}

#else /* another machine: f32 only, by the compiler's own vectors */

typedef float vector __attribute__((vector_size(16)));
static int hasF32(void) { return 1; }
static int hasBF16(void) { return 0; }
static int hasInt8(void) { return 0; }
static uint64_t runF32(int worker) {
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
  return (uint64_t)total;
}
static uint64_t runBF16(int worker) { return (uint64_t)worker; }
static uint64_t runInt8(int worker) { return (uint64_t)worker; }
static double opsF32(void) { return 2.0 * chains * rounds * 4; }
static double opsBF16(void) { return 0; }
static double opsInt8(void) { return 0; }

uint64_t readWords(const uint64_t *words, size_t count) {
  uint64_t total = 0;
  for (size_t i = 0; i < count; ++i)
    total += words[i];
  return total;
}
#endif

const rate rates[rateKinds] = {
    {"f32_gflop_s", hasF32, runF32, opsF32},
    {"bf16_gflop_s", hasBF16, runBF16, opsBF16},
    {"int8_gop_s", hasInt8, runInt8, opsInt8},
};
