# ===- test_profile.py - times of kernels beside their bounds ---------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""tenon-run --profile: what it says, that it agrees with tenonc --explain, and
what it refuses. No time is compared with anything but zero."""

import json
import re
import shutil

import pytest

from tenon_test import tools
from tenon_test.expect import refused
from tenon_test.tiny_model import SMALL, TinyModel

LAYERS = 3


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A GGUF file."""
    path = tmp_path_factory.mktemp("profile") / "tiny.gguf"
    return TinyModel(formats=("Q4_0",), **(SMALL | {"layers": LAYERS})).write(
        path
    )


@pytest.fixture(scope="module")
def marked(model, tmp_path_factory):
    """The model, compiled to be profiled."""
    folder = tmp_path_factory.mktemp("marked")
    return tools.compile_model(model, folder, "--profile")


@pytest.fixture(scope="module")
def plain(model, tmp_path_factory):
    """The model as it is compiled otherwise."""
    return tools.compile_model(model, tmp_path_factory.mktemp("plain"))


def profile(artifact, *options):
    """The entries of a profile in JSON, by name."""
    done = tools.check(
        "tenon-run", artifact.library, "--profile", "--json", "-q", *options
    )
    data = json.loads(done.stdout)
    return {entry["entry"]: entry for entry in data["entries"]}


def facts(artifact, entry):
    """The kernels of an entry in NAME.json."""
    data = json.loads(artifact.file(".json").read_text())
    return [k for k in data["kernels"] if k["entry"] == entry]


@pytest.mark.parametrize("threads", [1, 2])
def test_every_kernel_is_timed(marked, threads):
    found = profile(marked, "--threads", threads, "--bench", "p24,n5,d3")
    assert list(found) == ["chunk", "step"]
    assert (found["chunk"]["rows"], found["step"]["rows"]) == (24, 1)
    assert found["step"]["calls"] == 5
    for name, entry in found.items():
        known = facts(marked, name)
        assert [k["name"] for k in entry["kernels"]] == [
            k["name"] for k in known
        ]
        assert entry["threads"] == threads
        for kernel, fact in zip(entry["kernels"], known):
            assert kernel["runs"] == fact["runs"]
            # Logits are asked for, so nothing is ranked.
            if fact["rows"] == "best tokens":
                assert kernel["bound_seconds"] == 0
                continue
            assert 0 < kernel["seconds"] < entry["seconds"] * 100
            assert kernel["seconds_of_runs"] > 0
            assert kernel["bound_seconds"] > 0
            share = kernel["bound_seconds"] * kernel["runs"]
            share /= kernel["seconds_of_runs"]
            assert kernel["share_of_bound"] == pytest.approx(share)
        assert {k["runs"] for k in entry["kernels"]} == {1, LAYERS}
        assert entry["between_kernels_seconds"] >= 0


def test_sizes_of_their_own(marked):
    """The largest chunk and 32 steps, or what is left out of them."""
    found = profile(marked, "--threads", 1)
    assert (found["chunk"]["rows"], found["step"]["calls"]) == (256, 32)
    found = profile(marked, "--threads", 1, "--bench", "n3")
    assert (found["chunk"]["rows"], found["step"]["calls"]) == (256, 3)


def test_a_batch(marked):
    found = profile(marked, "--bench", "p0,n4,d2,b3", "--threads", 2)
    assert list(found) == ["batch"]
    assert found["batch"]["rows"] == 3
    weights = [
        k["memory_bytes"]
        for k in profile(marked, "--bench", "p0,n4,d2")["step"]["kernels"]
        if k["name"] == "ffn_down"
    ]
    # Several rows read the weights once.
    assert weights == [
        k["memory_bytes"]
        for k in found["batch"]["kernels"]
        if k["name"] == "ffn_down"
    ]


def test_bounds_are_those_of_explain(model, marked, tmp_path):
    """A step behind 511 tokens that sees 512 slots, on one thread."""
    done = tools.check(
        *["tenonc", model, "-o", tmp_path, "--explain", "-q"],
        *["--no-weights", "--name", "model"],
    )
    text = done.stdout.decode()
    text = text[text.index("entry step") :].split("\nentry ")[0]
    explained = [
        (float(time), limit)
        for time, limit in re.findall(r"at least ([0-9.]+) us by (\w+)", text)
    ]
    # The first step warms up; the second is measured.
    found = profile(marked, "--bench", "p0,n1,d510", "--threads", 1)["step"]
    assert found["slots"] == 512
    assert len(explained) == len(found["kernels"])
    known = facts(marked, "step")
    for kernel, fact, (time, limit) in zip(found["kernels"], known, explained):
        if fact["rows"] == "best tokens":
            continue  # explained, but not asked for here
        assert 1e6 * kernel["bound_seconds"] == pytest.approx(time, abs=0.051)
        if time > 0.1:
            assert kernel["bound"] == limit, kernel["name"]


@pytest.mark.parametrize("threads", [1, 2])
def test_measured_rates(marked, threads):
    """Memory and caches a million times as fast: only arithmetic is left."""
    fast = "read=1e7,read-all=1e7,cache=1e8"
    options = ["--bench", "p0,n1,d0", "--threads", threads]
    usual = profile(marked, *options)["step"]
    found = profile(marked, *options, "--rates", fast)["step"]
    half = profile(marked, *options, "--rates", f"{fast},int8=1.5")["step"]
    for before, kernel, slow in zip(
        usual["kernels"], found["kernels"], half["kernels"]
    ):
        assert kernel["bound_seconds"] <= before["bound_seconds"]
        if kernel["operations"]:
            assert kernel["bound"] == "arithmetic"
        if kernel["name"] == "ffn_down":
            least = kernel["operations"] / (1.5e9 * threads)
            assert slow["bound_seconds"] == pytest.approx(least)


def test_the_table(marked):
    done = tools.check(
        "tenon-run", marked.library, "--profile", "--bench", "p16,n3,d0"
    )
    text = done.stdout.decode()
    assert text.startswith("bounds at ")
    for entry in ("chunk", "step"):
        assert re.search(rf"^entry {entry}, ", text, re.MULTILINE)
    for name in {k["name"] for k in facts(marked, "step")}:
        line = rf"^  {re.escape(name)} +\d+ +[0-9.]+ +[0-9.]+ .* % (memory|cache|arithmetic)$"
        assert re.search(line, text, re.MULTILINE), name
    assert re.search(r"^  between kernels +[0-9.]+", text, re.MULTILINE)
    assert re.search(r"^  all +[0-9.]+ +bound [0-9.]+ ms", text, re.MULTILINE)


def test_code_of_several_cpus(model, tmp_path):
    """The facts are those of the most demanding one."""
    artifact = tools.compile_model(
        model, tmp_path, "--profile", "--cpu=native,x86-64-v3"
    )
    cpus = json.loads(artifact.file(".json").read_text())["cpus"]
    assert "step" in profile(artifact, "--bench", "p0,n2")
    if len(cpus) == 2:
        done = tools.run(
            *["tenon-run", artifact.library, "--profile"],
            *["--cpu", "x86-64-v3"],
        )
        refused(done, cpus[0], "x86-64-v3", "--cpu")


def test_results_do_not_change(marked, plain):
    ids = [5, 9, 2, 40]
    assert marked.greedy(ids, 12, threads=2) == plain.greedy(ids, 12, threads=2)


def test_a_model_that_is_not_compiled_for_it(plain):
    done = tools.run("tenon-run", plain.library, "--profile")
    refused(done, "model", "compile it again with tenonc --profile")


@pytest.fixture
def copy(marked, tmp_path):
    """The model in a folder of its own."""
    for suffix in (".so", ".weights", ".json"):
        shutil.copy(marked.file(suffix), tmp_path)
    return tools.Artifact(tmp_path, marked.name)


def test_facts_that_are_missing(copy):
    copy.file(".json").unlink()
    done = tools.run("tenon-run", copy.library, "--profile")
    refused(done, "model.json", "NAME.json")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": 3}', "\0\1"])
def test_facts_that_are_none(copy, text):
    copy.file(".json").write_text(text)
    done = tools.run("tenon-run", copy.library, "--profile")
    refused(done, "model.json", "expected the facts of a model")


def test_facts_of_another_model(copy):
    path = copy.file(".json")
    path.write_text(path.read_text().replace('"model"', '"other"', 1))
    done = tools.run("tenon-run", copy.library, "--profile")
    refused(done, "facts of model", "those of other")


def test_facts_of_fewer_kernels(copy):
    data = json.loads(copy.file(".json").read_text())
    data["kernels"] = data["kernels"][:2]
    copy.file(".json").write_text(json.dumps(data))
    done = tools.run("tenon-run", copy.library, "--profile")
    refused(done, "model.json", "kernels")


#: Place of a number in the facts -> a value that no model has.
NUMBERS = {
    "no-rate": (["rates", "f32_gop_s"], 0),
    "negative-rate": (["rates", "read_gb_s"], -3.5),
    "endless-rate": (["rates", "cache_gb_s"], 2e9),
    "negative-bytes": (["kernels", 0, "weight_bytes"], -1),
    "negative-operations": (["kernels", 1, "operations_per_row"], -0.5),
}


@pytest.mark.parametrize("place, value", NUMBERS.values(), ids=NUMBERS)
def test_facts_out_of_range(copy, place, value):
    """A bound divides by rates: it would be endless, or negative."""
    data = json.loads(copy.file(".json").read_text())
    holder = data
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = value
    copy.file(".json").write_text(json.dumps(data))
    done = tools.run("tenon-run", copy.library, "--profile")
    got = re.escape(f"but got {value:g};")
    refused(done, "model.json", place[-1], got, "NAME.json")


#: Options beside --profile -> words of the error.
WRONG = {
    "prompt": (["-p", "hi"], ["--profile", "--prompt", "contradict"]),
    "tokens": (["--tokens", "1"], ["--profile", "--tokens"]),
    "perplexity": (["--perplexity", "x"], ["--profile", "--perplexity"]),
    "depths": (["--depth", "0,4"], ["one depth", "2"]),
    "too-deep": (["--bench", "p8,n8,d9999"], ["context", "10008"]),
    "rates-word": (["--rates", "read=fast"], ["--rates", "read=fast"]),
    "rates-unknown": (["--rates", "f32=9,luck=1"], ["luck=1", "read-all"]),
    "rates-zero": (["--rates", "f32=0"], ["f32=0"]),
    "rates-rest": (["--rates", "f32=9GB"], ["f32=9GB"]),
    "rates-name": (["--rates", "f=9"], ["f=9"]),
    "chunk": (["--bench", "p300,n1"], ["at most 256", "300"]),
    "sizes": (["--bench", "fast"], ["--bench", "fast", "p512"]),
}


@pytest.mark.parametrize("options, words", WRONG.values(), ids=WRONG)
def test_wrong_usage(marked, options, words):
    refused(
        tools.run("tenon-run", marked.library, "--profile", *options), *words
    )
