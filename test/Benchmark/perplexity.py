# ===- perplexity.py - perplexity beside llama.cpp's -----------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Perplexity of the first windows of a text, by activations and cache.

Activations of 8 bits are held against those of f32, and f32 against llama.cpp
where there is one. It reads the same weights as F16, because it rounds
activations to 8 bits for the quantised ones.

    [TENON_LLAMA_BIN=...] build/venv/bin/python test/Benchmark/perplexity.py \
        --text wikitext-2-test.txt --out DIR [--windows 40] [--ctx 512]

Exit code 1 if int8 costs more than 0.5 %, or f32 is off by more than 0.2 %.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from peer import llama, quantized, report, table, tools

BOUND, INT8_BOUND = 0.002, 0.005


def theirs(model, args, work):
    """llama.cpp's perplexity of `model` as F16."""
    f16 = quantized(model, "F16", work)
    done = subprocess.run(
        [str(llama("llama-perplexity")), "-m", f16, "-f", args.text, "-c"]
        + [str(args.ctx), "--chunks", str(args.windows)]
        + ["-t", str(args.threads)],
        check=True,
        capture_output=True,
        text=True,
    )
    found = re.search(r"PPL = ([0-9.]+)", done.stdout + done.stderr)
    return float(found.group(1))


def ours(model, activations, cache, args, work):
    """tenon-run's perplexity."""
    artifact = tools.compile_model(
        model,
        work / f"ppl-{activations}-{cache}",
        f"--cache-type={cache}",
        f"--activations={activations}",
    )
    argv = ["--perplexity", args.text, "--chunks", args.windows]
    argv += ["--ctx", args.ctx, "--threads", args.threads]
    done = tools.check("tenon-run", artifact.library, *argv, timeout=3600)
    return float(done.stdout.split()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", required=True, help="folder of the report")
    parser.add_argument("--model", help="a GGUF file (default: SmolLM2, Q4_1)")
    parser.add_argument("--text", default=tools.WIKITEXT)
    parser.add_argument("--windows", type=int, default=40)
    parser.add_argument("--ctx", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--work", help="folder that keeps models made")
    args = parser.parse_args()
    work = Path(args.work or tempfile.mkdtemp(prefix="tenon-perplexity-"))
    work.mkdir(parents=True, exist_ok=True)
    model = Path(args.model or tools.smollm2())
    data, rows = {}, []
    for activations, cache in (("f32", "f32"), ("f32", "f16"), ("int8", "f16")):
        value = ours(model, activations, cache, args, work)
        data[f"{activations} {cache}"] = value
        rows.append(["tenon", activations, cache, f"{value:.4f}"])
    base = data["f32 f16"]
    cost = data["int8 f16"] / base - 1
    beyond = cost > INT8_BOUND
    for row, value in zip(rows, data.values()):
        row.append(f"{100 * (value / base - 1):+.3f} %")
    if os.environ.get("TENON_LLAMA_BIN"):
        peer = theirs(model, args, work)
        data["llama.cpp F16"] = peer
        off = f"{100 * (peer / base - 1):+.3f} %"
        rows.append(["llama.cpp, F16", "f32", "f16", f"{peer:.4f}", off])
        beyond |= abs(base / peer - 1) > BOUND
    text = f"{model.stem}, {args.windows} windows of {args.ctx} tokens of "
    text += f"{Path(args.text).name}.\n\n"
    header = ["engine", "activations", "cache", "perplexity", "against f32"]
    title = "Perplexity by activations"
    report(args.out, "perplexity", data, text + table(header, rows), title)
    sys.exit(1 if beyond else 0)


if __name__ == "__main__":
    main()
