# ===- test_variants.py - one artifact with code for several CPUs ----------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""One library for machines with and without AVX-512.

The emulator stands for a machine that has AVX2 and nothing newer: it ends a
program at the first instruction that its CPU lacks.
"""

import json
import subprocess

import numpy as np
import pytest

from tenon_test import tools
from tenon_test.oracle import Oracle
from tenon_test.tiny_model import TinyModel

#: A CPU of the emulator, without what it would warn of in each thread.
HASWELL = "Haswell-noTSX,-pcid,-x2apic,-tsc-deadline,-invpcid"
IDS = [(i * 37) % 500 for i in range(20)]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("variants") / "tiny.gguf"
    return TinyModel(formats=("Q4_0", "Q8_0"), vocab=500, layers=2).write(path)


@pytest.fixture(scope="module")
def artifact(model):
    """Code for AVX2 and for what every machine with AVX-512 has."""
    return tools.compile_model(
        model,
        model.parent / "out",
        "--cpu=x86-64-v3,x86-64-v4",
        "--activations=f32",
        "--cache-type=f32",
    )


def has_avx512():
    text = open("/proc/cpuinfo", encoding="utf-8").read()
    return "avx512vl" in text and "avx512dq" in text


def run(artifact, *options, emulator=()):
    """tenon-run on a few tokens, in this process's place or emulated."""
    return subprocess.run(
        [
            *emulator,
            str(tools.tool("tenon-run")),
            str(artifact.library),
            *("--tokens", "1,2,3", "-n", "4", "--temp", "0", "-t", "1"),
            *options,
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_facts(artifact):
    facts = json.loads(artifact.file(".json").read_text())
    assert facts["cpus"] == ["x86-64-v4", "x86-64-v3"]


@pytest.mark.parametrize("cpu", ("x86-64-v3", "x86-64-v4"))
def test_same_logits(model, artifact, cpu):
    """Each variant reads the same weights and computes the same."""
    if cpu == "x86-64-v4" and not has_avx512():
        pytest.skip("this machine has no AVX-512")
    want = Oracle(model).forward(IDS)
    got = artifact.logits(IDS, 2, options=("--cpu", cpu))
    assert tools.difference(got, want) <= 1e-4


def test_says_which(artifact):
    best = "x86-64-v4" if has_avx512() else "x86-64-v3"
    done = run(artifact)
    assert done.returncode == 0, done.stderr
    assert f"{best} of x86-64-v4,x86-64-v3" in done.stderr, done.stderr
    done = run(artifact, "--cpu", "x86-64-v3")
    assert "x86-64-v3 of x86-64-v4,x86-64-v3" in done.stderr, done.stderr


def test_unknown(artifact):
    done = run(artifact, "--cpu", "z80")
    assert done.returncode != 0
    assert "expected one of x86-64-v4,x86-64-v3" in done.stderr, done.stderr
    assert "but got z80" in done.stderr


@pytest.mark.skipif(bool(tools.SANITIZE), reason="emulated code has none")
def test_older_machine(artifact):
    """AVX2 alone: the other code is taken, and it is nothing but AVX2."""
    emulator = ("qemu-x86_64", "-cpu", HASWELL)
    done = run(artifact, emulator=emulator)
    assert done.returncode == 0, done.stderr
    assert "x86-64-v3 of x86-64-v4,x86-64-v3" in done.stderr, done.stderr
    assert done.stdout == run(artifact, "--cpu", "x86-64-v3").stdout


@pytest.mark.skipif(bool(tools.SANITIZE), reason="emulated code has none")
def test_no_code_for_it(model, tmp_path):
    """All need too much: the features of the least demanding are named."""
    artifact = tools.compile_model(
        model, tmp_path, "--cpu=sapphirerapids,cascadelake"
    )
    done = run(artifact, emulator=("qemu-x86_64", "-cpu", HASWELL))
    assert done.returncode != 0
    for word in ("least demanding, cascadelake", "avx512f", "avx512vnni"):
        assert word in done.stderr, done.stderr
    assert "avx512fp16" not in done.stderr
