# ===- results.py - the JSON file of a run ---------------------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Samples of a run, and what follows from them.

    {"schema": 1, "kind": "run", "started": TIME, "machine": {..},
     "settings": {..}, "engines": {NAME: {"version", "options"} or
     {"absent": WHY}}, "models": {NAME: {facts}}, "limits": [reading, ..],
     "rows": [{"model", "phase", "tokens", "depth", "batch", "threads",
               "engine", "samples": [tokens a second, ..]}, ..],
     "notes": [TEXT, ..], "summary": [{.., "median", "spread", "limit", ..}]}

`rows` and `limits` are what was measured; `summary` is computed from them when
the file is written, so that readers need no arithmetic.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

from . import SCHEMA, limits, stats
from .facts import Stored
from .programs import Failure

#: What makes a row's scenario; `engine` makes it a row.
SCENARIO = ("model", "phase", "tokens", "depth", "batch", "threads")


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

    def add(self, scenario, engine, value):
        """A sample of a scenario, which is a dict with the keys `SCENARIO`."""
        for row in self.data["rows"]:
            if row["engine"] == engine and all(
                row[k] == scenario[k] for k in SCENARIO
            ):
                row["samples"].append(value)
                return
        row = {k: scenario[k] for k in SCENARIO}
        row |= {"engine": engine, "samples": [value]}
        self.data["rows"].append(row)

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
    return data


def bound(data, scenario, activations="f32"):
    """Tokens a second that the machine's limits allow, or None."""
    facts = Stored(data["models"][scenario["model"]])
    machine = limits.Limits(data["limits"])
    threads = scenario["threads"]
    if scenario["phase"] == "decode":
        read = machine.value(threads, "read_gb_s")
        if read is None:
            return None
        size = 4 if data["settings"].get("cache") == "f32" else 2
        batch = scenario["batch"]
        bytes_read = facts.step_bytes(
            scenario["depth"], scenario["tokens"], size, batch
        )
        return batch * read * 1e9 / bytes_read
    rate = machine.rate(threads, activations)
    if rate is None:
        return None
    operations = facts.prefill_operations(scenario["tokens"], scenario["depth"])
    return scenario["tokens"] * rate / operations


def summarize(data):
    """A dict per row: median, spread, limit, share of it, ratio to Tenon."""
    ours = {}
    for row in data["rows"]:
        if row["engine"] == "tenon":
            ours[tuple(row[k] for k in SCENARIO)] = row
    summary = []
    for row in data["rows"]:
        entry = {k: row[k] for k in (*SCENARIO, "engine")}
        entry |= stats.summary(row["samples"])
        facts = data["models"][row["model"]]
        kind = facts.get("activations", {}).get(row["engine"])
        # A peer is held against the limit that Tenon is held against.
        kind = kind or facts.get("activations", {}).get("tenon", "f32")
        entry["limit"] = bound(data, row, kind)
        entry["share"] = None
        if entry["limit"]:
            entry["share"] = entry["median"] / entry["limit"]
        base = ours.get(tuple(row[k] for k in SCENARIO))
        entry["tenon_ratio"] = None
        if base and row["engine"] != "tenon":
            mine = stats.summary(base["samples"])["median"]
            entry["tenon_ratio"] = mine / entry["median"]
        summary.append(entry)
    return summary
