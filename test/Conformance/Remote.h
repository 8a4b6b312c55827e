/*===- Remote.h - kernels that run in another process -----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What conformance-test and its runner have in common: the memory that both
// map, and the requests. Freestanding C, since the runner is built for another
// architecture than the rest.
//
//===----------------------------------------------------------------------===*/

#ifndef TENON_TEST_CONFORMANCE_REMOTE_H
#define TENON_TEST_CONFORMANCE_REMOTE_H

#include <stdint.h>

/* Where both map the shared memory. Far from what a loader or an emulator
 * uses, below 2^47. */
#define TENON_REMOTE_ADDRESS 0x200000000000u
#define TENON_REMOTE_BYTES (UINT64_C(1) << 30)

/* Most arguments of a call. */
#define TENON_REMOTE_ARGUMENTS 40

/* First word of a runner that has mapped the memory. */
#define TENON_REMOTE_READY UINT64_C(0x4e4e5254)

/* Requests: the words that follow, and the reply. A text is its number of
 * bytes, then the bytes, padded to whole words. */
enum {
  /* path, symbol, count -> handle, count words of the table `symbol` */
  TENON_REMOTE_LOAD = 1,
  /* handle -> nothing */
  TENON_REMOTE_UNLOAD,
  /* address, bytes, PROT_* -> nothing */
  TENON_REMOTE_PROTECT,
  /* threads; each: calls; each: function, arguments; each: 0 and a number, or
   * a count and so many words of a memref descriptor -> 0 when all are done */
  TENON_REMOTE_RUN,
};

#endif /* TENON_TEST_CONFORMANCE_REMOTE_H */
