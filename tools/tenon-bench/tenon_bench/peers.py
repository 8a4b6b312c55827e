# ===- peers.py - the engines beside Tenon ---------------------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""llama.cpp and OpenVINO GenAI, wherever the user has them.

A peer has `find`, which gives the engine or says why there is none, and the
functions of `Tenon`. What a peer cannot do is a Failure, which becomes a note
in the results and not the end of a run.
"""

import json
import os
import shutil
import sys
from pathlib import Path

from .programs import Failure

HERE = Path(__file__).resolve().parent


class Llama:
    """llama-bench. It draws its own random ids; time does not depend on them.

    One repetition each, with flash attention, which is its faster way for
    every size that was tried; logits of the last row only.
    """

    name = "llama.cpp"

    def __init__(self, program, cache="f16"):
        self.program, self.cache = Path(program), cache

    @classmethod
    def find(cls, folder, cache, runner):
        """The engine in `folder`, TENON_LLAMA_BIN or PATH."""
        folder = folder or os.environ.get("TENON_LLAMA_BIN")
        if folder:
            program = Path(folder) / "llama-bench"
        else:
            program = shutil.which("llama-bench")
        if not program or not Path(program).is_file():
            where = folder or "PATH (--llama and TENON_LLAMA_BIN name a folder)"
            raise Failure(f"no llama-bench in {where}")
        return cls(program, cache)

    def describe(self, runner):
        """Build and options, for the file of results."""
        try:
            words = runner.run(
                [self.program, "--version"], is_measured=False, is_all=True
            )
        except Failure:
            words = "unknown version"
        options = f"-fa 1 -ctk {self.cache} -ctv {self.cache}"
        return {
            "version": " ".join(words.split("\n")[0].split()),
            "options": options,
        }

    def prepare(self, model, runner):
        """Nothing: it reads the file itself."""

    def _bench(self, model, threads, runner, *more):
        argv = [self.program, "-m", model, "-t", threads, "-fa", 1]
        argv += ["-ctk", self.cache, "-ctv", self.cache]
        argv += [*more, "-r", 1, "-o", "json"]
        (row,) = json.loads(runner.run(argv))
        return row["avg_ts"]

    def prefill(self, model, threads, size, runner):
        """Tokens a second of a prompt."""
        return self._bench(model, threads, runner, "-p", size, "-n", 0)

    def decode(self, model, threads, new, depth, runner):
        """Tokens a second of `new` steps from a depth."""
        sizes = ["-p", 0, "-n", new, "-d", depth]
        return self._bench(model, threads, runner, *sizes)

    def batch(self, model, threads, new, batch, runner):
        """Tokens a second of all sequences of a batch."""
        raise Failure("llama-bench decodes one sequence")


class GenAI:
    """OpenVINO GenAI, in an interpreter that has the package."""

    name = "openvino-genai"

    def __init__(self, python, version):
        self.python, self.version = python, version

    @classmethod
    def find(cls, python, runner):
        """The engine of `python`, TENON_GENAI_PYTHON or this interpreter."""
        python = python or os.environ.get("TENON_GENAI_PYTHON")
        python = python or sys.executable
        words = "import openvino_genai as g; print(g.__version__)"
        try:
            version = runner.run([python, "-c", words], is_measured=False)
        except Failure:
            raise Failure(
                f"no package openvino_genai in {python} (--genai and "
                "TENON_GENAI_PYTHON name another interpreter)"
            ) from None
        return cls(python, version.strip().splitlines()[-1])

    def describe(self, runner):
        """Version and options, for the file of results."""
        return {
            "version": self.version,
            "options": "PERFORMANCE_HINT=LATENCY, cache of its own default",
        }

    def prepare(self, model, runner):
        """Nothing: it reads the file itself."""

    def _work(self, model, threads, job, runner):
        request = {"model": str(model), "threads": threads, "jobs": [job]}
        argv = [self.python, HERE / "genai_worker.py", json.dumps(request)]
        (done,) = json.loads(runner.run(argv).strip().splitlines()[-1])
        return done

    def prefill(self, model, threads, size, runner):
        """Tokens a second of a prompt."""
        done = self._work(model, threads, {"tokens": size, "new": 1}, runner)
        return done["tokens"] / done["first_seconds"]

    def decode(self, model, threads, new, depth, runner):
        """Tokens a second of `new` steps from a depth."""
        job = {"tokens": max(depth, 1), "new": new + 1}
        return 1 / self._work(model, threads, job, runner)["step_seconds"]

    def batch(self, model, threads, new, batch, runner):
        """Tokens a second of all sequences of a batch."""
        raise Failure("no batches of sequences through this interface")
