# ===- synthetic.py - a random model with long rows ------------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""A llama-shaped GGUF file whose rows of 2048 numbers suit every format.

Small trained models have rows that are no multiple of 256, so their K-quant
files fall back to other formats. This one has about 0.8 billion random weights
in valid random blocks; the layers hold the rows of the first in another order,
as random numbers for all of them would take minutes.

    build/venv/bin/python test/Benchmark/synthetic.py --format Q4_K OUT.gguf
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib" / "python"))

from tenon_test.blocks import FORMATS  # noqa: E402
from tenon_test.tiny_model import TinyModel  # noqa: E402

SHAPE = dict(heads=32, kv_heads=8, head_dim=64, hidden=5632, vocab=32000)


def write(path, name, layers):
    """The file, all matrices in format `name`."""

    def repeat(writer, tensors):
        writer.kv_data[0]["llama.block_count"].value = layers
        for key, (kind, data) in list(tensors.items()):
            if key.startswith("blk.0."):
                for layer in range(1, layers):
                    moved = np.roll(data, 16 * layer, axis=0)
                    tensors[f"blk.{layer}.{key[6:]}"] = kind, moved

    model = TinyModel(formats=(name,), layers=1, context=8192, **SHAPE)
    part = path.with_suffix(".part")
    model.write(part, repeat)
    part.rename(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path, help="the file to write")
    parser.add_argument("--format", default="Q4_K", choices=FORMATS)
    parser.add_argument("--layers", type=int, default=16)
    args = parser.parse_args()
    write(args.out, args.format, args.layers)
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
