# ===- test_bench.py - tenon-bench, with and without peers -----------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""What tenon-bench writes, and what it says when something is missing."""

import hashlib
import json
import os
import re
import statistics
import subprocess
import sys
import xml.dom.minidom
from pathlib import Path

import pytest
from tenon_test import tools
from tenon_test.tiny_model import SMALL, TinyModel

#: Prints what llama-bench prints for the options that tenon-bench gives.
FAKE_LLAMA = """#!{python}
import json, sys
if "--version" in sys.argv:
    print("fake 1.0")
    sys.exit(0)
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
rows = []
for prompt in map(int, given["-p"].split(",")):
    for depth in map(int, given.get("-d", "0").split(",")):
        rows.append(dict(n_prompt=prompt, n_gen=int(given["-n"]),
                         n_depth=depth, avg_ts=100.0 + prompt + depth))
print(json.dumps(rows))
"""

#: A machine that gets faster with each reading of a limit: 10, 20, 30, ..
FAKE_LIMITS = """#!{python}
import json, sys
from pathlib import Path
if len(sys.argv) == 1:
    print(json.dumps({{"1": {{"read_gb_s": 20, "f32_gflop_s": 100,
                            "bf16_gflop_s": None, "int8_gop_s": {int8}}}}}))
    sys.exit(0)
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
log = Path({log!r})
with log.open("a") as file:
    print(given["--threads"], given["--only"], file=file)
count = len(log.read_text().splitlines())
print(json.dumps({{"median": 10.0 * count, "best": 1e9}}))
"""


def program(path, text):
    """An executable script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def bench(*args, env=None, code=0):
    """Runs tenon-bench where no peer is installed; output as text."""
    clean = {k: v for k, v in os.environ.items() if "LLAMA" not in k}
    clean |= {"PATH": "/usr/bin:/bin", "TENON_GENAI_PYTHON": "/bin/false"}
    clean["TENON_BENCH_PYTHON"] = sys.executable
    argv = [tools.BIN / "tenon-bench", *args]
    done = subprocess.run(
        [str(a) for a in argv],
        capture_output=True,
        text=True,
        env=clean | (env or {}),
        timeout=600,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A GGUF file that takes no time."""
    path = tmp_path_factory.mktemp("model") / "tiny.gguf"
    return TinyModel(formats=("Q8_0",), **SMALL).write(path)


@pytest.fixture(scope="module")
def alone(model, tmp_path_factory):
    """A run without peers: (folder, process)."""
    out = tmp_path_factory.mktemp("alone")
    done = bench(
        *["run", model, "-o", out, "--rounds", 2, "--new", 4],
        *["--depths", "0,16,64", "--prompts", "8,32", "--threads", "1,2"],
        *["--batches", "1,3"],
    )
    return out, done


def test_samples_of_every_scenario(alone):
    data = json.loads((alone[0] / "run.json").read_text())
    assert (data["schema"], data["kind"]) == (1, "run")
    found = {
        (r["phase"], r["tokens"], r["depth"], r["batch"], r["threads"])
        for r in data["rows"]
    }
    decode = {("decode", 4, d, 1, t) for d in (0, 16, 64) for t in (1, 2)}
    prefill = {("prefill", p, 0, 1, t) for p in (8, 32) for t in (1, 2)}
    batch = {("decode", 4, 0, 3, t) for t in (1, 2)}
    assert found == decode | prefill | batch
    for row in data["rows"]:
        assert row["engine"] == "tenon" and row["model"] == "tiny"
        assert len(row["samples"]) == 2
        assert all(value > 0 for value in row["samples"])


def test_limits_of_every_round(alone):
    data = json.loads((alone[0] / "run.json").read_text())
    assert len(data["limits"]) == 2
    for reading in data["limits"]:
        assert reading["1"]["read_gb_s"] > 0
        assert reading["1"]["f32_gflop_s"] > 0
    for entry in data["summary"]:
        assert entry["limit"] > 0 and entry["share"] > 0


def test_a_limit_around_every_sample(alone):
    data = json.loads((alone[0] / "run.json").read_text())
    for row, entry in zip(data["rows"], data["summary"]):
        assert [len(around) for around in row["limits"]] == [2, 2]
        assert all(v > 1e6 for around in row["limits"] for v in around)
        kinds = {"decode": {"read"}, "prefill": {"int8", "f32"}}
        assert row["limit_kind"] in kinds[row["phase"]]
        rates = [
            sample / ((before + after) / 2)
            for sample, (before, after) in zip(row["samples"], row["limits"])
        ]
        # Tokens over bytes or operations: what one token costs.
        cost = entry["share"] / statistics.median(rates)
        allowed = [
            (before + after) / 2 / cost for before, after in row["limits"]
        ]
        assert entry["limit"] == pytest.approx(statistics.median(allowed))
        assert entry["is_paired"]
    text = (alone[0] / "run.md").read_text()
    assert "limit right before it and right after it" in text


def test_a_run_says_how_to_repeat_it(alone, model):
    data = json.loads((alone[0] / "run.json").read_text())
    (run,) = data["runs"]
    assert run["argv"].startswith("tenon-bench run ")
    assert run["options"]["threads"] == [1, 2]
    assert run["options"]["rounds"] == 2
    assert "TENON_GENAI_PYTHON" in run["environment"]
    assert "tenonc" in data["engines"]["tenon"]["compile"]["tiny"]
    facts = data["models"]["tiny"]
    assert facts["path"] == str(model)
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    assert facts["sha256"] == digest
    assert data["machine"]["memory_bytes"] > 0
    assert "huge_pages" in data["machine"]
    for row in data["rows"]:
        assert f"--threads {row['threads']}" in row["command"]
        assert "tenon-run" in row["command"]


def test_absent_peers_are_said(alone):
    out, done = alone
    data = json.loads((out / "run.json").read_text())
    assert "llama-bench" in data["engines"]["llama.cpp"]["absent"]
    assert "openvino_genai" in data["engines"]["openvino-genai"]["absent"]
    for text in (done.stdout, (out / "run.md").read_text()):
        assert "llama.cpp: absent, no llama-bench in PATH" in text
    assert "llama.cpp: absent" in done.stderr


def test_plots_are_pictures(alone):
    for name in ("depth", "formats", "roofline"):
        xml.dom.minidom.parse(str(alone[0] / f"{name}.svg"))
        png = (alone[0] / f"{name}.png").read_bytes()
        assert png.startswith(b"\x89PNG") and len(png) > 5000


def test_report_of_a_run(alone, tmp_path):
    document = tmp_path / "PERFORMANCE.md"
    other = tmp_path / "other.json"
    data = {"schema": 1, "kind": "text", "title": "Words", "text": "| a | b |"}
    other.write_text(json.dumps(data))
    bench("report", alone[0] / "run.json", other, "-o", document)
    text = document.read_text()
    assert text.startswith("# Performance")
    assert "| tiny | prefill | 32 | 0 | 1 | 2 |" in text
    assert "## Words\n\n| a | b |" in text
    shown = re.findall(r"!\[.*\]\((.*\.svg)\)", text)
    assert len(shown) == 3
    for name in shown:
        xml.dom.minidom.parse(str(tmp_path / name))


def test_more_rounds_are_added(alone, model):
    out, _ = alone
    before = json.loads((out / "run.json").read_text())
    argv = ["run", model, "-o", out, "--rounds", 1, "--new", 4, "--append"]
    bench(*argv, "--depths", "0", "--prompts", "", "--threads", 1)
    after = json.loads((out / "run.json").read_text())
    assert len(after["limits"]) == len(before["limits"]) + 1
    sizes = {
        (r["phase"], r["tokens"], r["depth"], r["batch"], r["threads"]): len(
            r["samples"]
        )
        for r in after["rows"]
    }
    assert sizes.pop(("decode", 4, 0, 1, 1)) == len(before["limits"]) + 1
    assert set(sizes.values()) == {len(before["limits"])}


@pytest.fixture
def quick(tmp_path):
    """Tenon's programs in a folder of their own, with known limits; the kinds
    that are asked for stand in limits.log."""
    folder = tmp_path / "programs"
    log = str(tmp_path / "limits.log")
    text = FAKE_LIMITS.format(python=sys.executable, log=log, int8=400)
    program(folder / "tenon-limits", text)
    for name in ("tenonc", "tenon-run"):
        (folder / name).symlink_to(tools.tool(name))
    return {"TENON_BIN": str(folder)}


def test_peer_in_path(model, tmp_path, quick):
    program(
        tmp_path / "peer" / "llama-bench",
        FAKE_LLAMA.format(python=sys.executable),
    )
    env = quick | {"PATH": f"{tmp_path / 'peer'}:/usr/bin:/bin"}
    out = tmp_path / "out"
    argv = ["run", model, "-o", out, "--rounds", 1, "--new", 4, "--no-plots"]
    bench(*argv, "--depths", "0,16", "--prompts", 8, "--threads", 1, env=env)
    data = json.loads((out / "run.json").read_text())
    assert data["engines"]["llama.cpp"]["version"] == "fake 1.0"
    entries = {
        (e["engine"], e["phase"], e["depth"]): e for e in data["summary"]
    }
    theirs = entries["llama.cpp", "decode", 16]
    assert theirs["median"] == 116.0
    ours = entries["tenon", "decode", 16]
    assert theirs["tenon_ratio"] == pytest.approx(ours["median"] / 116.0)
    assert entries["llama.cpp", "prefill", 0]["median"] == 108.0
    # The limits of the samples over the bytes of weights and of a cache of 18
    # tokens. Readings are 10, 20, 30, ..; the one after a sample serves as the
    # one before the next: the peer's second of decoding is the fourth sample.
    facts = data["models"]["tiny"]
    weights = min(facts["weight_bytes"], facts["packed_bytes"])
    step = weights + 2 * 2 * 64 * 2 * 18
    assert theirs["limit"] == pytest.approx(45e9 / step)
    assert theirs["share"] == pytest.approx(116.0 / (45e9 / step))
    assert ours["limit"] == pytest.approx(35e9 / step)
    kinds = (tmp_path / "limits.log").read_text().splitlines()
    assert kinds == 5 * ["1 read"] + 3 * ["1 int8"]
    assert not list(out.glob("*.svg"))


def test_peer_that_fails_is_a_note(model, tmp_path, quick):
    program(
        tmp_path / "peer" / "llama-bench",
        "#!/bin/sh\necho no such format >&2\nexit 3\n",
    )
    out = tmp_path / "out"
    argv = ["run", model, "-o", out, "--rounds", 2, "--new", 4, "--no-plots"]
    argv += ["--llama", tmp_path / "peer", "--threads", 1, "--prompts", 8]
    bench(*argv, env=quick)
    data = json.loads((out / "run.json").read_text())
    assert {row["engine"] for row in data["rows"]} == {"tenon"}
    assert "llama.cpp on tiny, decode: no such format" in data["notes"]


def test_a_rate_that_the_processor_lacks(model, tmp_path, quick):
    """Prompts are held against f32 then."""
    log = str(tmp_path / "limits.log")
    text = FAKE_LIMITS.format(python=sys.executable, log=log, int8=None)
    program(tmp_path / "programs" / "tenon-limits", text)
    argv = ["run", model, "-o", tmp_path / "out", "--rounds", 1, "--no-plots"]
    argv += ["--no-peers", "--depths", "", "--prompts", 8, "--threads", 1]
    bench(*argv, env=quick)
    assert set(Path(log).read_text().splitlines()) == {"1 f32"}


def test_the_first_engine_changes(model, tmp_path, quick):
    out = tmp_path / "out"
    argv = ["run", model, "-o", out, "--rounds", 2, "--new", 4, "--no-plots"]
    argv += ["--threads", 1, "--prompts", "", "--no-peers"]
    bench(*argv, "--variant", "b=", env=quick)
    bench(*argv, "--variant", "b=", "--append", env=quick)
    data = json.loads((out / "run.json").read_text())
    rows = {row["engine"]: row for row in data["rows"]}
    assert rows["tenon"]["rounds"] == rows["tenon b"]["rounds"] == [0, 1, 2, 3]
    # Readings count up, so that they tell who came first.
    first = [
        min(rows, key=lambda name: rows[name]["limits"][turn][0])
        for turn in range(4)
    ]
    assert first == ["tenon", "tenon b", "tenon", "tenon b"]
    assert len(data["runs"]) == 2


def test_variant_is_an_engine(model, tmp_path, quick):
    out = tmp_path / "out"
    argv = ["run", model, "-o", out, "--rounds", 1, "--new", 4, "--no-plots"]
    argv += ["--threads", 1, "--prompts", 8, "--no-peers"]
    bench(*argv, "--variant", "avx2=--cpu=x86-64-v3", env=quick)
    data = json.loads((out / "run.json").read_text())
    assert {row["engine"] for row in data["rows"]} == {"tenon", "tenon avx2"}
    assert "--cpu=x86-64-v3" in data["engines"]["tenon avx2"]["options"]


def test_ops(tmp_path):
    """One kernel and, if this machine has them, the libraries."""
    argv = ["ops", "-o", tmp_path, "--shape", "9x17x33", "--rounds", 2]
    done = bench(*argv)
    data = json.loads((tmp_path / "ops.json").read_text())
    assert (data["schema"], data["kind"]) == (1, "ops")
    (op,) = data["ops"]
    assert op["operations"] == 2 * 9 * 17 * 33 and op["bytes"] == 4 * 17 * 33
    assert len(op["seconds"]["tenon"]) == 2
    assert all(value > 0 for value in op["seconds"]["tenon"])
    (entry,) = data["summary"]["ops"]
    share = entry["bound"] / entry["seconds"]["tenon"]
    assert entry["share"] == pytest.approx(share)
    assert "| gemm | 9x17x33 | f32 |" in done.stdout
    xml.dom.minidom.parse(str(tmp_path / "ops.svg"))


WRONG = {
    "nothing": (["run", "x.gguf"], 2, "-o"),
    "no-file": (["run", "x.gguf", "-o", "out"], 1, "x.gguf: expected"),
    "no-number": (["run", "x", "-o", "out", "--depths", "a"], 2, "'a'"),
    "threads-0": (["run", "x", "-o", "out", "--threads", "0"], 2, "'0'"),
    "rounds-0": (["run", "x", "-o", "out", "--rounds", "0"], 2, "'0'"),
    "compare-none": (["--compare", "a.so", "b.so"], 1, "a.so: expected"),
    "report-none": (["report", "a.json", "-o", "b.md"], 1, "a.json: expected"),
}


@pytest.mark.parametrize("args, code, words", WRONG.values(), ids=WRONG)
def test_wrong_usage(args, code, words, tmp_path):
    args = [str(tmp_path / a) if a == "out" else a for a in args]
    done = bench(*args, code=code)
    assert words in done.stderr and "Traceback" not in done.stderr


def test_file_that_is_no_model(tmp_path):
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"not a model")
    done = bench("run", bad, "-o", tmp_path / "out", "--no-peers", code=1)
    assert "bad.gguf" in done.stderr and "Traceback" not in done.stderr


def test_variant_without_a_name(model, tmp_path):
    argv = ["run", model, "-o", tmp_path / "out", "--variant", "fast"]
    done = bench(*argv, code=1)
    assert "--variant: expected NAME=OPTIONS" in done.stderr


def test_document_of_another_schema(tmp_path):
    other = tmp_path / "run.json"
    other.write_text('{"schema": 99, "kind": "run"}')
    done = bench("report", other, "-o", tmp_path / "p.md", code=1)
    assert "schema 1" in done.stderr


def test_help_teaches():
    text = bench("--help").stdout
    for words in ("examples:", "--compare", "exit codes:", "report"):
        assert words in text
    assert "--depths" in bench("run", "--help").stdout
