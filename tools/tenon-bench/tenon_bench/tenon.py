# ===- tenon.py - the engine that tenonc makes -----------------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Tenon as an engine: compiles once per model and options, runs many times."""

import hashlib
import json
import shlex
from pathlib import Path

from .programs import own


class Tenon:
    """tenonc with some options, and tenon-run on what it makes."""

    def __init__(self, name, options, work, cache="f16"):
        self.name, self.work, self.cache = name, Path(work), cache
        self.options = list(options)
        if not any(o.startswith("--cache-type") for o in options):
            self.options.append(f"--cache-type={cache}")
        self.artifacts, self.commands = {}, {}

    def describe(self, runner):
        """Version and options, for the file of results."""
        words = runner.run([own("tenonc"), "--version"], is_measured=False)
        return {
            "version": words.strip().splitlines()[0],
            "options": shlex.join(self.options),
            "compile": self.commands,
        }

    def prepare(self, model, runner):
        """The library for `model`, compiled unless there is one that is newer
        than the model and the compiler."""
        model = Path(model)
        key = " ".join([str(model.resolve()), *self.options])
        name = hashlib.sha256(key.encode()).hexdigest()[:12]
        folder = self.work / "artifacts" / f"{model.stem}-{name}"
        library = folder / "model.so"
        done = folder / "model.json"
        newest = max(model.stat().st_mtime, own("tenonc").stat().st_mtime)
        argv = [own("tenonc"), model, "-o", folder, "--name=model", "-q"]
        argv = [str(a) for a in (*argv, *self.options)]
        self.commands[model.stem] = shlex.join(argv)
        if not done.exists() or library.stat().st_mtime < newest:
            folder.mkdir(parents=True, exist_ok=True)
            runner.run(argv, is_measured=False)
        self.artifacts[model] = library
        return library

    def facts(self, model):
        """NAME.json of the artifact for `model`."""
        return self.artifacts[Path(model)].with_suffix(".json")

    def activations(self, weights):
        """Type of what is multiplied with weights of a format: quantised ones
        have integers unless the options say otherwise, bf16 all of them."""
        asked = "int8"
        for option in self.options:
            name, _, value = option.partition("=")
            if name == "--activations":
                asked = value
        is_plain = weights.upper() in ("F32", "F16", "BF16")
        return "f32" if is_plain and asked == "int8" else asked

    def _bench(self, model, threads, sizes, phase, runner):
        argv = [own("tenon-run"), self.artifacts[Path(model)], "--bench"]
        argv += [sizes, "--json", "-q", "--threads", threads]
        return json.loads(runner.run(argv))[phase]["tokens_per_second"]

    def prefill(self, model, threads, size, runner):
        """Tokens a second of a prompt."""
        return self._bench(model, threads, f"p{size},n0,d0", "prefill", runner)

    def decode(self, model, threads, new, depth, runner):
        """Tokens a second of `new` steps from a depth."""
        sizes = f"p0,n{new},d{depth}"
        return self._bench(model, threads, sizes, "decode", runner)

    def batch(self, model, threads, new, batch, runner):
        """Tokens a second of all sequences of a batch."""
        sizes = f"p0,n{new},d0,b{batch}"
        return self._bench(model, threads, sizes, "decode", runner)
