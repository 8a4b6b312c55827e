# ===- golden.py - recorded measures that may not get worse ----------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Compares measures with `test/Golden/NAME.json`, or records them there.

A measure is a number of which less is better: an error, bytes, cycles. One
that is more than 5 % above its record fails, and so does one that has no
record, or a record that nothing measures any more. With TENON_GOLDEN_UPDATE in
the environment (`tools/dev/golden.sh`) measures are recorded instead.
"""

import json
import os

from . import tools

FOLDER = tools.SOURCE / "test" / "Golden"
TOLERANCE = 0.05


def problems(name, recorded, measured, floor=0.0):
    """What is wrong with each entry, as messages.

    Values of at most `floor` are the same: below it there is only noise.
    """
    remedy = f"if it is meant so, run: bash tools/dev/golden.sh {name}"
    messages = []
    for entry in sorted(recorded.keys() | measured.keys()):
        old, new = recorded.get(entry), measured.get(entry)
        where = f"test/Golden/{name}.json: '{entry}'"
        if old is None:
            text = f"expected a recorded value, but got only the new {new:g}"
        elif new is None:
            text = f"expected to measure what was {old:g}, but it is gone"
        elif not new <= max(old * (1 + TOLERANCE), floor):
            more = f"{100 * (new / old - 1):.1f} % more" if old else "more"
            text = f"expected at most {old:g} + 5 %, but got {new:g}, {more}"
        else:
            continue
        messages.append(f"{where}: {text}; {remedy}")
    return messages


def check(name, measured, floor=0.0):
    """The test fails where a measure got worse than its record."""
    path = FOLDER / f"{name}.json"
    measured = {k: float(f"{v:.5g}") for k, v in measured.items()}
    if os.environ.get("TENON_GOLDEN_UPDATE"):
        path.write_text(json.dumps(measured, indent=1, sort_keys=True) + "\n")
        return
    recorded = json.loads(path.read_text()) if path.exists() else {}
    found = problems(name, recorded, measured, floor)
    assert not found, "\n" + "\n".join(found)
