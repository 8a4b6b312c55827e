//===- WorkerCount.cpp - how many workers take part in a call -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WorkerCount.h"

#include <algorithm>

using namespace tenon::runtime;

/// Leaves the number as it is for a while, longer each time.
void WorkerCount::hold() {
  holding = backoff;
  backoff = std::min(2 * backoff, kLastBackoff);
}

/// Ends a trial: keeps the number that was tried if it is clearly better.
void WorkerCount::judge(uint64_t nanoseconds, bool isStalled) {
  bool isFewer = trial < current;
  bool isBetter = nanoseconds < usual - usual / 16 && (isFewer || !isStalled);
  if (isFewer && !isBetter && isStalled) {
    // Another worker is late too.
    trial = trial > 4 ? trial / 2 : trial - 1;
    return;
  }
  if (isBetter) {
    current = trial;
    usual = nanoseconds;
    calm = 0;
  }
  trial = 0;
  if (isFewer || !isBetter)
    hold();
}

void WorkerCount::report(uint64_t nanoseconds, uint64_t slept) {
  uint32_t others = next() - 1;
  bool isStalled = others && slept / others > nanoseconds / 8;
  if (trial)
    return judge(nanoseconds, isStalled);
  usual = usual ? (3 * usual + nanoseconds) / 4 : nanoseconds;
  calm = isStalled ? 0 : calm + 1;
  if (current == most && calm > 8 * kFirstBackoff)
    backoff = kFirstBackoff;
  if (holding > 0) {
    --holding;
    return;
  }
  if (isStalled)
    trial = current - 1;
  else if (current < most)
    trial = current + 1;
}
