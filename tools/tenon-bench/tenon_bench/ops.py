# ===- ops.py - kernels one by one -----------------------------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Single kernels on one thread, beside libraries and the bound of each.

The program `tenon-bench-ops` of the tests times them; it is part of a build and
not of an installation. The bound of an op is the larger of two times: its bytes
at the bandwidth of reading, its operations at the peak rate.
"""

import json
from pathlib import Path

from . import SCHEMA, limits, stats
from .programs import own
from .table import limits_table, markdown, percent


def run(settings, runner):
    """Measures all ops; the results."""
    machine = limits.Limits()
    machine.measure(runner)
    argv = [own("tenon-bench-ops"), f"--rounds={settings['rounds']}"]
    for name in ("op", "shape", "cpu"):
        if settings.get(name):
            argv.append(f"--{name}={settings[name]}")
    lines = runner.run(argv).splitlines()
    machine.measure(runner)
    data = {
        "schema": SCHEMA,
        "kind": "ops",
        "machine": limits.describe(),
        "settings": settings,
        "limits": machine.readings,
        "ops": [json.loads(line) for line in lines if line.startswith("{")],
    }
    data["summary"] = summarize(data)
    return data


def summarize(data):
    """Per op: median seconds of each engine, bound, share and ratios; and the
    geometric mean of the ratios to the faster library over all products."""
    machine = limits.Limits(data["limits"])
    read = machine.value(1, "read_gb_s") * 1e9
    entries = []
    for op in data["ops"]:
        medians = {
            name: stats.summary(samples)["median"]
            for name, samples in op["seconds"].items()
        }
        bound = max(
            op["bytes"] / read,
            op["operations"] / machine.rate(1, op["rate"]),
        )
        others = {n: s for n, s in medians.items() if n != "tenon"}
        best = min(others, key=others.get) if others else None
        entry = {k: op[k] for k in ("op", "shape", "format")}
        entry |= {"seconds": medians, "bound": bound}
        entry["share"] = bound / medians["tenon"]
        entry["best"] = best
        entry["ratio"] = others[best] / medians["tenon"] if best else None
        entry["gops"] = op["operations"] / medians["tenon"] / 1e9
        entry["gbs"] = op["bytes"] / medians["tenon"] / 1e9
        entries.append(entry)
    ratios = [e["ratio"] for e in entries if e["op"] == "gemm" and e["ratio"]]
    return {
        "ops": entries,
        "geometric_mean": stats.geometric_mean(ratios) if ratios else None,
        "worst": min(ratios, default=None),
    }


def text(data):
    """The tables of a run."""
    summary = data["summary"]
    names = sorted(
        {n for e in summary["ops"] for n in e["seconds"] if n != "tenon"}
    )
    header = ["op", "shape", "format", "tenon, us", "Gop/s", "GB/s"]
    header += ["bound, us", "of it", *(f"{n}, us" for n in names)]
    header += ["faster library / tenon"]
    rows = []
    for entry in summary["ops"]:
        times = entry["seconds"]
        cells = [entry["op"], entry["shape"], entry["format"]]
        cells += [f"{1e6 * times['tenon']:.0f}", f"{entry['gops']:.1f}"]
        cells += [f"{entry['gbs']:.1f}", f"{1e6 * entry['bound']:.0f}"]
        cells += [percent(entry["share"])]
        cells += [f"{1e6 * times[n]:.0f}" if n in times else "" for n in names]
        ratio = entry["ratio"]
        cells += ["" if ratio is None else f"{ratio:.2f}"]
        rows.append(cells)
    head = f"{data['machine']['processor']}, one thread, medians of "
    head += f"{data['settings']['rounds']} interleaved samples. Products are "
    head += "M x N x K; attention is new tokens after old ones, key/value "
    head += "heads x query heads of each x size."
    lines = [
        head,
        "",
        limits_table(data),
        "",
        markdown(header, rows),
        "",
    ]
    mean = summary["geometric_mean"]
    if mean is not None:
        lines.append(
            f"gemm against the faster of {' and '.join(names)}: geometric mean "
            f"{mean:.2f}, worst {summary['worst']:.2f}."
        )
    else:
        lines.append("No library to compare with: OpenBLAS and oneDNN absent.")
    return "\n".join(lines) + "\n"


def write(data, out):
    """ops.json and ops.md in a folder."""
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "ops.json").write_text(json.dumps(data, indent=1) + "\n")
    (out / "ops.md").write_text(text(data), encoding="utf-8")
