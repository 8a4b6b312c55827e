# ===- report.py - one document from many results --------------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""PERFORMANCE.md from the files of results, losses included."""

from pathlib import Path

from . import ops, plots, results, table
from .programs import Failure

HEAD = """\
# Performance

Written by `tenon-bench report` from files of results; not edited by hand.
Beside every figure stands what the machine allows, measured in the same run:
decoding is held against bytes of weights (the smaller of the file's and the
packed ones) and of the cache at the bandwidth of reading 1 GiB, which lies in
huge pages where the system has them; prompts against the peak rate of
multiply-adds of the activations' type. The limit is measured right before and
right after each sample, with the same threads, as the median of several tries;
"of it" is the median over the rounds of rate / mean of the two, and "limit" the
median of what they allow. The table of limits alone has the best of several
tries once a round. Engines ran in turns, another one first each round; figures
are medians, `+-` is half the range of the middle half. "tenon /" divides the
medians of Tenon and of a peer, "by rounds" is the median of the ratio in each
round, with its `+-` beside it. A ratio below 1 is a loss.
"""


def section(data, stem, out, has_plots):
    """Text of one file of results; its plots go beside `out`."""
    title = data.get("title") or data.get("settings", {}).get("title") or stem
    lines = [f"## {title}", ""]
    if data["kind"] == "text":
        return "\n".join([*lines, data["text"], ""])
    if data["kind"] == "ops":
        data["summary"] = ops.summarize(data)
        lines.append(ops.text(data))
    elif data["kind"] == "run":
        data["summary"] = results.summarize(data)
        # A table says more of variants than bars do.
        names = table.engines_of(data)
        has_plots = has_plots and not any(map(table.is_variant, names))
        lines.append(table.text(data))
    else:
        raise Failure(f"{stem}: expected results for a report")
    if has_plots:
        folder = out.parent / "plots"
        folder.mkdir(parents=True, exist_ok=True)
        place = plots.Place(folder, f"{stem}-", (".svg",))
        for path in plots.draw(data, place):
            lines += [f"![{path.stem}](plots/{path.name})", ""]
    return "\n".join(lines)


def main(paths, out, has_plots, preface=""):
    """Writes the document; a file of results is named after its folder."""
    out, parts = Path(out), [HEAD]
    if preface:
        parts.append(preface + "\n")
    for path in map(Path, paths):
        data = results.load(path)
        stem = path.resolve().parent.name if path.stem == "run" else path.stem
        parts.append(section(data, stem, out, has_plots))
    out.write_text("\n".join(parts).rstrip() + "\n", encoding="utf-8")
    return 0
