# ===- blocks.py - stored tensors of every format --------------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Bytes of a tensor in a given format, with values of a given spread.

The package `gguf` quantises some formats; for the others random blocks are
made: every code and every inner scale is random, so that each bit of the block
matters, and the block's own scale is chosen so that the values spread as asked.
"""

import gguf
import numpy as np

#: The formats that Tenon imports.
FORMATS = (
    "F32 F16 BF16 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q2_K Q3_K Q4_K Q5_K Q6_K "
    "IQ4_NL IQ4_XS"
).split()

#: Where the f16 fields of a block lie: the scale, and the minimum with the
#: factor that makes values average zero when codes and inner scales are random.
_SCALE = {
    "Q4_0": 0,
    "Q4_1": 0,
    "Q5_0": 0,
    "Q5_1": 0,
    "Q8_0": 0,
    "Q2_K": 80,
    "Q3_K": 108,
    "Q4_K": 0,
    "Q5_K": 0,
    "Q6_K": 208,
    "IQ4_NL": 0,
    "IQ4_XS": 0,
}
_MINIMUM = {
    "Q4_1": (2, -7.5),
    "Q5_1": (2, -15.5),
    "Q2_K": (82, 1.5),
    "Q4_K": (2, 7.5),
    "Q5_K": (2, 15.5),
}


def qtype(name):
    """The enumerant of package `gguf` for format `name`."""
    return gguf.GGMLQuantizationType[name]


def block_size(name):
    """(values, bytes) of one block of format `name`."""
    return gguf.GGML_QUANT_SIZES[qtype(name)]


def fitting(name, columns):
    """`name`, or a format with smaller blocks if `columns` asks for it."""
    if columns % block_size(name)[0] == 0:
        return name
    smaller = {"Q4_K": "Q5_0", "Q5_K": "Q5_1", "Q6_K": "Q8_0"}
    smaller = smaller.get(name, "IQ4_NL")
    return smaller if columns % 32 == 0 else "F16"


def random_blocks(name, count, rng):
    """`count` blocks of random bytes; f16 fields are 1 or balance it."""
    blocks = rng.integers(0, 256, (count, block_size(name)[1]), np.uint8)
    _put(blocks, _SCALE[name], np.ones(count))
    if name in _MINIMUM:
        at, factor = _MINIMUM[name]
        _put(blocks, at, np.full(count, factor))
    return blocks


def random_tensor(name, rows, columns, spread, rng):
    """Bytes [rows, bytes of a row] of values with standard deviation `spread`.

    Some columns are outliers, as in trained models.
    """
    if name in ("F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"):
        values = rng.standard_normal((rows, columns)) * spread
        values[:, rng.integers(0, columns, max(1, columns // 100))] *= 4
        return gguf.quantize(values.astype(np.float32), qtype(name))
    per_row = columns // block_size(name)[0]
    blocks = random_blocks(name, rows * per_row, rng)
    factor = spread / np.std(gguf.dequantize(blocks, qtype(name)))
    factor = factor * rng.uniform(0.5, 1.5, len(blocks))
    _put(blocks, _SCALE[name], factor)
    if name in _MINIMUM:
        at, balance = _MINIMUM[name]
        _put(blocks, at, factor * balance * rng.uniform(0.9, 1.1, len(blocks)))
    return blocks.reshape(rows, -1)


def _put(blocks, offset, values):
    """Writes `values` as f16 at byte `offset` of every block."""
    halves = np.asarray(values).astype(np.float16).view(np.uint8)
    blocks[:, offset : offset + 2] = halves.reshape(-1, 2)
