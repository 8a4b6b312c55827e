# ===- limits.py - what the machine can do at most -------------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Readings of `tenon-limits`, and the bounds that follow from them."""

import json
import os
import platform
import re
import statistics
from pathlib import Path

from .programs import own

#: The peak rate that the multiply-adds of a type of activations can reach.
RATE_OF = {
    "f32": "f32_gflop_s",
    "bf16": "bf16_gflop_s",
    "int8": "int8_gop_s",
}


class Limits:
    """Readings of one run: one a round, medians where a number is asked."""

    def __init__(self, readings=()):
        self.readings = list(readings)

    def measure(self, runner):
        """Takes a reading, which is a second or two of the whole machine."""
        self.readings.append(json.loads(runner.run([own("tenon-limits")])))

    def value(self, threads, what):
        """The median reading for the largest measured thread count that is
        at most `threads`; None where the processor lacks the instruction."""
        found = []
        for reading in self.readings:
            counts = [n for n in map(int, reading) if n <= threads]
            value = reading[str(max(counts))].get(what) if counts else None
            if value is not None:
                found.append(value)
        return statistics.median(found) if found else None

    def rate(self, threads, activations):
        """Operations a second for a type of activations; that of f32 where
        the processor has no instruction for the type."""
        for name in (RATE_OF[activations], RATE_OF["f32"]):
            value = self.value(threads, name)
            if value is not None:
                return value * 1e9
        return None


def describe():
    """What the results depend on and a reader wants to know."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    found = re.search(r"model name\s*: (.*)", text)
    flags = re.search(r"(?:flags|Features)\s*: (.*)", text)
    wanted = (
        "avx2 avx512f avx512_vnni avx512_bf16 avx_vnni amx_int8 asimddp i8mm"
    )
    have = set(flags.group(1).split()) if flags else set()
    return {
        "processor": found.group(1) if found else platform.machine(),
        "processors": os.cpu_count(),
        "features": [f for f in wanted.split() if f in have],
        "system": f"{platform.system()} {platform.release()}",
    }
