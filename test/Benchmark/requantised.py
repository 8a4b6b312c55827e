# ===- requantised.py - a trained model in formats that others wrote -------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""SmolLM2 requantised by llama-quantize, compiled, against the oracle.

    TENON_LLAMA_BIN=... build/venv/bin/python test/Benchmark/requantised.py \
        --out DIR [--formats Q4_0,Q8_0,...] [--work DIR]

Exit code 1 if a format is beyond the bound of the tests.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from peer import quantized, report, table, tools
from tenon_test.oracle import Oracle
from tenon_test.tokenize import encode

FORMATS = "Q4_0,Q8_0,Q4_K_M,Q6_K,Q5_1,Q2_K,Q3_K_M,F16"
BOUND = 1e-3


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", required=True, help="folder of the report")
    parser.add_argument("--formats", default=FORMATS)
    parser.add_argument("--work", help="folder that keeps models made")
    args = parser.parse_args()
    work = Path(args.work or tempfile.mkdtemp(prefix="tenon-requantised-"))
    work.mkdir(parents=True, exist_ok=True)
    rows, data, beyond = [], {}, []
    for name in args.formats.split(","):
        model = quantized(tools.smollm2(), name, work)
        oracle = Oracle(model)
        text = tools.WIKITEXT.read_text(encoding="utf-8")[:2000]
        ids = encode(oracle.file, text)[:128]
        want = oracle.forward(ids)
        types = " ".join(sorted(oracle.file.types() - {"F32"}))
        del oracle
        errors = {}
        for cpu in ("native", "x86-64-v3"):
            artifact = tools.compile_model(
                model,
                work / f"{name}-{cpu}",
                f"--cpu={cpu}",
                "--cache-type=f32",
            )
            for threads in (1, 2):
                got = artifact.logits(ids, threads)
                error = tools.difference(got, want)
                errors[f"{cpu} {threads}"] = float(error)
            steps = tools.difference(
                artifact.piecewise(ids[:40], (1,)), want[:40]
            )
            errors[f"{cpu} steps"] = float(steps)
        worst = max(errors.values())
        data[name] = errors
        rows.append(
            [name, types, f"{worst:.2g}", "yes" if worst <= BOUND else "NO"]
        )
        if worst > BOUND:
            beyond.append(name)
        print(rows[-1], flush=True)
    text = "Largest difference of a logit over 128 tokens, in units of "
    text += "max(1, largest logit).\n\n"
    text += table(["file", "types", "difference", f"<= {BOUND}"], rows)
    report(args.out, "requantised", data, text)
    sys.exit(1 if beyond else 0)


if __name__ == "__main__":
    main()
