# ===- test_fusion.py - models compiled without some fusion passes ---------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""No fusion is needed for correctness: leave out each of them, and all."""

import re

import numpy as np
import pytest

from tenon_test import tools
from tenon_test.oracle import Oracle
from tenon_test.tiny_model import TinyModel

#: As for the tiny models that are compiled with all passes.
BOUND = 1e-4
#: Two calls of the chunk entry.
LENGTH = 270
MODELS = {
    "llama": TinyModel(formats=("Q4_1",), layers=2),
    "qwen3": TinyModel(arch="qwen3", formats=("F32",), layers=1, tied=False),
}


def fusion_passes() -> list[str]:
    """Names of the passes, from the error that lists them."""
    done = tools.run(
        "tenonc", "none.gguf", "-o", "none", "--disable-pass=none"
    )
    return re.findall(r"tenon-fuse-[a-z-]+", done.stderr.decode())


PASSES = fusion_passes()


@pytest.fixture(scope="module", params=MODELS)
def model(request, tmp_path_factory):
    """A model file, ids and their logits from the oracle."""
    made = MODELS[request.param]
    path = made.write(tmp_path_factory.mktemp("fusion") / "tiny.gguf")
    ids = np.random.default_rng(5).integers(0, made.vocab, LENGTH).tolist()
    return path, ids, Oracle(path).forward(ids)


def test_there_are_passes():
    assert len(PASSES) >= 4


@pytest.mark.parametrize("left_out", [*PASSES, "all"])
def test_without(tmp_path, model, left_out):
    path, ids, want = model
    names = PASSES if left_out == "all" else [left_out]
    artifact = tools.compile_model(
        path,
        tmp_path / "out",
        "--cache-type=f32",
        "--activations=f32",
        f"--disable-pass={','.join(names)}",
    )
    errors = {
        "prompt": tools.difference(artifact.logits(ids, threads=2), want),
        "steps": tools.difference(
            artifact.piecewise(ids[:20], (1,), threads=2), want[:20]
        ),
    }
    assert max(errors.values()) <= BOUND, errors


def test_integer_activations(tmp_path):
    """Roundings may fall the other way in rare cases; more may not change."""
    made = MODELS["llama"]
    path = made.write(tmp_path / "tiny.gguf")
    ids = np.random.default_rng(6).integers(0, made.vocab, LENGTH).tolist()
    fused, plain = (
        tools.compile_model(
            path, tmp_path / name, "--activations=int8", *options
        ).logits(ids, threads=2)
        for name, options in (
            ("fused", ()),
            ("plain", [f"--disable-pass={','.join(PASSES)}"]),
        )
    )
    error = tools.difference(plain, fused)
    print(f"{error:.3g}")
    assert error <= 1e-2
