# ===- test_compare.py - the verdict on two artifacts ----------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Times are injected by a tenon-run that draws them, so that a verdict depends
on the numbers and not on the machine."""

import json
import random
import re
import sys

import pytest
from tenon_test import tools

from test_bench import bench, program

#: Noise of 4 %, and a machine whose speed drifts by a quarter meanwhile.
FAKE_RUN = """#!{python}
import json, math, random, sys
from pathlib import Path
count = Path({counter!r})
turn = int(count.read_text()) if count.exists() else 0
count.write_text(str(turn + 1))
draw = random.Random(turn)
speed = 1 + 0.25 * math.sin(turn / 9)
rate = 200 * speed * draw.gauss(1, 0.04) * float(Path(sys.argv[1]).read_text())
timing = dict(tokens=64, seconds=64 / rate, tokens_per_second=rate)
print(json.dumps(dict(prefill=timing, decode=timing)))
"""


@pytest.fixture
def compare(tmp_path):
    """Runs --compare on artifacts of two speeds; the finished process."""
    counter = str(tmp_path / "counter")
    text = FAKE_RUN.format(python=sys.executable, counter=counter)
    program(tmp_path / "bin" / "tenon-run", text)

    def run(base, new, *args, code):
        for name, speed in (("base.so", base), ("new.so", new)):
            (tmp_path / name).write_text(str(speed))
        return bench(
            *["--compare", tmp_path / "base.so", tmp_path / "new.so"],
            *["-o", tmp_path / "compare.json", *args],
            env={"TENON_BIN": str(tmp_path / "bin")},
            code=code,
        )

    return run


def test_the_same_passes(compare, tmp_path):
    compare(1.0, 1.0, code=0)
    data = json.loads((tmp_path / "compare.json").read_text())
    assert data["kind"] == "compare"
    assert {v["phase"] for v in data["verdicts"]} == {"prefill", "decode"}
    assert all(v["verdict"] != "slower" for v in data["verdicts"])
    assert len(data["samples"]["base"]["decode"]) == 15


def test_a_slower_one_fails(compare):
    done = compare(1.0, 0.85, code=1)
    assert "slower in prefill and decode" in done.stderr
    assert "| slower |" in done.stdout


def test_a_faster_one_passes(compare):
    assert "| faster |" in compare(1.0, 1.2, code=0).stdout


def test_the_bound_is_an_option(compare):
    compare(1.0, 0.85, "--bound", 30, code=0)


def test_few_pairs_prove_nothing(compare):
    done = compare(1.0, 0.5, "--rounds", 7, code=2)
    assert "at least 8 pairs" in done.stderr


#: Options after the two artifacts -> words of the error.
WRONG = {
    "bound-nan": (["--bound", "nan"], "--bound: expected percent .* 'nan'"),
    "bound-negative": (["--bound=-1"], "--bound: expected percent .* '-1'"),
    "bound-100": (["--bound", "100"], "--bound: expected percent .* '100'"),
    "prompt": (["--prompt=-5"], "--prompt: expected .* at least 0 .* '-5'"),
    "depth": (["--depth", "1,2"], "--depth: expected a number, .* '1,2'"),
    "launcher": (["--launcher", "a 'b"], "--launcher: expected a command"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_usage(compare, name):
    options, words = WRONG[name]
    assert re.search(words, compare(1.0, 0.5, *options, code=2).stderr)


def test_results_that_cannot_be_kept(compare, tmp_path):
    """Said before anything is measured."""
    path = tmp_path / "none" / "compare.json"
    done = compare(1.0, 1.0, "-o", path, code=1)
    assert f"error: {path}: No such file" in done.stderr
    assert not (tmp_path / "counter").exists()


def test_another_model(compare, tmp_path):
    for name, layers in (("base", 2), ("new", 3)):
        facts = {"model": {"vocabulary": 300, "layers": layers}}
        (tmp_path / f"{name}.json").write_text(json.dumps(facts))
    done = compare(1.0, 1.0, code=1)
    assert f"{tmp_path}/new.so: expected the model of" in done.stderr
    assert "300 tokens and 3 layers" in done.stderr
    assert not (tmp_path / "counter").exists()


def test_an_artifact_with_itself(tmp_path):
    """The whole way with a real artifact; any verdict but a failure to run."""
    from tenon_test.tiny_model import SMALL, TinyModel

    model = TinyModel(**SMALL).write(tmp_path / "tiny.gguf")
    library = tools.compile_model(model, tmp_path / "out").library
    argv = ["--compare", library, library, "--prompt", 8, "--new-tokens", 4]
    # A bound that no clock reaches: the verdict is not what is tested.
    done = bench(*argv, "--rounds", 8, "--bound", 99.9, code=0)
    assert "| prefill |" in done.stdout and "| decode |" in done.stdout


@pytest.fixture(scope="module")
def stats():
    """The module tenon_bench.stats."""
    sys.path.insert(0, str(tools.SOURCE / "tools" / "tenon-bench"))
    from tenon_bench import compare as module

    return module


def samples(seed, change, rounds=15, noise=0.03):
    """Pairs with noise, drift and a change of the second."""
    draw = random.Random(seed)
    base, new = [], []
    for _ in range(rounds):
        mood = draw.uniform(0.7, 1.0)
        base.append(100 * mood * draw.gauss(1, noise))
        new.append(100 * mood * (1 + change) * draw.gauss(1, noise))
    return {"base": {"decode": base}, "new": {"decode": new}}


def verdicts(module, change):
    """How often each verdict is found in 200 experiments."""
    found = {}
    for seed in range(200):
        (verdict,) = module.judge(samples(seed, change))
        found[verdict["verdict"]] = found.get(verdict["verdict"], 0) + 1
    return found


def test_noise_does_not_fail(stats):
    assert verdicts(stats, 0.0).get("slower", 0) == 0
    assert verdicts(stats, -0.02).get("slower", 0) <= 2


def test_a_loss_is_found(stats):
    assert verdicts(stats, -0.10).get("slower", 0) >= 190
    assert verdicts(stats, 0.10).get("faster", 0) >= 190
