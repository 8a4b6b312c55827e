# ===- test_tiny.py - random models of every kind against the oracle -------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Small random models, one after another through the whole tool chain.

The list covers, rather than multiplies, what can vary: every format (as the
type of all matrices, the embedding among them), every architecture, head
dimensions 64 80 96 128, 1 to 8 query heads a key head, odd head counts, tied
and untied output, biases, rope scaling, and formats that differ by layer.
Every model is read as one prompt and in pieces of one token and more, because
these are different kernels. Where no weight is quantised, the accuracy of
floats needs no option.
"""

import numpy as np
import pytest

from tenon_test import tools
from tenon_test.blocks import FORMATS
from tenon_test.oracle import Oracle
from tenon_test.tiny_model import TinyModel

#: Tighter than for trained models: activations stay moderate here.
BOUND = 1e-4
#: More tokens than one call takes and than two tiles of attention hold.
LENGTH = 300
#: More than one tile of attention.
FEW = 140

#: (arch, heads, kv heads, head dim); 256 divides heads * dim for K formats.
_SHAPES = (
    ("llama", 4, 2, 64),
    ("qwen2", 4, 1, 64),
    ("qwen3", 2, 2, 128),
    ("llama", 16, 2, 80),
    ("qwen2", 8, 8, 96),
    ("qwen3", 6, 1, 128),
    ("llama", 12, 4, 64),
)
_LARGE = ("Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_XS")

MODELS = {}
for _i, _format in enumerate(FORMATS):
    _arch, _heads, _kv, _dim = _SHAPES[_i % len(_SHAPES)]
    MODELS[f"{_format}-{_arch}-{_heads}x{_dim}-{_kv}"] = TinyModel(
        arch=_arch,
        formats=(_format,),
        heads=_heads,
        kv_heads=_kv,
        head_dim=_dim,
        hidden=512 if _format in _LARGE else 352,
        layers=1 + _i % 3,
        vocab=(1003, 777, 512)[_i % 3],
        tied=_i % 2 == 0,
        biases=_i % 4 == 3,
        seed=_i,
    )
MODELS |= {
    "odd-heads-9-3": TinyModel(
        formats=("Q4_1",), heads=9, kv_heads=3, hidden=288, layers=5
    ),
    "odd-heads-7-7": TinyModel(
        formats=("Q8_0",), heads=7, kv_heads=7, head_dim=96, vocab=999
    ),
    "odd-heads-5-1-all-biases": TinyModel(
        formats=("F16",),
        heads=5,
        kv_heads=1,
        head_dim=80,
        hidden=203,
        all_biases=True,
    ),
    "gqa-8": TinyModel(
        arch="qwen3",
        formats=("Q4_0",),
        heads=8,
        kv_heads=1,
        head_dim=128,
        width=320,
        tied=False,
    ),
    "qwen3-narrow": TinyModel(
        arch="qwen3", formats=("Q5_K",), heads=3, kv_heads=3, width=256
    ),
    # Weights so many that pieces of them are claimed, the last one partial.
    "large-output": TinyModel(vocab=4003),
    "large-output-Q4_0": TinyModel(formats=("Q4_0",), vocab=12007, layers=1),
    "rope-factors": TinyModel(rope_factors=True, rope_base=500000.0),
    "rope-linear": TinyModel(
        formats=("Q4_0",), scaling={"type": "linear", "factor": 4.0}
    ),
    "rope-half-of-head": TinyModel(formats=("Q5_0",), rope_dim=32),
    "rope-half-of-head-qwen3": TinyModel(
        arch="qwen3", formats=("Q8_0",), rope_dim=48
    ),
    "mixed-by-layer": TinyModel(
        formats=("Q4_K",),
        by_layer=("Q4_K", "Q6_K", "Q4_K", "Q8_0", "Q4_1"),
        embedding_format="Q6_K",
        layers=5,
        hidden=512,
    ),
    "mixed-in-layer": TinyModel(
        arch="qwen2",
        formats=("Q4_0", "F16", "Q5_1", "IQ4_NL", "Q8_0"),
        embedding_format="BF16",
        layers=4,
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_model(tmp_path, name):
    model = MODELS[name]
    path = model.write(tmp_path / "tiny.gguf")
    rng = np.random.default_rng(model.seed)
    ids = rng.integers(0, model.vocab, LENGTH).tolist()
    want = Oracle(path).forward(ids)
    # Every third model is made for machines without AVX-512.
    old = list(MODELS).index(name) % 3 == 2
    artifact = tools.compile_model(
        path,
        tmp_path / "out",
        f"--cpu={'x86-64-v3' if old else 'native'}",
        "--cache-type=f32",
        *(["--activations=f32"] if model.is_quantized else []),
    )
    path.unlink()  # the artifact stands on its own
    few = ids[:FEW]
    errors = {
        "prompt": tools.difference(artifact.logits(ids), want),
        "steps": tools.difference(artifact.piecewise(few, (1,)), want[:FEW]),
        "pieces": tools.difference(
            artifact.piecewise(ids, (2, 1, 5, 17, 3), threads=2), want
        ),
        # Two threads do whole rows; of long ones, more threads share parts.
        "batches": max(artifact.batches((3, 0, 9, 1, 6), ids, threads=2)),
        "shared": max(artifact.batches((200, 3), ids, threads=5)),
    }
    print(errors)
    assert max(errors.values()) <= BOUND, errors
    # The vocabulary of most is odd.
    assert artifact.ranks(ids, threads=1 + model.seed % 4) > 80


@pytest.mark.parametrize("name", ("attn_q", "attn_k", "attn_v"))
@pytest.mark.parametrize("value", (np.nan, np.inf))
def test_no_number(tmp_path, name, value):
    """One element that is no number is not lost where inputs are rounded."""

    def patch(writer, tensors):
        kind, data = tensors[f"blk.0.{name}.bias"]
        data[3] = value
        tensors[f"blk.0.{name}.bias"] = kind, data

    model = TinyModel(formats=("Q8_0",), layers=1, vocab=300, biases=True)
    path = model.write(tmp_path / "tiny.gguf", patch)
    artifact = tools.compile_model(path, tmp_path / "out")
    ids = list(range(20))
    assert not np.isfinite(artifact.logits(ids)).any()
    assert not np.isfinite(artifact.piecewise(ids, (1,), once=True)).any()
