# ===- loops.py - inner loops of kernels and what they cost ----------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Finds the hottest loop of a kernel in a library, and asks llvm-mca for it.

Nothing runs: machine code is disassembled, a loop is what a backward branch
jumps over, an inner loop has no other one inside, and the hottest is the one
with the most products an iteration. Works on x86-64.
"""

import os
import re
import subprocess
from dataclasses import dataclass

ITERATIONS = 100
_WIDTH = {"x": 128, "y": 256, "z": 512}
#: Bits of the factors of a multiply-add instruction, by its name.
_FACTORS = (
    (re.compile(r"v?fn?m(add|sub)\w*ps"), 32),
    (re.compile(r"vdpbf16ps"), 16),
    (re.compile(r"vpdpb[us]{2}ds?|vpmaddubsw"), 8),
    (re.compile(r"vpdpw[us]{2}ds?|vpmaddwd"), 16),
)
_INSTRUCTION = re.compile(r"^\s+([0-9a-f]+):\s+(\S.*?)\s*(?:#.*)?$")
_SPILL = re.compile(r"v?mov\w+\s+%[xyz]mm\d+, -?(0x[0-9a-f]+)?\(%r[sb]p\)")
_RELOAD = re.compile(r"-?(0x[0-9a-f]+)?\(%r[sb]p\).*%[xyz]mm\d+$")


def _llvm(name, *args, **kwargs):
    folder = os.environ.get("TENON_LLVM_BIN", "/usr/lib/llvm-22/bin")
    argv = [os.path.join(folder, name), *[str(a) for a in args]]
    return subprocess.run(
        argv, check=True, capture_output=True, text=True, **kwargs
    ).stdout


def functions(library):
    """Functions of a library: name -> [(address, instruction)]."""
    text = _llvm("llvm-objdump", "-d", "--no-show-raw-insn", library)
    found, current = {}, []
    for line in text.splitlines():
        if header := re.match(r"^[0-9a-f]+ <(.*)>:$", line):
            current = found[header[1]] = []
        elif instruction := _INSTRUCTION.match(line):
            current.append((int(instruction[1], 16), instruction[2]))
    return found


def products(instruction):
    """Multiply-adds of one instruction: its vector's lanes, 0 if it has none."""
    name = instruction.split()[0]
    widths = re.findall(r"%([xyz])mm", instruction)
    for pattern, bits in _FACTORS:
        if widths and pattern.fullmatch(name):
            return max(_WIDTH[w] for w in widths) // bits
    return 0


def products_of(loop):
    """Multiply-adds of an iteration.

    Behind products of bytes, vpmaddwd only adds up pairs.
    """
    bytewise = any(line.startswith("vpmaddubsw") for line in loop)
    return sum(
        products(line)
        for line in loop
        if not (bytewise and line.startswith("vpmaddwd"))
    )


def inner_loops(code):
    """Loops without a loop inside, as lists of instructions."""
    index = {address: i for i, (address, _) in enumerate(code)}
    ends = {}  # header -> last jump to it
    for i, (_, text) in enumerate(code):
        jump = re.match(r"j\w+\s+0x([0-9a-f]+)", text)
        target = index.get(int(jump[1], 16)) if jump else None
        if target is not None and target <= i:
            ends[target] = i
    spans = list(ends.items())
    return [
        [text for _, text in code[first : last + 1]]
        for first, last in spans
        if not any(
            first <= f and l <= last and (f, l) != (first, last)
            for f, l in spans
        )
    ]


@dataclass
class Loop:
    """What one loop does, and what the whole kernel spills."""

    products: int  #: multiply-adds an iteration
    cycles: float  #: of llvm-mca, for 1000 multiply-adds
    spills: int  #: vectors stored to the stack anywhere in the kernel
    stack: int  #: vectors stored to or loaded from the stack in the loop


def cycles_of(loop, cpu):
    """Cycles of an iteration, by llvm-mca."""
    # Labels of objdump mean nothing to the assembler.
    text = "\n".join(re.sub(r"\s*<[^>]*>", "", line) for line in loop)
    report = _llvm(
        "llvm-mca",
        "-mtriple=x86_64-linux-gnu",
        f"-mcpu={cpu}",
        f"-iterations={ITERATIONS}",
        "-instruction-info=0",
        "-resource-pressure=0",
        input=text,
    )
    return int(re.search(r"Total Cycles:\s+(\d+)", report)[1]) / ITERATIONS


def hottest(code, cpu):
    """The hottest loop of a kernel; None if none of its loops multiplies."""
    loops = inner_loops(code)
    count = {id(loop): products_of(loop) for loop in loops}
    loop = max(loops, key=lambda one: count[id(one)], default=None)
    if loop is None or not count[id(loop)]:
        return None
    lines = [text for _, text in code]
    stack = [t for t in loop if _SPILL.match(t) or _RELOAD.search(t)]
    return Loop(
        products=count[id(loop)],
        cycles=1000 * cycles_of(loop, cpu) / count[id(loop)],
        spills=sum(1 for text in lines if _SPILL.match(text)),
        stack=len(stack),
    )
