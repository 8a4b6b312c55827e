# ===- cli.py - what each command does -------------------------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""The commands of tenon-bench."""

import json
import os
import re
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path

from . import compare, measure, ops, options, plots, report, results, table
from .limits import Limits
from .peers import GenAI, Llama
from .programs import Failure, Runner, own
from .tenon import Tenon


def find_engines(args, found, runner, work):
    """Tenon, its variants and the peers that are there."""
    cpu = [f"--cpu={args.cpu}"] if args.cpu else []
    base = [*cpu]
    if args.activations:
        base.append(f"--activations={args.activations}")
    engines = [Tenon("tenon", base, work, args.cache)]
    for words in args.variant:
        name, equals, more = words.partition("=")
        if not name or not equals:
            raise Failure(
                f"--variant: expected NAME=OPTIONS, but got '{words}'"
            )
        engines.append(
            Tenon(f"tenon {name}", [*cpu, *more.split()], work, args.cache)
        )
    if args.no_peers:
        return engines
    for kind, find in (
        (Llama, lambda: Llama.find(args.llama, args.cache, runner)),
        (GenAI, lambda: GenAI.find(args.genai, runner)),
    ):
        try:
            engines.append(find())
        except Failure as why:
            found.data["engines"][kind.name] = {"absent": str(why)}
            print(f"{kind.name}: absent, {why}", file=sys.stderr)
    return engines


#: Beginnings of names in the environment that programs may act on.
ENVIRONMENT = ("TENON_", "OMP_", "GGML_", "LLAMA_", "OV_", "OPENVINO_", "KMP_")

#: Names of what nobody wants to find in a file of results.
SECRET = re.compile("KEY|TOKEN|SECRET|PASSWORD")


def repeat(args):
    """What it takes to run this again."""
    settings = {k: v for k, v in vars(args).items() if k != "argv"}
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "argv": shlex.join(["tenon-bench", *args.argv]),
        "options": settings,
        "environment": {
            k: v
            for k, v in os.environ.items()
            if k.startswith(ENVIRONMENT) and not SECRET.search(k)
        },
    }


def run(args):
    """`tenon-bench run`."""
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    if not args.no_plots:
        plots.library()
    models = {}
    for path in map(Path, args.models):
        if not path.is_file():
            raise Failure(f"{path}: expected a GGUF file, but there is none")
        if path.stem in models:
            raise Failure(f"{path}: expected files of different names")
        models[path.stem] = path
    keys = [
        "depths",
        "prompts",
        "batches",
        "new",
        "threads",
        "rounds",
        "cache",
        "title",
    ]
    settings = {key: getattr(args, key) for key in keys}
    if not (args.depths or args.prompts or args.batches):
        raise Failure("expected --depths, --prompts or --batches to time")
    path = out / "run.json"
    found = results.Results(settings, path if args.append else None)
    found.data.setdefault("runs", []).append(repeat(args))
    runner = Runner(args.launcher, args.timeout)
    engines = find_engines(args, found, runner, Path(args.work or out))
    measure.prepare(found, engines, models, settings, runner)
    measure.run(found, engines, models, settings, runner, path)
    text = table.text(found.data)
    (out / "run.md").write_text(text, encoding="utf-8")
    print(text, end="")
    if not args.no_plots:
        for picture in plots.draw(found.data, plots.Place(out)):
            print(f"wrote {picture}", file=sys.stderr)
    return 0


def run_compare(args):
    """`tenon-bench --compare`."""
    compare.check((args.base, args.new))
    if args.out:
        results.probe(Path(args.out))
    settings = {
        "prompt": args.prompt,
        "new": args.new_tokens,
        "depth": args.depth,
        "threads": args.threads,
        "rounds": args.rounds,
        "bound": args.bound / 100,
    }
    runner = Runner(args.launcher, args.timeout)
    data = compare.run(args.base, args.new, settings, runner)
    data["runs"] = [repeat(args)]
    if args.out:
        Path(args.out).write_text(json.dumps(data, indent=1) + "\n")
    print(compare.text(data), end="")
    slower = [v["phase"] for v in data["verdicts"] if v["verdict"] == "slower"]
    if slower:
        words = " and ".join(slower)
        print(f"tenon-bench: slower in {words}", file=sys.stderr)
    return 1 if slower else 0


def run_limits(args):
    """`tenon-bench limits`."""
    machine = Limits()
    machine.measure(Runner(args.launcher, args.timeout))
    print(table.limits_table({"limits": machine.readings}))
    return 0


def run_ops(args):
    """`tenon-bench ops`."""
    if not args.no_plots:
        plots.library()
    keys = ("op", "shape", "cpu", "rounds", "title")
    settings = {key: getattr(args, key) for key in keys}
    data = ops.run(settings, Runner(args.launcher, args.timeout))
    data["runs"] = [repeat(args)]
    ops.write(data, args.out)
    print(ops.text(data), end="")
    if not args.no_plots:
        plots.draw(data, plots.Place(args.out))
    return 0


def main(argv=None):
    """The exit code."""
    argv = list(sys.argv[1:] if argv is None else argv)
    if argv[:1] == ["--compare"]:
        argv[0] = "compare"
    top = options.parser()
    args = top.parse_args(argv)
    args.argv = argv
    if args.compare:
        top.error("--compare comes first; its own options follow the two files")
    commands = {
        "run": run,
        "compare": run_compare,
        "limits": run_limits,
        "ops": run_ops,
        "report": lambda args: report.main(
            args.results, args.out, not args.no_plots, args.preface
        ),
    }
    if args.version:
        print(Runner().run([own("tenonc"), "--version"]), end="")
        return 0
    if not args.command:
        top.print_help()
        return 2
    try:
        return commands[args.command](args)
    except Failure as why:
        print(f"tenon-bench: error: {why}", file=sys.stderr)
        return 1
    except OSError as why:
        if why.filename is None:  # no file that the user names
            raise
        print(
            f"tenon-bench: error: {why.filename}: {why.strerror}; name another "
            "file or folder",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print("tenon-bench: ended by Ctrl-C", file=sys.stderr)
        return 130
