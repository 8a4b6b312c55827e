# ===- perplexity.py - perplexity beside llama.cpp's -----------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Perplexity of the first windows of a text, by tenon-run and by llama.cpp.

llama.cpp reads the same weights as F16, because it rounds activations to 8
bits for the quantised ones.

    TENON_LLAMA_BIN=... build/venv/bin/python test/Benchmark/perplexity.py \
        --text wikitext-2-test.txt --out DIR [--windows 40] [--ctx 512]

Exit code 1 if the two differ by more than 0.2 %.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from peer import llama, quantized, report, table, tools

BOUND = 0.002


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", required=True, help="folder of the report")
    parser.add_argument("--text", default=tools.WIKITEXT)
    parser.add_argument("--windows", type=int, default=40)
    parser.add_argument("--ctx", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--work", help="folder that keeps models made")
    args = parser.parse_args()
    work = Path(args.work or tempfile.mkdtemp(prefix="tenon-perplexity-"))
    work.mkdir(parents=True, exist_ok=True)
    model = tools.smollm2()
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
    theirs = float(found.group(1))
    rows, data, beyond = (
        [["llama.cpp", "F16", "f16", f"{theirs:.4f}", ""]],
        {},
        0,
    )
    for cache in ("f16", "f32"):
        artifact = tools.compile_model(
            model, work / f"ppl-{cache}", f"--cache-type={cache}"
        )
        done = tools.check(
            "tenon-run",
            artifact.library,
            "--perplexity",
            args.text,
            "--chunks",
            args.windows,
            "--ctx",
            args.ctx,
            "--threads",
            args.threads,
            timeout=3600,
        )
        ours = float(done.stdout.split()[-1])
        off = ours / theirs - 1
        beyond += abs(off) > BOUND
        data[cache] = ours
        rows.append(
            ["tenon", "Q4_1", cache, f"{ours:.4f}", f"{100 * off:+.3f} %"]
        )
    data["llama.cpp F16"] = theirs
    text = f"Perplexity, {args.windows} windows of {args.ctx} tokens.\n\n"
    header = ["engine", "weights", "cache", "perplexity", "against llama.cpp"]
    report(args.out, "perplexity", data, text + table(header, rows))
    sys.exit(1 if beyond else 0)


if __name__ == "__main__":
    main()
