# ===- limits.py - what the machine can do at most -------------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Readings of `tenon-limits`.

Of two kinds. `Limits` keeps one reading of everything a round, the best of its
tries; it describes the machine. `Gauge` takes one limit right before and right
after a sample, the median of its tries: on a shared machine the limit wanders
within seconds, so that only a reading beside a sample says what that sample
could have reached.
"""

import json
import os
import platform
import re
import statistics
from pathlib import Path

from .programs import Failure, own

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

    def kind(self, activations):
        """What `Gauge` measures for a type of activations: the type, or f32
        where the processor has no instruction for it."""
        found = any(
            values.get(RATE_OF[activations]) is not None
            for reading in self.readings
            for values in reading.values()
        )
        return activations if found else "f32"


class Gauge:
    """Takes the limit of a kind ("read", "f32", "bf16", "int8") for a number of
    threads around each sample. The reading after one sample is the reading
    before the next if nothing ran between them."""

    def __init__(self, runner):
        self.runner = runner
        self.last = None

    def read(self, kind, threads):
        """The median of the tries, bytes or operations a second."""
        argv = [own("tenon-limits"), "--threads", threads, "--only", kind]
        value = json.loads(self.runner.run(argv))["median"]
        if not value:
            raise Failure(f"expected a limit of {kind}, but got none")
        return value * 1e9

    def around(self, kind, threads, measure):
        """What `measure` returns, and the readings [before, after]."""
        key, value = self.last or (None, None)
        before = value if key == (kind, threads) else self.read(kind, threads)
        self.last = None
        done = measure()
        after = self.read(kind, threads)
        self.last = ((kind, threads), after)
        return done, [before, after]


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
    facts = {
        "processor": found.group(1) if found else platform.machine(),
        "processors": os.cpu_count(),
        "features": [f for f in wanted.split() if f in have],
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }
    if hasattr(os, "sched_getaffinity"):
        facts["allowed_processors"] = sorted(os.sched_getaffinity(0))
    memory = _words("/proc/meminfo", r"MemTotal:\s*(\d+) kB")
    facts["memory_bytes"] = 1024 * int(memory) if memory else None
    for name, path, pattern in SETTINGS:
        facts[name] = _words(path, pattern)
    return facts


#: Settings of the system that timings depend on; None where it has none.
CPU0 = "/sys/devices/system/cpu/cpu0"
SETTINGS = (
    ("huge_pages", "/sys/kernel/mm/transparent_hugepage/enabled", r"\[(.*)\]"),
    ("governor", f"{CPU0}/cpufreq/scaling_governor", r"(\S+)"),
    ("siblings", f"{CPU0}/topology/thread_siblings_list", r"(\S+)"),
    ("cache_2", f"{CPU0}/cache/index2/size", r"(\S+)"),
    ("cache_3", f"{CPU0}/cache/index3/size", r"(\S+)"),
)


def _words(path, pattern):
    """The group of `pattern` in a file of the system, or None."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError:
        return None
    found = re.search(pattern, text)
    return found.group(1) if found else None
