# ===- peer.py - llama.cpp's tools, and the machine's limits ---------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""What the scripts of this folder share.

TENON_LLAMA_BIN is the folder of llama-bench, llama-quantize and
llama-perplexity, built for this machine. Scripts that need the peer stop
without it; the others do not ask.
"""

import json
import os
import platform
import re
import statistics
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib" / "python"))

from tenon_test import tools  # noqa: E402

HERE = Path(__file__).resolve().parent


def llama(name):
    """The path of one of llama.cpp's tools."""
    folder = os.environ.get("TENON_LLAMA_BIN")
    path = Path(folder or "") / name
    if not folder or not path.exists():
        sys.exit(f"set TENON_LLAMA_BIN to the folder that has {name}")
    return path


def quantized(model, kind, folder):
    """`model` requantised by llama-quantize; kept in `folder`."""
    path = Path(folder) / f"{Path(model).stem}-{kind}.gguf"
    if not path.exists():
        part = path.with_suffix(".part")
        subprocess.run(
            [llama("llama-quantize"), "--allow-requantize", model, part]
            + [kind, "2"],
            check=True,
            capture_output=True,
        )
        part.rename(path)
    return path


def llama_bench(model, threads, prompt, new, depth=0, cache="f16"):
    """(prefill, decode) tokens a second of one repetition of llama-bench."""
    argv = [llama("llama-bench"), "-m", model, "-t", threads, "-p", prompt]
    argv += ["-n", new, "-d", depth, "-fa", 1, "-ctk", cache, "-ctv", cache]
    argv += ["-r", 1, "-o", "json"]
    done = subprocess.run(
        [str(a) for a in argv], check=True, capture_output=True, text=True
    )
    rows = json.loads(done.stdout)
    prefill = [r["avg_ts"] for r in rows if r["n_prompt"]]
    decode = [r["avg_ts"] for r in rows if r["n_gen"]]
    return prefill[0], decode[0]


def tenon_bench(library, threads, prompt, new, depth=0):
    """The JSON of one run of tenon-run --bench."""
    done = tools.check(
        "tenon-run",
        library,
        "--bench",
        f"p{prompt},n{new},d{depth}",
        "--json",
        "--threads",
        threads,
    )
    return json.loads(done.stdout)


class Machine:
    """Bytes and operations that this machine can do, measured."""

    def __init__(self, folder):
        self._program = Path(folder) / "limits"
        compiler = os.environ.get("CC", "clang-22")
        subprocess.run(
            [compiler, "-O3", "-march=native", "-pthread"]
            + [HERE / "limits.c", "-o", self._program],
            check=True,
        )
        self.readings = []

    def measure(self):
        """Takes one reading: {threads: {read_gb_s, f32_gflop_s}}."""
        done = subprocess.run(
            [self._program], check=True, capture_output=True, text=True
        )
        self.readings.append(json.loads(done.stdout))

    def limit(self, threads, what):
        """The median reading."""
        return statistics.median(r[str(threads)][what] for r in self.readings)

    def describe(self):
        """One line on the processor."""
        text = Path("/proc/cpuinfo").read_text()
        found = re.search(r"model name\s*: (.*)", text)
        name = found.group(1) if found else platform.machine()
        return f"{name}, {os.cpu_count()} threads"


def table(header, rows):
    """A markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, r)) + " |" for r in lines)


def report(folder, name, data, text):
    """Prints `text` and writes NAME.json and NAME.md into `folder`."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(data, indent=1) + "\n")
    (folder / f"{name}.md").write_text(text + "\n")
    print(text)
