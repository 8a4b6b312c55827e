/*===- rates.h - loops at the full rate of one instruction ------*- C -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each loop keeps independent chains of multiply-adds in registers, as many as
// hide the latency, so that it runs at the rate of the instruction. The machine
// that runs decides which instruction that is, not the one that compiled.
//
//===----------------------------------------------------------------------===*/

#ifndef TENON_BENCH_RATES_H
#define TENON_BENCH_RATES_H

#include <stddef.h>
#include <stdint.h>

enum { rateF32, rateBF16, rateInt8, rateKinds };

typedef struct {
  const char *name; /* as in the JSON */
  int (*exists)(void);
  uint64_t (*run)(int worker);
  double (*operations)(void); /* of one run; a multiply-add is two */
} rate;

extern const rate rates[rateKinds];

/* The sum of `count` words, read in order. */
uint64_t readWords(const uint64_t *words, size_t count);

#endif /* TENON_BENCH_RATES_H */
