# ===- test_aarch64.py - models compiled for AArch64, under an emulator ----===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Models compiled here for AArch64 and run by qemu-user against the oracle.

The runtime and the program that calls it are built for AArch64 too. Steps and
a prefill are few: an emulated token takes seconds.
"""

import subprocess

import numpy as np
import pytest

from tenon_test import tools
from tenon_test.oracle import Oracle
from tenon_test.tiny_model import TinyModel

SYSTEM = "/usr/aarch64-linux-gnu"
IDS = [504, 3575, 282, 4649]


def run_emulated(program, model, *arguments):
    """Runs a test program of AArch64; the finished process."""
    return subprocess.run(
        [
            "qemu-aarch64",
            *("-cpu", model, "-L", SYSTEM),
            tools.BUILD / "aarch64" / program,
            *map(str, arguments),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=900,
    )


def emulate(artifact, ids, sizes, out, threads=1, model="max", *more):
    """Runs the pieces program of AArch64; the finished process."""
    return run_emulated(
        "tenon-test-pieces",
        model,
        artifact.library,
        threads,
        out,
        ",".join(map(str, sizes)),
        ",".join(map(str, ids)),
        *more,
    )


def logits(artifact, ids, sizes, tmp_path, *more, **kwargs):
    """Logits [len(ids), vocabulary]."""
    out = tmp_path / "logits.bin"
    done = emulate(artifact, ids, sizes, out, *more, **kwargs)
    assert done.returncode == 0, done.stderr
    return np.fromfile(out, np.float32).reshape(len(ids), -1)


def test_smollm2(tmp_path):
    """A trained model: one prefill and two steps."""
    artifact = tools.compile_model(
        tools.smollm2(),
        tmp_path,
        "--cpu=neoverse-n1",
        "--cache-type=f32",
        "--activations=f32",
        "--context=64",
    )
    want = Oracle(tools.smollm2()).forward(IDS)
    got = logits(
        artifact, IDS, (2, 1, 1), tmp_path, 1, "neoverse-n1", "once"
    )
    error = tools.difference(got, want)
    print(f"difference {error:.3g}")
    assert error <= 1e-3


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A small random model of a format with a table, and its oracle."""
    path = tmp_path_factory.mktemp("tiny") / "tiny.gguf"
    TinyModel(
        arch="qwen3",
        formats=("IQ4_NL", "Q4_K"),
        heads=4,
        kv_heads=2,
        head_dim=64,
        hidden=512,
        layers=2,
        vocab=777,
        tied=False,
        biases=False,
        seed=5,
    ).write(path)
    return path, Oracle(path)


@pytest.mark.parametrize(
    "cpu, model", (("armv8-a", "cortex-a72"), ("neoverse-v1", "max"))
)
def test_two_threads(tiny, tmp_path, cpu, model):
    """Barriers, caches, truncation and forks, on two threads."""
    path, oracle = tiny
    artifact = tools.compile_model(
        path,
        tmp_path,
        f"--cpu={cpu}",
        "--cache-type=f32",
        "--activations=f32",
    )
    ids = [(i * 37) % 777 for i in range(24)]
    got = logits(artifact, ids, (9, 1, 1, 13), tmp_path, 2, model)
    assert tools.difference(got, oracle.forward(ids)) <= 1e-4


#: Each form of products of bytes: 16 bits, sdot, usdot.
FORMS = (
    ("armv8-a", "cortex-a72"),
    ("neoverse-n1", "neoverse-n1"),
    ("neoverse-v1", "max"),
)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A model of which a matrix is so large that pieces of it are claimed,
    and its logits on this machine with integers as inputs."""
    folder = tmp_path_factory.mktemp("large")
    path = TinyModel(formats=("Q4_0", "Q8_0"), vocab=12007).write(
        folder / "large.gguf"
    )
    here = tools.compile_model(
        path, folder / "here", "--cpu=x86-64-v3", "--cache-type=f32"
    )
    ids = [(i * 37) % 777 for i in range(12)]
    return path, ids, here.piecewise(ids, (9, 1, 1, 1), once=True)


@pytest.mark.parametrize("cpu, model", FORMS)
def test_integers(large, tmp_path, cpu, model):
    """Integers as inputs: steps, a prompt and batches on several threads."""
    path, ids, want = large
    artifact = tools.compile_model(
        path, tmp_path, f"--cpu={cpu}", "--cache-type=f32"
    )
    got = logits(artifact, ids, (9, 1, 1, 1), tmp_path, 2, model, "once")
    # Sums of integers are the same everywhere; sums of floats may round
    # another way, and an input then become the next integer.
    assert tools.difference(got, want) <= 2e-2
    for threads in (2, 5):
        done = run_emulated(
            "tenon-test-batches",
            model,
            artifact.library,
            threads,
            "3,0,40",
            ",".join(map(str, ids * 4)),
        )
        assert done.returncode == 0, done.stderr
        assert [float(line) for line in done.stdout.split()] == [0, 0, 0]


def test_missing_feature(tiny, tmp_path):
    """A machine without the instructions refuses, and names one."""
    artifact = tools.compile_model(tiny[0], tmp_path, "--cpu=neoverse-v1")
    done = emulate(artifact, [1], [1], tmp_path / "o", 1, "neoverse-n1")
    assert done.returncode == 1
    assert "compiled for cpu neoverse-v1" in done.stderr
    assert "lacks its feature bf16" in done.stderr


def test_other_architecture(tiny, tmp_path):
    """x86-64 refuses the library before it opens it, and says why."""
    artifact = tools.compile_model(tiny[0], tmp_path, "--cpu=neoverse-n1")
    done = tools.run("tenon-run", artifact.library, "--tokens", "1", "-n", "1")
    assert done.returncode == 1
    text = done.stderr.decode()
    assert "compiled for aarch64, but this machine is x86_64" in text, text
