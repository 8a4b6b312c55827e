# ===- expect.py - what a refusal must look like ---------------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""The rules of a clear error: they are the same for every bad input."""

import re

#: What a crash prints. None of it may be in an error message.
_CRASH = re.compile(
    r"Sanitizer|Assertion|Stack dump|PLEASE submit|terminate called|"
    r"runtime error:|core dumped"
)


def refused(done, *words, code=None):
    """`done` failed with an error that has all of `words`.

    The exit code is an error, not a signal's; each word is a regular
    expression that stderr must match in any case, blanks being any white space.
    Words name the file, the place, the rule and the remedy.
    """
    text = done.stderr.decode(errors="replace")
    shown = f"exit code {done.returncode}, stderr:\n{text[-2000:]}"
    assert not _CRASH.search(text), shown
    if code is None:
        assert 0 < done.returncode < 126, shown
    else:
        assert done.returncode == code, shown
    flat = " ".join(text.split())
    missing = [w for w in words if not re.search(w, flat, re.IGNORECASE)]
    assert not missing, f"no {missing} in: {shown}"
    assert "error" in text, shown


def nothing_in(folder):
    """No file is left in `folder`, hidden ones included."""
    left = [p.name for p in folder.rglob("*")] if folder.exists() else []
    assert not left, f"left behind: {left}"
