# ===- report.py - one document from many results --------------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""PERFORMANCE.md from the files of results, losses included."""

from pathlib import Path

from . import ops, results, table

HEAD = """\
# Performance

Written by `tenon-bench report` from files of results; not edited by hand.
Beside every figure stands what the machine allows, measured in the same run:
decoding is held against bytes of weights (the smaller of the file's and the
packed ones) and of the cache at the bandwidth of reading 1 GiB; prompts against
the peak rate of multiply-adds of the activations' type. Engines ran in turns;
figures are medians, `+-` is half the range of the middle half. A ratio below 1
is a loss.
"""


def main(paths, out):
    """Writes the document."""
    parts = [HEAD]
    for path in paths:
        data = results.load(path)
        title = data.get("title") or data.get("settings", {}).get("title")
        title = title or Path(path).stem
        if data["kind"] == "text":
            parts.append(f"## {title}\n\n{data['text']}\n")
        if data["kind"] == "ops":
            data["summary"] = ops.summarize(data)
            parts.append(f"## {title}\n\n{ops.text(data)}")
        if data["kind"] == "run":
            data["summary"] = results.summarize(data)
            parts.append(f"## {title}\n\n{table.text(data)}")
    Path(out).write_text("\n".join(parts), encoding="utf-8")
    return 0
