# ===- table.py - results as text ------------------------------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Markdown tables of results, with the limit beside each figure."""

from .results import SCENARIO


def markdown(header, rows):
    """A markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, r)) + " |" for r in lines)


def percent(value, digits=0):
    """A share as text; empty where there is none."""
    return "" if value is None else f"{100 * value:.{digits}f} %"


def number(value):
    """Tokens a second with the digits that mean something."""
    if value is None:
        return ""
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def ratio(value):
    """A ratio as text; empty where there is none."""
    return "" if value is None else f"{value:.2f}"


def engines_of(data):
    """Names of the engines that measured something; Tenon first."""
    seen = dict.fromkeys(row["engine"] for row in data["rows"])
    return sorted(seen, key=lambda name: (not name.startswith("tenon"), name))


def is_variant(name):
    """Whether an engine is Tenon with other options."""
    return name.startswith("tenon ")


def by_scenario(data):
    """Summaries by scenario, then by engine."""
    found = {}
    for entry in data["summary"]:
        key = tuple(entry[k] for k in SCENARIO)
        found.setdefault(key, {})[entry["engine"]] = entry
    return found


def variant_table(data):
    """One row per variant: what its options make of each scenario, as the
    median of the ratios within the rounds, which the machine's moods do not
    touch, and their spread."""
    scenarios = by_scenario(data)
    names = [n for n in engines_of(data) if is_variant(n)]
    header = ["variant"]
    base = ["tenon"]
    for key, found in scenarios.items():
        model, phase, tokens, depth, batch, threads = key
        words = f"{tokens}" if phase == "prefill" else f"at {depth}"
        words += f" x{batch}" if batch > 1 else ""
        header.append(f"{model} {phase} {words}, {threads} thr.")
        base.append(number(found["tenon"]["median"]))
    rows = [base]
    for name in names:
        cells = [name.removeprefix("tenon ")]
        for found in scenarios.values():
            other = found.get(name)
            text = ""
            if other and other["paired_ratio"]:
                change = 1 / other["paired_ratio"]
                text = f"{number(other['median'])} (x {change:.2f} "
                text += f"+- {percent(other['ratio_spread'], 1)})"
            cells.append(text)
        rows.append(cells)
    return markdown(header, rows)


def scenario_table(data):
    """One row per scenario: Tenon, the limit, and each peer with the ratio."""
    scenarios = by_scenario(data)
    names = [n for n in engines_of(data) if n != "tenon" and not is_variant(n)]
    header = ["model", "phase", "tokens", "depth", "sequences", "threads"]
    header += ["tenon tok/s", "+-", "limit", "of it", "+-"]
    for name in names:
        header += [f"{name} tok/s", "+-", "of limit"]
        header += ["tenon /", "by rounds", "+-"]
    rows = []
    for key, found in scenarios.items():
        mine = found.get("tenon")
        cells = list(key)
        if mine:
            cells += [number(mine["median"]), percent(mine["spread"], 1)]
            cells += [number(mine["limit"]), percent(mine["share"])]
            cells += [percent(mine["share_spread"], 1)]
        else:
            some = next(iter(found.values()))
            cells += ["", "", number(some["limit"]), "", ""]
        for name in names:
            other = found.get(name)
            if not other:
                cells += [""] * 6
                continue
            cells += [number(other["median"]), percent(other["spread"], 1)]
            cells += [percent(other["share"]), ratio(other["tenon_ratio"])]
            cells += [ratio(other["paired_ratio"])]
            cells += [percent(other["ratio_spread"], 1)]
        rows.append(cells)
    return markdown(header, rows)


def limits_table(data):
    """Median limits of the run by thread count."""
    from .limits import Limits

    machine = Limits(data["limits"])
    names = {
        "read_gb_s": "read, GB/s (1 GiB)",
        "f32_gflop_s": "f32, GFLOP/s",
        "bf16_gflop_s": "bf16 dot, GFLOP/s",
        "int8_gop_s": "int8 dot, GOP/s",
    }
    rows = []
    for count in sorted({int(n) for r in data["limits"] for n in r}):
        values = [machine.value(count, name) for name in names]
        rows.append([count] + [number(v) if v else "-" for v in values])
    return markdown(["threads", *names.values()], rows)


#: By whether all samples have limits of their own.
LIMITED = {
    True: "Each sample is held against the mean of the limit right before it "
    "and right after it.",
    False: "Samples are held against the median limit of the rounds, which on "
    "a machine of varying speed is not the limit that each met.",
}


def is_paired(data):
    """Whether all samples have limits of their own."""
    return all(entry["is_paired"] for entry in data["summary"])


def text(data):
    """The whole text of a run."""
    machine = data["machine"]
    rounds = max((len(r["samples"]) for r in data["rows"]), default=0)
    head = f"{machine['processor']}, {machine['processors']} processors; "
    head += f"{data['settings']['cache']} cache, medians of {rounds} "
    head += "interleaved rounds. " + LIMITED[is_paired(data)]
    lines = [
        head,
        "",
        limits_table(data),
        "",
        scenario_table(data),
        "",
    ]
    if any(is_variant(name) for name in engines_of(data)):
        lines += [variant_table(data), ""]
    for name, facts in data["engines"].items():
        if "absent" in facts:
            lines.append(f"* {name}: absent, {facts['absent']}")
        else:
            lines.append(f"* {name}: {facts['version']}, {facts['options']}")
    lines += [f"* {note}" for note in data["notes"]]
    return "\n".join(lines) + "\n"
