# ===- plots.py - results as pictures --------------------------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Plots of a run as SVG and PNG: depth sweep, roofline, formats.

A plot that the run has no data for is not drawn. Points are medians, bars of
error the extremes, dashed lines the machine's limit.
"""

import os
from pathlib import Path

from .facts import Stored
from .limits import Limits
from .programs import Failure
from .table import engines_of

COLORS = {
    "tenon": "#c44e1a",
    "llama.cpp": "#3b6ea5",
    "openvino-genai": "#5a9367",
}
OTHERS = ["#8d6a9f", "#b08d2e", "#6b6b6b", "#a34a6d", "#4aa3a0"]


def library():
    """matplotlib without a display, writing the same bytes each time."""
    try:
        import matplotlib
    except ImportError:
        raise Failure(
            "expected the Python package matplotlib for plots; install what "
            "tools/requirements.txt lists, or give --no-plots"
        ) from None
    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "tenon-bench"
    # Text as text: a tenth of the size of outlines.
    matplotlib.rcParams["svg.fonttype"] = "none"
    matplotlib.rcParams["axes.grid"] = True
    matplotlib.rcParams["grid.alpha"] = 0.3
    import matplotlib.pyplot as plt

    return plt


def color(name, names):
    """A color per engine, the same in all plots."""
    rest = [n for n in names if n not in COLORS]
    return COLORS.get(name) or OTHERS[rest.index(name) % len(OTHERS)]


class Place:
    """Where pictures go, and in which formats."""

    def __init__(self, folder, prefix="", suffixes=(".svg", ".png")):
        self.folder, self.prefix = Path(folder), prefix
        self.suffixes = suffixes


def save(plt, figure, place, name):
    """Writes the files and returns their paths."""
    paths = []
    for suffix in place.suffixes:
        path = place.folder / f"{place.prefix}{name}{suffix}"
        part = f"{path}.part"
        meta = {"Date": None} if suffix == ".svg" else None
        figure.savefig(
            part,
            format=suffix[1:],
            dpi=120,
            metadata=meta,
            bbox_inches="tight",
        )
        os.replace(part, path)
        paths.append(path)
    plt.close(figure)
    return paths


def _pick(data, phase, batch=1):
    """The summaries of one phase with the most threads that it has."""
    rows = [
        e
        for e in data["summary"]
        if e["phase"] == phase and e["batch"] == batch
    ]
    most = max((e["threads"] for e in rows), default=0)
    return [e for e in rows if e["threads"] == most], most


def limits_by(entries, key, names):
    """The limit for each value of `key`, that beside Tenon's samples if it has
    any: each engine met a limit of its own."""
    found = {}
    for entry in sorted(entries, key=lambda e: names.index(e["engine"])):
        if entry["limit"]:
            found.setdefault(entry[key], entry["limit"])
    return found


def _points(axis, entries, x, name, names, style="o-"):
    """One engine's medians with their extremes."""
    entries = sorted(entries, key=lambda e: e[x])
    low = [e["median"] - e["min"] for e in entries]
    high = [e["max"] - e["median"] for e in entries]
    axis.errorbar(
        [e[x] for e in entries],
        [e["median"] for e in entries],
        yerr=[low, high],
        fmt=style,
        capsize=3,
        label=name,
        color=color(name, names),
    )


def depth_sweep(data, plt, place):
    """Tokens a second of decoding over the depth, a panel per model."""
    rows, threads = _pick(data, "decode")
    models = [
        m
        for m in data["models"]
        if len({e["depth"] for e in rows if e["model"] == m}) > 1
    ]
    if not models:
        return []
    figure, axes = plt.subplots(
        1, len(models), figsize=(5.2 * len(models), 3.8), squeeze=False
    )
    names = engines_of(data)
    for axis, model in zip(axes[0], models):
        mine = [e for e in rows if e["model"] == model]
        for name in names:
            some = [e for e in mine if e["engine"] == name]
            if some:
                _points(axis, some, "depth", name, names)
        limit = limits_by(mine, "depth", names)
        if limit:
            places = zip(*sorted(limit.items()))
            axis.plot(*places, "k--", label="limit of reading")
        axis.set_title(f"{model}, {threads} threads")
        axis.set_xlabel("tokens in the cache")
        axis.set_ylabel("decode, tokens/s")
        axis.set_ylim(bottom=0)
    axes[0][0].legend()
    return save(plt, figure, place, "depth")


def formats(data, plt, place):
    """Decode and prefill of each model as bars, with the limit."""
    panels = []
    for phase in ("decode", "prefill"):
        rows, threads = _pick(data, phase)
        key = "depth" if phase == "decode" else "tokens"
        least = min((e[key] for e in rows), default=0)
        rows = [e for e in rows if e[key] == least]
        if rows:
            panels.append((phase, threads, least, rows))
    if not panels:
        return []
    figure, axes = plt.subplots(
        1, len(panels), figsize=(6 * len(panels), 3.8), squeeze=False
    )
    names = engines_of(data)
    models = list(data["models"])
    width = 0.8 / len(names)
    for axis, (phase, threads, least, rows) in zip(axes[0], panels):
        for at, name in enumerate(names):
            some = [e for e in rows if e["engine"] == name]
            places = [models.index(e["model"]) for e in some]
            axis.bar(
                [p - 0.4 + width * (at + 0.5) for p in places],
                [e["median"] for e in some],
                width,
                label=name,
                color=color(name, names),
            )
        limit = limits_by(rows, "model", names)
        for drawn, (model, value) in enumerate(limit.items()):
            at = models.index(model)
            axis.plot(
                [at - 0.42, at + 0.42],
                [value] * 2,
                "k--",
                label=None if drawn else "limit",
            )
        axis.set_xticks(range(len(models)), models, rotation=20, ha="right")
        what = f"depth {least}" if phase == "decode" else f"{least} tokens"
        axis.set_title(f"{phase}, {what}, {threads} threads")
        axis.set_ylabel("tokens/s")
    axes[0][0].legend()
    return save(plt, figure, place, "formats")


def roofline(data, plt, place):
    """Every scenario as operations a second over operations a byte."""
    machine = Limits(data["limits"])
    most = max((e["threads"] for e in data["summary"]), default=0)
    read = machine.value(most, "read_gb_s") if most else None
    if not read:
        return []
    figure, axis = plt.subplots(figsize=(6.4, 4.4))
    names = engines_of(data)
    spots, size = {}, 4 if data["settings"].get("cache") == "f32" else 2
    for entry in data["summary"]:
        if entry["threads"] != most:
            continue
        facts = Stored(data["models"][entry["model"]])
        if entry["phase"] == "decode":
            middle = entry["depth"] + entry["tokens"] / 2
            operations = facts.prefill_operations(1, middle)
            bytes_read = facts.step_bytes(
                entry["depth"], entry["tokens"], size, entry["batch"]
            )
            bytes_read /= entry["batch"]
        else:
            operations = facts.prefill_operations(entry["tokens"])
            operations /= entry["tokens"]
            bytes_read = facts.step_bytes(0, 0, size) / entry["tokens"]
        spot = (operations / bytes_read, operations * entry["median"] / 1e9)
        spots.setdefault(entry["engine"], []).append(spot)
    if not spots:
        return []
    for name in names:
        if name in spots:
            axis.plot(
                *zip(*spots[name]), "o", label=name, color=color(name, names)
            )
    places = [x for some in spots.values() for x, _ in some]
    ends = [min(places) / 2, max(places) * 2]
    for what, style in (
        ("f32_gflop_s", ":"),
        ("bf16_gflop_s", "-."),
        ("int8_gop_s", "--"),
    ):
        peak = machine.value(most, what)
        if peak:
            turn = peak / read
            line = sorted({ends[0], min(max(turn, ends[0]), ends[1]), ends[1]})
            axis.plot(
                line,
                [min(peak, read * x) for x in line],
                "k" + style,
                lw=1,
                label=what.split("_")[0] + " peak",
            )
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_xlabel("operations per byte of weights and cache")
    axis.set_ylabel("Gop/s")
    axis.set_title(f"{most} threads, reads at {read:.1f} GB/s")
    axis.legend(fontsize=8)
    return save(plt, figure, place, "roofline")


def draw(data, place):
    """All plots that the data allows; the paths written."""
    plt = library()
    if data["kind"] == "ops":
        return ops(data, plt, place)
    paths = []
    for plot in (depth_sweep, formats, roofline):
        paths += plot(data, plt, place)
    return paths


def ops(data, plt, place):
    """Share of its bound that each kernel and library reaches."""
    entries = data["summary"]["ops"]
    names = list(dict.fromkeys(n for e in entries for n in e["seconds"]))
    figure, axis = plt.subplots(figsize=(7, 0.32 * len(entries) + 1.2))
    height = 0.8 / len(names)
    for at, name in enumerate(names):
        some = [(p, e) for p, e in enumerate(entries) if name in e["seconds"]]
        axis.barh(
            [p - 0.4 + height * (at + 0.5) for p, _ in some],
            [100 * e["bound"] / e["seconds"][name] for _, e in some],
            height,
            label=name,
            color=color(name, names),
        )
    words = [f"{e['op']} {e['shape']} {e['format']}" for e in entries]
    axis.set_yticks(range(len(entries)), words, fontsize=7)
    axis.invert_yaxis()
    axis.axvline(100, color="k", linestyle="--", lw=1)
    axis.set_xlabel("% of the bound, one thread")
    axis.legend(fontsize=8)
    return save(plt, figure, place, "ops")
