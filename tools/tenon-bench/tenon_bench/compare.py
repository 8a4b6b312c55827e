# ===- compare.py - is one artifact slower than another --------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Two artifacts in turns, and a verdict that noise alone does not give."""

import json
from pathlib import Path

from . import SCHEMA, limits, stats
from .programs import Failure, own
from .table import markdown, number, percent

#: A change for the worse beyond this share fails.
BOUND = 0.03
#: Pairs of samples without which the interval is infinite.
FEWEST = 8


def check(libraries):
    """A Failure unless the artifacts are there and of one model. A NAME.json
    that was not kept says nothing."""
    shapes = []
    for library in map(Path, libraries):
        if not library.is_file():
            raise Failure(f"{library}: expected a library that tenonc wrote")
    for library in map(Path, libraries):
        try:
            facts = json.loads(library.with_suffix(".json").read_bytes())
            shapes.append([facts["model"][k] for k in ("vocabulary", "layers")])
        except (OSError, ValueError, KeyError, TypeError):
            return
    if shapes[0] != shapes[1]:
        base, new = (f"{v} tokens and {n} layers" for v, n in shapes)
        raise Failure(
            f"{libraries[1]}: expected the model of {libraries[0]}, which has "
            f"{base}, but got one with {new}; compile one file twice"
        )


def sample(library, settings, runner):
    """Tokens a second of one run by phase."""
    argv = [own("tenon-run"), library, "--bench"]
    argv += [f"p{settings['prompt']},n{settings['new']},d{settings['depth']}"]
    argv += ["--json", "-q", "--threads", settings["threads"]]
    data = json.loads(runner.run(argv))
    return {
        phase: data[phase]["tokens_per_second"]
        for phase in ("prefill", "decode")
        if data[phase]["tokens"]
    }


def judge(samples, bound=BOUND):
    """A dict per phase: medians, change with its interval, verdict.

    Slower means that all of the interval lies below -bound. Where the
    interval holds both sides of the bound, the verdict is "unclear": more
    rounds decide.
    """
    verdicts = []
    for phase in samples["base"]:
        base, new = samples["base"][phase], samples["new"][phase]
        change, low, high = stats.paired_change(base, new)
        verdict = "same" if low >= -bound else "unclear"
        if high < -bound:
            verdict = "slower"
        elif low > bound:
            verdict = "faster"
        verdicts.append(
            {
                "phase": phase,
                "base": stats.summary(base)["median"],
                "new": stats.summary(new)["median"],
                "change": change,
                "low": low,
                "high": high,
                "verdict": verdict,
            }
        )
    return verdicts


def run(base, new, settings, runner):
    """Measures in turns, the order changing each round; the results."""
    samples = {"base": {}, "new": {}}
    pair = [("base", base), ("new", new)]
    for turn in range(settings["rounds"]):
        for name, library in pair if turn % 2 == 0 else pair[::-1]:
            for phase, value in sample(library, settings, runner).items():
                samples[name].setdefault(phase, []).append(value)
    if not samples["base"]:
        raise Failure(
            "expected something to time: give --prompt or --new-tokens"
        )
    return {
        "schema": SCHEMA,
        "kind": "compare",
        "machine": limits.describe(),
        "settings": settings | {"base": str(base), "new": str(new)},
        "samples": samples,
        "verdicts": judge(samples, settings["bound"]),
    }


def text(data):
    """The verdict as a table."""
    rows = [
        [
            v["phase"],
            number(v["base"]),
            number(v["new"]),
            percent(v["change"], 1),
            f"{percent(v['low'], 1)} .. {percent(v['high'], 1)}",
            v["verdict"],
        ]
        for v in data["verdicts"]
    ]
    header = ["phase", "base tok/s", "new tok/s", "change", "99 %", "verdict"]
    return markdown(header, rows) + "\n"
