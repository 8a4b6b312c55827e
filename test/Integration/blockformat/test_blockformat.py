"""Every stored format, bit for bit against the Python package `gguf`.

Blocks are random; the float fields also take the values that break careless
conversions: zeros of both signs, subnormals, the largest finite half, Inf and
NaN. Any NaN equals any NaN; everything else must agree in all 32 bits.
"""

import os
import pathlib
import subprocess

import gguf
import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
BIN = pathlib.Path(
    os.environ.get("TENON_BUILD_DIR", ROOT / "build")) / "test" / "bin"

# Format and byte offsets of its f16 fields within a block.
FORMATS = {
    "F32": (), "F16": (0,), "BF16": (), "Q4_0": (0,), "Q4_1": (0, 2),
    "Q5_0": (0,), "Q5_1": (0, 2), "Q8_0": (0,), "Q2_K": (80, 82),
    "Q3_K": (108,), "Q4_K": (0, 2), "Q5_K": (0, 2), "Q6_K": (208,),
    "IQ4_NL": (0,), "IQ4_XS": (0,),
}

# +-0, smallest and largest subnormal, smallest normal, 1, 65504, Inf, NaN.
SPECIAL = np.array(
    [0x0000, 0x8000, 0x0001, 0x8001, 0x03FF, 0x83FF, 0x0400, 0x3C00, 0x7BFF,
     0xFBFF, 0x7C00, 0xFC00, 0x7E00, 0xFE00, 0x7C01], dtype="<u2")


def random_blocks(name, seed):
    rng = np.random.default_rng(seed)
    _, size = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[name]]
    count = 4096 if size < 64 else 1024
    blocks = rng.integers(0, 256, (count, size), dtype=np.uint8)
    special = rng.choice(SPECIAL, (count, 2)).view(np.uint8).reshape(count, 2, 2)
    # Every pair of special values occurs first, then they are mixed in.
    every = np.array([(a, b) for a in SPECIAL for b in SPECIAL], dtype="<u2")
    special[: len(every)] = every.view(np.uint8).reshape(-1, 2, 2)
    for field, offset in enumerate(FORMATS[name]):
        use = rng.random(count) < 0.3
        use[: len(every)] = True
        blocks[use, offset:offset + 2] = special[use, field]
    return blocks


def ours(name, blocks):
    run = subprocess.run([BIN / "tenon-dequantize", name.lower()],
                         input=blocks.tobytes(), stdout=subprocess.PIPE,
                         check=True)
    return np.frombuffer(run.stdout, dtype="<f4")


@pytest.mark.parametrize("name", FORMATS)
def test_bit_equal(name):
    blocks = random_blocks(name, seed=sum(name.encode()))
    kind = gguf.GGMLQuantizationType[name]
    with np.errstate(all="ignore"):
        want = gguf.quants.dequantize(blocks, kind).reshape(-1)
    got = ours(name, blocks)
    assert got.shape == want.shape
    same = (got.view(np.uint32) == want.view(np.uint32)) | (
        np.isnan(got) & np.isnan(want))
    assert same.all(), f"{name}: element {np.argmin(same)} of {same.size}"


def test_all_formats_are_covered():
    for name in FORMATS:
        assert hasattr(gguf.GGMLQuantizationType, name)
    assert len(FORMATS) == 15


def test_whole_range_of_half():
    halves = np.arange(65536, dtype="<u2")
    want = halves.view("<f2").astype("<f4")
    got = ours("F16", halves)
    nan = np.isnan(want)
    assert (np.isnan(got) == nan).all()
    assert (got.view(np.uint32)[~nan] == want.view(np.uint32)[~nan]).all()
