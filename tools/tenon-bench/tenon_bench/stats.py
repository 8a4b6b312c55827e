# ===- stats.py - medians, spread, and when two differ ---------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Statistics of few samples of a noisy machine."""

import math
import statistics


def summary(samples):
    """Median, extremes and spread: half the range of the middle half, as a
    share of the median."""
    ordered = sorted(samples)
    median = statistics.median(ordered)
    low, high = quartiles(ordered)
    return {
        "median": median,
        "min": ordered[0],
        "max": ordered[-1],
        "spread": (high - low) / 2 / median if median else math.nan,
        "rounds": len(ordered),
    }


def quartiles(ordered):
    """The lower and the upper quartile, by interpolation."""

    def at(share):
        place = share * (len(ordered) - 1)
        low = math.floor(place)
        high = min(low + 1, len(ordered) - 1)
        return ordered[low] + (ordered[high] - ordered[low]) * (place - low)

    return at(0.25), at(0.75)


def paired_change(base, new, confidence=0.99):
    """(median, low, high) of the change of `new` against `base`, as a share.

    Samples are taken in turns, so the i-th of each met the same machine: each
    pair gives one ratio. The interval is that of the sign test: it assumes
    nothing of how the noise is distributed, and is infinite below 8 pairs.
    """
    if len(base) != len(new) or not base:
        raise ValueError("expected as many samples of both, and at least one")
    ratios = sorted(n / b - 1 for b, n in zip(base, new))
    # The most ratios that may be cut off at each end.
    cut, outside = 0, 0.0
    for cut in range(len(ratios)):
        outside += 2 * math.comb(len(ratios), cut) / 2 ** len(ratios)
        if outside > 1 - confidence:
            break
    median = statistics.median(ratios)
    if cut == 0:
        return median, -math.inf, math.inf
    return median, ratios[cut - 1], ratios[-cut]


def geometric_mean(values):
    """Of positive numbers."""
    return math.exp(sum(map(math.log, values)) / len(values))
