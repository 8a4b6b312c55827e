# ===- artifact_shape.py - what a shared library shows outside -------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Symbols, sections and dependencies of a library, by LLVM's own tools."""

import os
import re
import subprocess


def _llvm(name, *args):
    folder = os.environ.get("TENON_LLVM_BIN", "/usr/lib/llvm-22/bin")
    argv = [os.path.join(folder, name), *[str(a) for a in args]]
    return subprocess.run(
        argv, check=True, capture_output=True, text=True
    ).stdout


def exported(path):
    """Names of the symbols that the library defines for others."""
    text = _llvm(
        "llvm-nm", "-D", "--defined-only", "--format=just-symbols", path
    )
    return text.split()


def undefined(path):
    """Names of the symbols that the library wants from others."""
    text = _llvm("llvm-nm", "-D", "-u", "--format=just-symbols", path)
    return text.split()


def needed(path):
    """Names of the libraries that the library asks the loader for."""
    text = _llvm("llvm-readelf", "--dynamic", path)
    return set(re.findall(r"\(NEEDED\).*\[(.*?)\]", text))


def code_bytes(path):
    """Bytes of the sections that hold instructions."""
    text = _llvm("llvm-readelf", "--sections", "--wide", path)
    return sum(
        int(size, 16)
        for size, flags in re.findall(
            r"PROGBITS\s+\w+\s+\w+\s+(\w+)\s+\w+\s+(\w*X\w*)", text
        )
    )


def loaded(path):
    """Names of all libraries that running the program or library brings in."""
    done = subprocess.run(
        ["ldd", path], check=True, capture_output=True, text=True
    )
    return re.findall(r"^\s*(\S+)", done.stdout, re.MULTILINE)
