# ===- test_interpreter.py - the meaning of the ops against the oracle -----===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Imported models in the reference interpreter, against the oracle.

Both compute in double precision, so they must agree far better than native
code does; what is left is that metadata keeps the rotary base in f32.
"""

import numpy as np
import pytest
from test_tiny import MODELS

from tenon_test import tools
from tenon_test.oracle import Oracle

BOUND = 1e-5


def interpret(model, folder, ids, sizes):
    """Logits [len(ids), vocabulary] of a text in pieces."""
    out = folder / "logits.bin"
    text = (",".join(map(str, numbers)) for numbers in (sizes, ids))
    tools.check("tenon-test-interpret", model, out, *text)
    return np.fromfile(out, np.float64).reshape(len(ids), -1)


@pytest.mark.parametrize("name", MODELS)
def test_tiny(tmp_path, name):
    model = MODELS[name]
    path = model.write(tmp_path / "tiny.gguf")
    ids = np.random.default_rng(model.seed).integers(0, model.vocab, 9)
    got = interpret(path, tmp_path, ids, (4, 1, 1, 3))
    error = tools.difference(got, Oracle(path).forward(ids))
    print(f"{error:.3g}")
    assert error <= BOUND


def test_smollm2(tmp_path, smol_ids, smol_logits):
    """128 tokens of real text, in pieces."""
    got = interpret(tools.smollm2(), tmp_path, smol_ids, (60, 1, 67))
    error = tools.difference(got, smol_logits)
    print(f"{error:.3g}")
    assert error <= BOUND
