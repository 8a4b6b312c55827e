# ===- raise_version.py - a bytecode file of a later dialect version -------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Rewrites the version of the one dialect that has one from 1 to 2.

A dialect's version is a section of its own: identifier 7, length 1, then the
number as a varint.
"""

import sys

with open(sys.argv[1], "rb") as file:
    data = file.read()
head, rest = data[:64], data[64:]
assert head.count(b"\x07\x03\x03") == 1, "expected one version section"
with open(sys.argv[2], "wb") as file:
    file.write(head.replace(b"\x07\x03\x03", b"\x07\x03\x05") + rest)
