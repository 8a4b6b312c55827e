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
  holding = current == most ? backoff : std::min(backoff, kLastOfFewer);
  backoff = std::min(2 * backoff, kLastBackoff);
}

void WorkerCount::startTrial(uint32_t workers) {
  trial = workers;
  isTrialsTurn = false;
  pairs = trialStalls = 0;
}

static uint64_t middle(std::array<uint64_t, 3> values) {
  std::sort(values.begin(), values.end());
  return values[1];
}

/// Ends a trial: keeps the number that was tried if it is clearly better.
void WorkerCount::judge(bool isLost) {
  bool isFewer = trial < current;
  bool isStalled = 2 * trialStalls >= pairs;
  uint64_t before = middle(currentTimes);
  // Fewer must be clearly better, more half as good as they can be.
  uint64_t gain =
      isFewer ? before / 8
              : std::min(before / 16, before / (2 * trial) * (trial - current));
  bool isBetter = !isLost && middle(trialTimes) < before - gain;
  if (isFewer && !isBetter && isStalled)
    // Another worker is late too.
    return startTrial(trial > 4 ? trial / 2 : trial - 1);
  if (isBetter)
    current = trial;
  trial = 0;
  calm = stalls = 0;
  if (isFewer || !isBetter)
    hold();
}

void WorkerCount::report(uint64_t nanoseconds, uint64_t slept) {
  uint32_t others = next() - 1;
  bool isStalled = others && slept / others > nanoseconds / 8;
  if (trial && !isTrialsTurn) {
    currentTimes[pairs] = nanoseconds;
    isTrialsTurn = true;
    return;
  }
  if (trial) {
    bool isLost = nanoseconds / 5 > currentTimes[pairs] / 4;
    trialTimes[pairs++] = nanoseconds;
    trialStalls += isStalled;
    isTrialsTurn = false;
    if (isLost || pairs == currentTimes.size())
      judge(isLost);
    return;
  }
  calm = isStalled ? 0 : calm + 1;
  stalls = isStalled ? stalls + 1 : 0;
  if (current == most && calm > 8 * kFirstBackoff)
    backoff = kFirstBackoff;
  if (holding > 0) {
    --holding;
    return;
  }
  if (stalls >= kStalls)
    startTrial(current - 1);
  else if (current < most)
    // As fast up as down.
    startTrial(current < 4 ? current + 1 : std::min(most, 2 * current));
}
