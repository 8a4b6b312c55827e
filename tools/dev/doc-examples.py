#!/usr/bin/env python3
"""Runs the IR examples of the docs: every ```mlir block of the .td files and
READMEs must parse and verify.

    python3 tools/dev/doc-examples.py [--opt build/bin/tenon-opt] [FILE...]

A block is a module as it stands, or a few lines of one. Such lines may use
values from nowhere: each becomes a block argument, whose type is learned from
the parser's messages. Aliases and symbols they may use are in
tools/dev/doc-prelude.mlir. A terminator may stand alone.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parents[2]
PRELUDE = ROOT / "tools/dev/doc-prelude.mlir"
UNVERIFIED = "--mlir-very-unsafe-disable-verifier-on-parsing"


def blocks(path):
    """(line, text) of every ```mlir block."""
    block, start = None, 0
    for number, line in enumerate(path.read_text().splitlines(), 1):
        mark = line.strip()
        if block is None and mark == "```mlir":
            block, start = [], number + 1
        elif block is not None and mark == "```":
            yield start, textwrap.dedent("\n".join(block)) + "\n"
            block = None
        elif block is not None:
            block.append(line)


class Opt:
    def __init__(self, program):
        self.program = program

    def errors(self, text, *options):
        """The parser's messages, none if it accepts the text."""
        result = subprocess.run(
            [self.program, "--allow-unregistered-dialect", *options, "-o", "/dev/null"],
            input=text,
            capture_output=True,
            text=True,
        )
        found = []
        for line, column, message in re.findall(
            r"^<stdin>:(\d+):(\d+): error: (.*)", result.stderr, re.M
        ):
            # This message leaves out which value it means.
            if message == "use of undeclared SSA value name":
                rest = text.splitlines()[int(line) - 1][int(column) - 1 :]
                message += " " + re.match(r"%[\w$.-]+", rest).group(0)
            found.append(message)
        if result.returncode != 0 and not found:
            found = [result.stderr.strip() or f"exit code {result.returncode}"]
        return found


def wrap(text, values):
    """The lines in a region that wants no terminator. Two regions, because an
    unknown operation with one might be a symbol table."""
    args = ", ".join(f"{name}: {kind}" for name, kind in values.items())
    head = f"^example({args}):\n" if args else ""
    return f'{PRELUDE.read_text()}\n"doc.example"() ({{\n{head}{text}}}, {{}}) : () -> ()\n'


def check_lines(opt, text):
    """The message that is wrong with a few lines, or None."""
    values = {}
    options = []
    while True:
        errors = opt.errors(wrap(text, values), *options)
        if not errors:
            return None
        message = errors[0]
        unknown = re.match(r"use of undeclared SSA value name (%[\w$.-]+)", message)
        typed = re.match(
            r"use of value '(%[\w$.-]+)' expects different type than prior uses: '(.*)' vs 'none'",
            message,
        )
        if unknown and unknown.group(1) not in values:
            values[unknown.group(1)] = "none"
        elif typed and values.get(typed.group(1)) == "none":
            values[typed.group(1)] = typed.group(2)
        elif "expects parent op" in message and not options:
            options = [UNVERIFIED]
        else:
            return message


def check(opt, text):
    aliases = "".join(re.findall(r"^[!#].*\n", PRELUDE.read_text(), re.M))
    whole = opt.errors(aliases + text)
    if not whole:
        return None
    lines = check_lines(opt, text)
    if lines is None:
        return None
    # The form that the block was meant in explains more.
    return whole[0] if "func.func" in text or "module" in text else lines


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--opt", default=str(ROOT / "build/bin/tenon-opt"))
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    args = parser.parse_args()
    files = args.files or sorted(
        path
        for room in ("dialects", "lib", "runtime", "tools", "test", "include", "README.md")
        for path in ([ROOT / room] if room.endswith(".md") else (ROOT / room).rglob("*"))
        if path.suffix == ".td" or path.name == "README.md"
    )
    opt = Opt(args.opt)
    count = failures = 0
    for path in files:
        for line, text in blocks(path):
            count += 1
            message = check(opt, text)
            if message:
                failures += 1
                print(f"{path}:{line}: {message}", file=sys.stderr)
    print(f"{count} examples, {failures} wrong")
    if count == 0:
        sys.exit("doc-examples.py: expected at least one ```mlir block")
    sys.exit(failures != 0)


if __name__ == "__main__":
    main()
