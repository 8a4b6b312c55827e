# ===- run.py - do the tests notice a wrong program? ------------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Applies the mutations of mutations.yaml one at a time; each must fail a test.

The sources are copied first (what git tracks, as it lies in the tree), so the
tree is never touched. In the copy: build, the named tests pass; then for each
mutation: change, build, run the named tests, which must fail, change back.

    build/venv/bin/python test/Mutation/run.py --work DIR [--only a,b]

Writes DIR/mutations.json, a table, DIR/mutations.md, and what the programs said,
DIR/log.txt. A run in the same DIR goes on: tests that passed over the same
sources are not run again, and `--resume` leaves out what was caught there
before. `--check` builds nothing and says which mutations no longer apply. Exit
code 1 if a mutation is anything but caught (README.md has the verdicts).
"""

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
LLVM_BIN = "/usr/lib/llvm-22/bin"

#: After this many seconds a test hangs.
LIMIT = 600

#: The verdict on a mutation by how the first test that does not pass ends. Only
#: a test that itself says that something is wrong has caught a mutation.
VERDICTS = {
    "fails": "caught",
    "hangs": "HANGS",
    "crashes": "CRASHES",
    "does not run": "TEST DOES NOT RUN",
}

#: How a test of ctest ended, by the word in its list of tests that failed; any
#: other is the name of a signal.
CTEST_ENDS = {
    "(Failed)": "fails",
    "(Not Run)": "does not run",
    "(BAD_COMMAND)": "does not run",
    "No tests were found": "does not run",
}

#: What a test needs built, by how its name starts; unit tests are programs.
TARGETS = {
    "ctest conformance/neoverse-n1": ["conformance-test", "tenon-cross"],
    "ctest conformance/": ["conformance-test"],
    "conformance ": ["conformance-test"],
    "lit ": ["tenonc", "tenon-opt", "tenon-run"],
    "pytest Golden": ["tenonc", "tenon-opt", "tenon-run"],
    "pytest Integration/blockformat": ["tenon-dequantize"],
    "pytest Integration/models/test_interpreter": ["tenon-test-interpret"],
    "pytest Integration/": ["tenonc", "tenon-run", "tenon-opt"]
    + ["tenon-test-pieces", "tenon-test-batches", "tenon-test-ranks"]
    + ["tenon-test-reseal"],
}


def targets_of(spec):
    """The build targets that a test of a mutation needs."""
    if spec.startswith("ctest unit/"):
        return [spec.removeprefix("ctest unit/")]
    for start, targets in TARGETS.items():
        if spec.startswith(start):
            return targets
    raise ValueError(f"expected a test that TARGETS knows, but got '{spec}'")


class Tree:
    """A copy of the sources with a build folder of its own."""

    def __init__(self, work, jobs):
        self.source, self.build = work / "source", work / "source" / "build"
        self.log = work / "log.txt"
        self.jobs = jobs
        # Compiled objects of the tree itself are found again by ccache.
        self.env = dict(os.environ, CCACHE_BASEDIR=str(self.source))
        self.env["CCACHE_NOHASHDIR"] = "1"

    def prepare(self):
        """Copies what changed and configures."""
        digest = hashlib.sha256()
        listed = subprocess.run(
            ["git", "-C", ROOT, "ls-files", "-z"],
            check=True,
            capture_output=True,
        )
        for name in filter(None, listed.stdout.decode().split("\0")):
            origin, copy = ROOT / name, self.source / name
            if not origin.exists():
                continue
            data = origin.read_bytes()
            digest.update(name.encode() + b"\0" + data)
            if not copy.exists() or copy.read_bytes() != data:
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(origin, copy)
        self.digest = digest.hexdigest()
        venv = self.build / "venv"
        if not venv.exists():
            self.build.mkdir(exist_ok=True)
            venv.symlink_to(ROOT / "build" / "venv")
        return self._run(["cmake", "--preset", "release", "-S", self.source])

    def make(self, specs):
        """Builds what the tests need."""
        targets = sorted({t for spec in specs for t in targets_of(spec)})
        ninja = ["ninja", "-C", self.build, "-j", str(self.jobs)]
        return self._run([*ninja, *targets])

    def test(self, spec):
        """How one test of a mutation ends: `passes` or a key of VERDICTS.

        `ctest unit/NAME`, `conformance ARGUMENT...`, `lit FILTER`, or `pytest
        FILE [-k EXPRESSION]` below test/.
        """
        kind, rest = spec.split(" ", 1)
        if kind == "conformance":
            program = self.build / "test/bin/conformance-test"
            return self._end([program, *rest.split()])
        if kind == "lit":
            lit = Path(os.environ.get("TENON_LLVM_BIN", LLVM_BIN)) / "lit"
            return self._end(
                [lit, "-sv", self.build / "test", "--filter", rest]
            )
        if kind == "ctest":
            return self._end(
                ["ctest", "--test-dir", self.build, "-R", f"^{rest}$"]
                + ["--no-tests=error", "--output-on-failure"]
                + ["--timeout", str(LIMIT)]
            )
        name, _, expression = rest.partition(" -k ")
        argv = [self.build / "venv/bin/python", "-m", "pytest", "-x", "-q"]
        argv += ["-p", "no:cacheprovider", "--rootdir", self.source / "test"]
        argv += [self.source / "test" / name]
        argv += ["-k", expression] if expression else []
        env = dict(self.env, TENON_SOURCE_DIR=str(self.source))
        env["TENON_BUILD_DIR"] = str(self.build)
        env["PYTHONPATH"] = str(self.source / "test/lib/python")
        return self._end(argv, env)

    def _end(self, argv, env=None):
        """How a test ends, by its exit code and by what it says about others."""
        start = self.log.stat().st_size
        try:
            code = self._start(argv, env, LIMIT + 60)
        except subprocess.TimeoutExpired:
            return "hangs"
        said = self.log.read_bytes()[start:].decode(errors="replace")
        # Tests end programs that hang, and catch signals of their own.
        if "(Timeout)" in said or "TimeoutExpired" in said:
            return "hangs"
        if code < 0 or code > 127 or "the program ended in" in said:
            return "crashes"
        if argv[0] == "ctest" and code != 0:
            return next(
                (end for mark, end in CTEST_ENDS.items() if mark in said),
                "crashes",
            )
        return {0: "passes", 1: "fails"}.get(code, "does not run")

    def _run(self, argv):
        return self._start(argv) == 0

    def _start(self, argv, env=None, limit=None):
        """The exit code; beyond the limit the program and its own are ended."""
        argv = [str(a) for a in argv]
        with open(self.log, "a", encoding="utf-8") as log:
            log.write("$ " + " ".join(argv) + "\n")
            log.flush()
            with subprocess.Popen(
                argv,
                cwd=self.source,
                env=env or self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
            ) as program:
                try:
                    return program.wait(limit)
                except subprocess.TimeoutExpired:
                    os.killpg(program.pid, signal.SIGKILL)
                    raise


def places(root, mutation):
    """How often the text that a mutation changes occurs: once, if it applies."""
    text = (root / mutation["file"]).read_text(encoding="utf-8")
    return text.count(mutation["old"])


def attempt(tree, mutation):
    """The verdict on one mutation; the copy is as before afterwards."""
    path = tree.source / mutation["file"]
    text = path.read_text(encoding="utf-8")
    if places(tree.source, mutation) != 1:
        return f"DOES NOT APPLY: {places(tree.source, mutation)} places", ""
    path.write_text(
        text.replace(mutation["old"], mutation["new"]), encoding="utf-8"
    )
    try:
        if not tree.make(mutation["tests"]):
            return "DOES NOT BUILD", ""
        for spec in mutation["tests"]:
            end = tree.test(spec)
            if end == mutation.get("may"):
                end = "fails"
            if end != "passes":
                return VERDICTS[end], spec
        return "SURVIVED", ""
    finally:
        path.write_text(text, encoding="utf-8")


def write(work, results):
    """The table of all results in the order of the list."""
    lines = ["| mutation | file | why it is wrong | verdict | by |"]
    lines.append("|---|---|---|---|---|")
    for r in results:
        row = (r["id"], r["file"], r["why"], r["verdict"], r["by"])
        lines.append("| " + " | ".join(row) + " |")
    (work / "mutations.md").write_text("\n".join(lines) + "\n")
    (work / "mutations.json").write_text(json.dumps(results, indent=1))


def check(mutations):
    """Says which mutations no longer apply to the tree."""
    bad = [m["id"] for m in mutations if places(ROOT, m) != 1]
    sys.exit("do not apply: " + ", ".join(bad) if bad else 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--work", type=Path)
    parser.add_argument("--only", help="ids, separated by commas")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    args = parser.parse_args()
    listed = Path(__file__).with_name("mutations.yaml")
    listed = yaml.safe_load(listed.read_text(encoding="utf-8"))
    wanted = args.only.split(",") if args.only else [m["id"] for m in listed]
    mutations = [m for m in listed if m["id"] in wanted]
    if args.check:
        check(mutations)
    if not args.work:
        parser.error("--work: expected a folder to build in")
    work = args.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    before = work / "mutations.json"
    results = {}
    if before.exists():
        results = {r["id"]: r for r in json.loads(before.read_text())}
    if args.resume:
        mutations = [
            m
            for m in mutations
            if results.get(m["id"], {}).get("verdict") != "caught"
        ]
    tree = Tree(work, args.jobs)
    tree.log.write_text("")
    specs = sorted({s for m in mutations for s in m["tests"]})
    if not tree.prepare() or not tree.make(specs):
        sys.exit(f"the sources do not build as they are; see {tree.log}")
    passed = work / "passed.json"
    known = json.loads(passed.read_text()) if passed.exists() else {}
    known = {tree.digest: known.get(tree.digest, [])}
    for spec in specs:
        if spec in known[tree.digest]:
            continue
        end = tree.test(spec)
        if end != "passes":
            sys.exit(f"{end} without a mutation: {spec}; see {tree.log}")
        known[tree.digest].append(spec)
        passed.write_text(json.dumps(known, indent=1))
    print("all named tests pass without a mutation", flush=True)

    for mutation in mutations:
        with open(tree.log, "a", encoding="utf-8") as log:
            log.write(f"\n==== {mutation['id']}\n")
        start = time.monotonic()
        verdict, by = attempt(tree, mutation)
        seconds = time.monotonic() - start
        results[mutation["id"]] = dict(
            mutation, verdict=verdict, by=by, seconds=seconds
        )
        print(
            f"{mutation['id']:32} {verdict} {by} ({seconds:.0f} s)", flush=True
        )
        write(work, [results[m["id"]] for m in listed if m["id"] in results])
    bad = [
        m["id"] for m in mutations if results[m["id"]]["verdict"] != "caught"
    ]
    print(f"{len(mutations) - len(bad)} of {len(mutations)} caught")
    sys.exit("not caught: " + ", ".join(bad) if bad else 0)


if __name__ == "__main__":
    main()
