# ===- results.py - the JSON file of a run ---------------------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Samples of a run, and what follows from them.

    {"schema": 1, "kind": "run", "started": TIME, "machine": {..},
     "settings": {..}, "runs": [{"started", "settings", "argv",
     "environment"}, ..], "engines": {NAME: {"version", "options", ..} or
     {"absent": WHY}}, "models": {NAME: {facts}}, "limits": [reading, ..],
     "rows": [{"model", "phase", "tokens", "depth", "batch", "threads",
               "engine", "samples": [tokens a second, ..],
               "rounds": [number, ..], "limit_kind": KIND,
               "limits": [[before, after], ..], "command": TEXT}, ..],
     "notes": [TEXT, ..], "summary": [{.., "median", "spread", "limit", ..}]}

`rows` and `limits` are what was measured; `summary` is computed from them when
the file is written, so that readers need no arithmetic. `limits` of a row are
bytes or operations a second around each sample. Files of older versions have
none: their samples are held against the median of the rounds' readings, and no
samples can be added to them.
"""

import errno
import json
import os
import statistics
from datetime import UTC, datetime
from pathlib import Path

from . import SCHEMA, limits, stats
from .facts import Stored
from .programs import Failure

#: What makes a row's scenario; `engine` makes it a row.
SCENARIO = ("model", "phase", "tokens", "depth", "batch", "threads")
#: What a row has once for every sample; of the older only the first.
PER_SAMPLE = ("samples", "rounds", "limits")


def probe(path):
    """An OSError if a file cannot be written: what took minutes to measure is
    not lost to a folder that is not there."""
    is_new = not path.exists()
    if not is_new and not path.is_file():
        kind = errno.EISDIR if path.is_dir() else errno.ENXIO
        raise OSError(kind, os.strerror(kind), str(path))
    path.open("a").close()
    if is_new:
        path.unlink()


class Results:
    """A run in memory."""

    def __init__(self, settings, path=None):
        self.data = {
            "schema": SCHEMA,
            "kind": "run",
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": limits.describe(),
            "settings": settings,
            "engines": {},
            "models": {},
            "limits": [],
            "rows": [],
            "notes": [],
        }
        if path and Path(path).exists():
            self.data = load(path, "run")
            if not all(map(is_paired, self.data["rows"])):
                raise Failure(
                    f"{path}: expected samples with a limit beside each, but "
                    "got those of an older tenon-bench; measure into another "
                    "folder, or without --append"
                )

    def add(self, scenario, engine, sample, more):
        """A sample of a scenario, which is a dict with the keys `SCENARIO`:
        {"rate", "round", "limits"}; `more` is the same for all samples."""
        key = {k: scenario[k] for k in SCENARIO} | {"engine": engine}
        for row in self.data["rows"]:
            if all(row[k] == v for k, v in key.items()):
                break
        else:
            row = key | {"samples": [], "rounds": [], "limits": []} | more
            self.data["rows"].append(row)
        row["samples"].append(sample["rate"])
        row["rounds"].append(sample["round"])
        row["limits"].append(sample["limits"])

    def note(self, text):
        """Keeps a sentence once."""
        if text not in self.data["notes"]:
            self.data["notes"].append(text)

    def write(self, path):
        """Writes the file, with its summary; it appears only when complete."""
        self.data["summary"] = summarize(self.data)
        part = Path(path).with_suffix(".part")
        part.write_text(json.dumps(self.data, indent=1) + "\n")
        part.replace(path)


def load(path, kind=None):
    """A file of results; a Failure if it is none, or of another kind."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Failure(
            f"{path}: expected results of tenon-bench: {error}"
        ) from None
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise Failure(
            f"{path}: expected results of tenon-bench with schema {SCHEMA}; "
            "measure again"
        )
    if kind and data.get("kind") != kind:
        raise Failure(
            f"{path}: expected results of kind '{kind}', but got "
            f"'{data.get('kind')}'"
        )
    for row in data.get("rows", []):
        sizes = {len(row[k]) for k in PER_SAMPLE if k in row}
        if len(sizes) != 1 or (sizes & {0}):
            raise Failure(
                f"{path}: expected a limit and a round for every sample, but "
                f"got other numbers of them in {row.get('engine')}; measure "
                "again"
            )
    return data


def is_paired(row):
    """Whether each sample has its own limit."""
    return "limits" in row


def activations(facts, engine):
    """The type whose peak rate an engine is held against: its own, or that of
    Tenon for a peer."""
    kinds = facts.get("activations", {})
    return kinds.get(engine) or kinds.get("tenon", "f32")


def cost(data, scenario):
    """Bytes (decoding) or operations (prompts) of one token."""
    facts = Stored(data["models"][scenario["model"]])
    if scenario["phase"] == "decode":
        size = 4 if data["settings"].get("cache") == "f32" else 2
        batch = scenario["batch"]
        step = facts.step_bytes(
            scenario["depth"], scenario["tokens"], size, batch
        )
        return step / batch
    operations = facts.prefill_operations(scenario["tokens"], scenario["depth"])
    return operations / scenario["tokens"]


def bounds(data, row):
    """Tokens a second that the machine allowed each sample; None without."""
    if is_paired(row):
        rates = [statistics.mean(around) for around in row["limits"]]
    else:
        machine, threads = limits.Limits(data["limits"]), row["threads"]
        if row["phase"] == "decode":
            rate = machine.value(threads, "read_gb_s")
            rate = rate and rate * 1e9
        else:
            kind = activations(data["models"][row["model"]], row["engine"])
            rate = machine.rate(threads, kind)
        if rate is None:
            return None
        rates = [rate] * len(row["samples"])
    each = cost(data, row)
    return [rate / each for rate in rates]


def ratios(ours, theirs):
    """Tenon's sample over the peer's of each round that has both."""
    mine = dict(zip(rounds_of(ours), ours["samples"]))
    return [
        mine[turn] / value
        for turn, value in zip(rounds_of(theirs), theirs["samples"])
        if turn in mine
    ]


def rounds_of(row):
    """The round of each sample; older files have no gaps."""
    return row.get("rounds") or range(len(row["samples"]))


def summarize(data):
    """A dict per row: median and spread; median limit, median share of it with
    its spread; Tenon's median over the row's, and the same by rounds."""
    ours = {}
    for row in data["rows"]:
        if row["engine"] == "tenon":
            ours[tuple(row[k] for k in SCENARIO)] = row
    summary = []
    for row in data["rows"]:
        entry = {k: row[k] for k in (*SCENARIO, "engine")}
        entry |= stats.summary(row["samples"])
        entry |= {"limit": None, "share": None, "share_spread": None}
        entry["is_paired"] = is_paired(row)
        allowed = bounds(data, row)
        if allowed:
            share = stats.summary(
                [s / bound for s, bound in zip(row["samples"], allowed)]
            )
            entry["limit"] = statistics.median(allowed)
            entry["share"] = share["median"]
            entry["share_spread"] = share["spread"]
        base = ours.get(tuple(row[k] for k in SCENARIO))
        entry |= dict.fromkeys(("tenon_ratio", "paired_ratio", "ratio_spread"))
        if base and row["engine"] != "tenon":
            mine = stats.summary(base["samples"])["median"]
            entry["tenon_ratio"] = mine / entry["median"]
            paired = ratios(base, row)
            if paired:
                paired = stats.summary(paired)
                entry["paired_ratio"] = paired["median"]
                entry["ratio_spread"] = paired["spread"]
        summary.append(entry)
    return summary
