# ===- compare_llama.py - speed beside llama.cpp and the machine's limit ---===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Prefill and decode of the same file by both engines, in turns.

Each round measures the machine's limits, then one engine, then the other, so
that a change of the machine's mood meets both. Medians of the rounds.

    TENON_LLAMA_BIN=... build/venv/bin/python test/Benchmark/compare_llama.py \
        --out DIR [--formats Q4_1,Q4_0] [--rounds 5] [--threads 1,2] [--depth 0]
"""

import argparse
import statistics
import tempfile
from pathlib import Path

from peer import (
    Machine,
    llama_bench,
    quantized,
    report,
    table,
    tenon_bench,
    tools,
)


def weight_bytes(model):
    """Bytes of weights that one token reads: all but the embedding's rows."""
    import gguf

    tensors = {t.name: t for t in gguf.GGUFReader(model).tensors}
    total = sum(t.n_bytes for t in tensors.values())
    if "output.weight" in tensors:
        total -= tensors["token_embd.weight"].n_bytes
    return int(total)


def weight_count(model):
    """Weights that a token of prefill multiplies: the layers' matrices."""
    import gguf

    return sum(
        int(t.n_elements)
        for t in gguf.GGUFReader(model).tensors
        if t.name.startswith("blk.") and len(t.shape) == 2
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", required=True, help="folder of the report")
    parser.add_argument("--formats", default="Q4_1,Q4_0")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--prompt", type=int, default=512)
    parser.add_argument("--new", type=int, default=128)
    parser.add_argument("--depth", type=int, default=0)
    parser.add_argument("--cache", default="f16", choices=("f16", "f32"))
    parser.add_argument("--work", help="folder that keeps models made")
    args = parser.parse_args()
    work = Path(args.work or tempfile.mkdtemp(prefix="tenon-bench-"))
    work.mkdir(parents=True, exist_ok=True)
    machine = Machine(work)

    models = {}
    for name in args.formats.split(","):
        model = tools.smollm2()
        if name != "Q4_1":
            model = quantized(model, name, work)
        folder = work / f"tenon-{name}-{args.cache}"
        artifact = tools.compile_model(
            model, folder, "--cpu=native", f"--cache-type={args.cache}"
        )
        models[name] = (model, artifact.library)

    samples = {}  # (format, threads, engine, phase) -> tokens a second
    shape = (args.prompt, args.new, args.depth)
    threads = [int(t) for t in args.threads.split(",")]
    for turn in range(args.rounds):
        machine.measure()
        for name, (model, library) in models.items():
            for count in threads:
                ours = tenon_bench(library, count, *shape)
                theirs = llama_bench(model, count, *shape, args.cache)
                found = {
                    ("tenon", "prefill"): ours["prefill"]["tokens_per_second"],
                    ("tenon", "decode"): ours["decode"]["tokens_per_second"],
                    ("llama.cpp", "prefill"): theirs[0],
                    ("llama.cpp", "decode"): theirs[1],
                }
                for (engine, phase), value in found.items():
                    key = f"{name} {count} {engine} {phase}"
                    samples.setdefault(key, []).append(value)
        print(f"round {turn + 1} of {args.rounds} done", flush=True)

    rows = []
    for name, (model, _) in models.items():
        for phase in ("decode", "prefill"):
            for count in threads:

                def median(engine):
                    key = f"{name} {count} {engine} {phase}"
                    return statistics.median(samples[key])

                if phase == "decode":
                    limit = machine.limit(count, "read_gb_s") * 1e9
                    limit /= weight_bytes(model)
                else:
                    limit = machine.limit(count, "f32_gflop_s") * 1e9
                    limit /= 2 * weight_count(model)
                ours, theirs = median("tenon"), median("llama.cpp")
                rows.append(
                    [name, phase, count, f"{ours:.1f}", f"{theirs:.1f}"]
                    + [f"{ours / theirs:.2f}", f"{limit:.0f}"]
                    + [f"{100 * ours / limit:.0f} %"]
                )
    header = ["weights", "phase", "threads", "tenon tok/s", "llama.cpp tok/s"]
    header += ["ratio", "limit tok/s", "of the limit"]
    text = (
        f"{machine.describe()}; prompt {args.prompt}, {args.new} new tokens at "
        f"depth {args.depth}, {args.cache} cache, {args.rounds} rounds in "
        "turns, medians.\nLimits: decode, the weights read once a token; "
        "prefill, f32 multiply-adds of the layers' matrices.\n\n"
        + table(header, rows)
    )
    data = {"samples": samples, "limits": machine.readings, "rows": rows}
    report(args.out, "compare-llama", data, text)


if __name__ == "__main__":
    main()
