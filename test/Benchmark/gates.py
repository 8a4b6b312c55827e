# ===- gates.py - time, memory and size of compilation ---------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""What compiling costs, and how large the results are.

Compile time follows distinct layers: the model of 30 layers may take 1.2 times
the time of its first 4 layers to reach phase `native`, for the file as it is
and for one whose formats differ by layer.

    build/venv/bin/python test/Benchmark/gates.py --out DIR [--rounds 5]

Exit code 1 if a gate is missed.
"""

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import gguf

from peer import report, table, tools
from tenon_test.artifact_shape import code_bytes, exported, needed
from tenon_test.gguf_file import GGUFFile


def rewrite(source, path, layers, mixed):
    """The first `layers` layers of a GGUF file.

    With `mixed`, matrices of layers change format from layer to layer, with
    every format already in the first four.
    """
    reader = gguf.GGUFReader(source)
    file = GGUFFile(source)
    arch = file.get("general.architecture")
    writer = gguf.GGUFWriter(path, arch)
    for key, field in reader.fields.items():
        if key.startswith("GGUF.") or key == "general.architecture":
            continue
        value = field.contents()
        if key == f"{arch}.block_count":
            value = layers
        sub = field.types[1] if len(field.types) > 1 else None
        writer.add_key_value(key, value, field.types[0], sub)
    for tensor in reader.tensors:
        at = re.match(r"blk\.(\d+)\.(.*)", tensor.name)
        if at and int(at[1]) >= layers:
            continue
        kind, data = tensor.tensor_type, tensor.data
        if mixed and at and len(tensor.shape) == 2:
            many = "Q4_1", "Q8_0", "Q5_0", "Q4_1"
            kind = gguf.GGMLQuantizationType[many[int(at[1]) % 4]]
            if at[2] in ("attn_q.weight", "ffn_up.weight"):
                kind = tensor.tensor_type
            if kind != tensor.tensor_type:
                data = gguf.quantize(file.array(tensor.name), kind)
        writer.add_tensor(tensor.name, data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def seconds_to_native(model, folder):
    """Time of the phases that lead to `native`, weights untouched."""
    start = time.perf_counter()
    tools.check("tenonc", model, "-o", folder, "--compile-to=native")
    return time.perf_counter() - start


def anonymous_peak(argv):
    """(seconds, largest anonymous memory in bytes) of a command."""
    start = time.perf_counter()
    child = subprocess.Popen(
        [str(a) for a in argv],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    peak = 0

    def watch():
        nonlocal peak
        while child.poll() is None:
            try:
                text = Path(f"/proc/{child.pid}/status").read_text()
            except OSError:
                return
            found = re.search(r"RssAnon:\s+(\d+) kB", text)
            if found:
                peak = max(peak, int(found.group(1)) * 1024)
            time.sleep(0.005)

    watcher = threading.Thread(target=watch)
    watcher.start()
    child.wait()
    watcher.join()
    if child.returncode != 0:
        sys.exit(f"{argv[0]} failed with exit code {child.returncode}")
    return time.perf_counter() - start, peak


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", required=True, help="folder of the report")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="tenon-gates-"))
    rows, data = [], {}

    def gate(name, value, limit, shown):
        data[name] = value
        verdict = "yes" if value <= limit else "NO"
        rows.append([name, shown(value), shown(limit), verdict])
        print(rows[-1], flush=True)

    for mixed in (False, True):
        models = {
            layers: rewrite(
                tools.smollm2(), work / f"{layers}-{mixed}.gguf", layers, mixed
            )
            for layers in (4, 30)
        }
        times = {4: [], 30: []}
        for _ in range(args.rounds):
            for layers, model in models.items():
                times[layers].append(seconds_to_native(model, work / "ir"))
        few, many = (statistics.median(times[n]) for n in (4, 30))
        kind = "formats by layer" if mixed else "Q4_1"
        data[f"{kind}, seconds"] = {"4 layers": few, "30 layers": many}
        gate(
            f"30 layers ({many:.2f} s) / 4 layers ({few:.2f} s), {kind}",
            many / few,
            1.2,
            lambda x: f"{x:.2f}",
        )

    out = work / "whole"
    runs = [
        anonymous_peak(
            [tools.tool("tenonc"), tools.smollm2(), "-o", out, "--name=model"]
        )
        for _ in range(3)
    ]
    seconds, peak = (statistics.median(column) for column in zip(*runs))
    gate("tenonc on SmolLM2, seconds", seconds, 15, lambda x: f"{x:.2f}")
    gate("anonymous memory, MB", peak / 1e6, 600, lambda x: f"{x:.0f}")
    library = out / "model.so"
    gate("code, bytes", code_bytes(library), 1_000_000, str)
    gate("exported symbols", len(exported(library)), 1, str)
    others = needed(library) - {"libc.so.6", "libm.so.6"}
    gate("libraries beyond libc and libm", len(others), 0, str)
    runtime = work / "runtime.so"
    source = tools.BUILD / "lib" / "libtenon-rt.so"
    subprocess.run(["strip", "-o", runtime, source], check=True)
    gate("libtenon-rt.so stripped, bytes", runtime.stat().st_size, 300_000, str)
    text = "Costs of compilation, medians.\n\n"
    text += table(["what", "measured", "gate", "kept"], rows)
    report(args.out, "gates", data, text, "What compiling costs")
    sys.exit(0 if all(row[3] == "yes" for row in rows) else 1)


if __name__ == "__main__":
    main()
