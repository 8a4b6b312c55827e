# ===- shape8b.py - what compiling a model of 8 billion weights costs ------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Compiles a sparse GGUF file of the shape of an 8B model.

The file has 32 layers of width 4096 and the mix of formats that llama-quantize
calls Q4_K_M; its tensors are holes, so it takes megabytes of disk and reads as
zeros. The artifact's weight file is real: 5 GB of disk for some minutes.

    build/venv/bin/python test/Benchmark/shape8b.py --out DIR

Exit code 1 if a bound is missed: 30 s without packing, 60 s with packed weights
written, 2 GB of anonymous memory, and, compiled again, packing only.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from itertools import product
from pathlib import Path

import gguf
import numpy as np

from peer import report, table, tools
from tenon_test.tiny_model import TinyModel, byte_alphabet

SHAPE = dict(heads=32, kv_heads=8, head_dim=128, hidden=14336, layers=32)
VOCAB, CONTEXT = 128256, 8192

#: Bounds of the step, in seconds and bytes.
BOUNDS = dict(without=30.0, packed=60.0, anonymous=2e9)


def more_bits(layer, layers):
    """Layers in which Q4_K_M gives attn_v and ffn_down six bits."""
    eighth = layers // 8
    middle = (layer - eighth) % 3 == 2
    return layer < eighth or layer >= 7 * layers // 8 or middle


def tensors(shape, vocab):
    """Name, format, rows and columns of every tensor; rows 0: a vector."""
    layers, hidden = shape["layers"], shape["hidden"]
    width = shape["heads"] * shape["head_dim"]
    kv = shape["kv_heads"] * shape["head_dim"]
    yield "token_embd.weight", "Q4_K", vocab, width
    yield "output_norm.weight", "F32", 0, width
    yield "output.weight", "Q6_K", vocab, width
    for layer in range(layers):
        wide = "Q6_K" if more_bits(layer, layers) else "Q4_K"
        for name, fmt, rows, columns in (
            ("attn_norm", "F32", 0, width),
            ("attn_q", "Q4_K", width, width),
            ("attn_k", "Q4_K", kv, width),
            ("attn_v", wide, kv, width),
            ("attn_output", "Q4_K", width, width),
            ("ffn_norm", "F32", 0, width),
            ("ffn_gate", "Q4_K", hidden, width),
            ("ffn_up", "Q4_K", hidden, width),
            ("ffn_down", wide, width, hidden),
        ):
            yield f"blk.{layer}.{name}.weight", fmt, rows, columns


def add_tokenizer(writer, vocab):
    """A tokenizer of real size: tokens of one, two and four letters."""
    letters = "etaoinshrdlucmfwygpb"
    pairs = list(product(letters, letters))
    words = [a + b for a, b in pairs]
    merges = [f"{a} {b}" for a, b in pairs]
    merges += [f"{a} {b}" for a, b in product(words, words)]
    tokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *byte_alphabet()]
    merges = merges[: vocab - len(tokens)]
    kinds = [3] * 3 + [1] * (vocab - 3)
    tokens += [m.replace(" ", "") for m in merges]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("llama-bpe")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(merges)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(False)


def write_sparse(path, shape=None, vocab=VOCAB):
    """Writes the file: everything but the bytes of the tensors."""
    shape = shape or SHAPE
    model = TinyModel(vocab=vocab, context=CONTEXT, tied=False, **shape)
    writer = gguf.GGUFWriter(path, "llama")
    model._metadata(writer)
    add_tokenizer(writer, vocab)
    total = 0
    for name, fmt, rows, columns in tensors(shape, vocab):
        kind = gguf.GGMLQuantizationType[fmt]
        block, size = gguf.GGML_QUANT_SIZES[kind]
        dims = (rows, columns) if rows else (columns,)
        stored = max(rows, 1) * columns // block * size
        writer.add_tensor_info(
            name, dims, np.dtype(np.float32), stored, raw_dtype=kind
        )
        total += -(-stored // 32) * 32
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    data = -(-path.stat().st_size // 32) * 32
    os.truncate(path, data + total)
    return path


def compile_model(model, out, cache, *options):
    """Compiles; returns wall seconds and tenonc's own statistics."""
    stats = out.with_suffix(".stats.json")
    start = time.monotonic()
    tools.check(
        "tenonc",
        *(model, "-o", out, "--name=m", "-q", f"--cache-dir={cache}"),
        *(f"--stats={stats}", *options),
        timeout=1800,
    )
    seconds = time.monotonic() - start
    shutil.rmtree(out, ignore_errors=True)
    return seconds, json.loads(stats.read_text())


def steps(stats):
    return "; ".join(
        f"{s['name']} {s['seconds']:.2f}"
        for s in stats["steps"]
        if s["seconds"] > 0.1
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, help="folder with 10 GB of space")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    rows, missed, facts = [], [], {}
    if arguments.work:
        Path(arguments.work).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=arguments.work) as folder:
        folder = Path(folder)
        model = write_sparse(folder / "8b.gguf")
        for what, limit, cache, options in (
            ("without packing", "without", "a", ["--no-weights"]),
            ("packed weights written", "packed", "b", []),
            ("again: packing only", "packed", "b", []),
        ):
            seconds, stats = compile_model(
                model, folder / "out", folder / cache, *options
            )
            anonymous = stats["peak_anonymous_bytes"]
            kernels = stats["kernels"]
            good = (
                seconds < BOUNDS[limit]
                and anonymous < BOUNDS["anonymous"]
                and (what[:5] != "again" or stats["cached_kernels"] == kernels)
            )
            missed += [] if good else [what]
            facts[what] = dict(stats, wall_seconds=seconds)
            rows.append(
                [
                    what,
                    f"{seconds:.1f}",
                    f"{BOUNDS[limit]:.0f}",
                    f"{anonymous / 1e6:.0f}",
                    f"{BOUNDS['anonymous'] / 1e6:.0f}",
                    f"{stats['cached_kernels']} of {kernels}",
                    steps(stats),
                ]
            )
    head = ["compile", "s", "bound", "MB", "bound", "kernels cached", "steps"]
    report(arguments.out, "shape8b", facts, table(head, rows))
    if missed:
        sys.exit(f"missed: {', '.join(missed)}")


if __name__ == "__main__":
    main()
