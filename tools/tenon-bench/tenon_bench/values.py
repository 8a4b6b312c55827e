# ===- values.py - what options take ---------------------------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Types for argparse, each with words for what it refuses."""

import argparse
import shlex

from . import compare


def numbers(least):
    """A type for argparse: "1,2,3", each at least `least`."""

    def parse(words):
        try:
            found = [int(w) for w in words.split(",") if w]
        except ValueError:
            found = [least - 1]
        if any(n < least for n in found):
            raise argparse.ArgumentTypeError(
                f"expected numbers of at least {least} like 1,2, but got "
                f"'{words}'"
            )
        return found

    parse.__name__ = "list"
    return parse


def count(words):
    """A type for argparse: a number of at least 1."""
    found, *rest = numbers(1)(words) or [0]
    if rest or found < 1:
        raise argparse.ArgumentTypeError(
            f"expected a number, but got '{words}'"
        )
    return found


def amount(words):
    """A type for argparse: a number of at least 0."""
    found = numbers(0)(words)
    if len(found) != 1:
        raise argparse.ArgumentTypeError(
            f"expected a number, but got '{words}'"
        )
    return found[0]


def loss(words):
    """A type for argparse: a bound in percent that some loss exceeds."""
    try:
        found = float(words)
    except ValueError:
        found = -1.0
    if not 0 <= found < 100:
        raise argparse.ArgumentTypeError(
            f"expected percent from 0 to less than 100, but got '{words}'"
        )
    return found


def command(words):
    """A type for argparse: a command as a shell would split it."""
    try:
        shlex.split(words)
    except ValueError as why:
        raise argparse.ArgumentTypeError(
            f"expected a command, but got '{words}': {why}"
        ) from None
    return words


def pairs(words):
    """A type for argparse: as many pairs as a verdict needs."""
    found = count(words)
    if found < compare.FEWEST:
        raise argparse.ArgumentTypeError(
            f"expected at least {compare.FEWEST} pairs, as fewer prove "
            f"nothing, but got {found}"
        )
    return found
