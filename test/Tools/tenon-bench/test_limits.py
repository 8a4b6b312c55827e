# ===- test_limits.py - readings, pairs and ratios --------------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""The program tenon-limits, and what results make of limits. Values are
injected wherever a number is checked."""

import json
import subprocess
import sys

import pytest
from tenon_test import tools

from test_bench import bench


def limits(*args, code=0):
    """Runs tenon-limits; its standard output, or its error."""
    argv = [tools.tool("tenon-limits"), *map(str, args)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stderr if code else json.loads(done.stdout)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("kind", ["read", "f32", "bf16", "int8"])
def test_one_limit(kind, threads):
    found = limits("--threads", threads, "--only", kind)
    assert (found["kind"], found["threads"]) == (kind, threads)
    tries = sorted(found["tries"])
    if not tries:
        assert kind in ("bf16", "int8")
        assert found["median"] is None and found["best"] is None
        return
    assert len(tries) >= 5 and len(tries) % 2 == 1 and tries[0] > 0
    assert found["best"] == pytest.approx(tries[-1], abs=0.01)
    assert found["median"] == pytest.approx(tries[len(tries) // 2], abs=0.01)
    assert found["unit"] == ("GB/s" if kind == "read" else "Gop/s")
    if kind == "read":
        assert -1 <= found["huge_mib"] <= 1025


WRONG = {
    "kind": (["--threads", 1, "--only", "speed"], "a kind of limit"),
    "threads-0": (["--threads", 0, "--only", "read"], "from 1 to 1024"),
    "threads-many": (["--threads", 10000, "--only", "read"], "got '10000'"),
    "threads-word": (["--threads", "two", "--only", "read"], "got 'two'"),
    "alone": (["--threads", 1], "--threads and --only together"),
    "alone-kind": (["--only", "read"], "--threads and --only together"),
    "no-value": (["--only"], "a kind of limit"),
    "option": (["--fast", 1], "an option, but got '--fast'"),
}


@pytest.mark.parametrize("args, words", WRONG.values(), ids=WRONG)
def test_wrong_usage(args, words):
    text = limits(*args, code=2)
    assert words in text and "usage: tenon-limits" in text


@pytest.fixture(scope="module")
def package():
    """The package tenon_bench."""
    sys.path.insert(0, str(tools.SOURCE / "tools" / "tenon-bench"))
    import tenon_bench.results
    import tenon_bench.table

    return tenon_bench


#: A step of 100 bytes of weights, without a cache; prompts of 8 operations.
FACTS = {"weight_bytes": 100, "packed_bytes": 100, "layers": 1, "heads": 1}
FACTS |= {"kv_heads": 1, "head_dim": 0, "layer_weights": 4, "head_weights": 0}
FACTS |= {"activations": {"tenon": "int8"}}

READING = {"1": {"read_gb_s": 1, "f32_gflop_s": 1, "bf16_gflop_s": None}}
READING["1"]["int8_gop_s"] = 4


def row(engine, samples, limits=None, rounds=None, phase="decode"):
    """A row of results; `limits` and `rounds` as far as they are given."""
    found = {"model": "m", "phase": phase, "tokens": 4, "depth": 0}
    found |= {"batch": 1, "threads": 1, "engine": engine, "samples": samples}
    if limits:
        found["limits"] = limits
        found["rounds"] = rounds or list(range(len(samples)))
    return found


def results(*rows):
    """A whole file of results."""
    return {
        "schema": 1,
        "kind": "run",
        "machine": {"processor": "x", "processors": 1},
        "settings": {"cache": "f16"},
        "engines": {},
        "models": {"m": FACTS},
        "limits": [READING],
        "rows": list(rows),
        "notes": [],
    }


def summary(package, *rows):
    """Summaries by engine."""
    found = package.results.summarize(results(*rows))
    return {entry["engine"]: entry for entry in found}


def test_a_machine_that_wanders(package):
    """Rates follow the limit: each sample reaches 90 % of its own, though the
    samples differ by half."""
    limits = [[800.0, 1200.0], [2000.0, 2000.0], [1500.0, 1500.0]]
    samples = [0.9 * sum(around) / 2 / 100 for around in limits]
    ours = summary(package, row("tenon", samples, limits))["tenon"]
    assert ours["share"] == pytest.approx(0.9)
    assert ours["share_spread"] == pytest.approx(0)
    assert ours["limit"] == pytest.approx(15)
    assert ours["median"] == pytest.approx(13.5) and ours["spread"] > 0.1


def test_prompts_have_the_rate_of_operations(package):
    ours = summary(
        package, row("tenon", [50.0], [[800.0, 800.0]], None, "prefill")
    )
    assert ours["tenon"]["limit"] == pytest.approx(100)
    assert ours["tenon"]["share"] == pytest.approx(0.5)


def test_ratios_by_rounds(package):
    """The ratio is 2 in each round; medians alone say something else. A round
    that the peer lacks is left out."""
    flat = [[1e3, 1e3]]
    found = summary(
        package,
        row("tenon", [10.0, 40.0, 30.0, 100.0], 4 * flat, [0, 1, 2, 3]),
        row("peer", [5.0, 15.0, 50.0], 3 * flat, [0, 2, 3]),
    )
    theirs = found["peer"]
    assert theirs["tenon_ratio"] == pytest.approx(35 / 15)
    assert theirs["paired_ratio"] == pytest.approx(2)
    assert theirs["ratio_spread"] == pytest.approx(0)
    assert found["tenon"]["paired_ratio"] is None


def test_variants_are_compared_by_rounds(package):
    """Half as fast in each round of a machine whose speed triples."""
    flat = 3 * [[1e3, 1e3]]
    data = results(
        row("tenon", [10.0, 20.0, 30.0], flat),
        row("tenon slow", [5.0, 10.0, 15.0], flat),
    )
    data["summary"] = package.results.summarize(data)
    text = package.table.variant_table(data)
    assert "| tenon | 20.0 |" in text
    assert "| slow | 10.0 (x 0.50 +- 0.0 %) |" in text


def test_older_files_can_be_reported(package, tmp_path):
    old = tmp_path / "old.json"
    old.write_text(json.dumps(results(row("tenon", [4.0, 6.0, 5.0]))))
    document = tmp_path / "p.md"
    bench("report", old, "-o", document, "--no-plots")
    text = document.read_text()
    # 1 GB/s over 100 bytes.
    assert "| 5.0 | 10.0 % | 10000000 | 0 % |" in text
    assert "held against the median limit of the rounds" in text


def test_older_files_are_not_added_to(tmp_path):
    model = tmp_path / "m.gguf"
    model.write_bytes(b"")
    out = tmp_path / "out"
    out.mkdir()
    text = json.dumps(results(row("tenon", [4.0])))
    (out / "run.json").write_text(text)
    argv = ["run", model, "-o", out, "--append", "--no-plots"]
    done = bench(*argv, code=1)
    assert "a limit beside each" in done.stderr and "--append" in done.stderr
    assert (out / "run.json").read_text() == text


def test_a_file_that_lost_limits(tmp_path):
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps(results(row("tenon", [4.0, 5.0], [[1.0, 1.0]]))))
    done = bench("report", bad, "-o", tmp_path / "p.md", code=1)
    assert "a limit and a round for every sample" in done.stderr
    assert "Traceback" not in done.stderr
