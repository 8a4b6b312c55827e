# ===- options.py - the command line ---------------------------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Options and help; what does not fit ends with exit code 2."""

import argparse
import os

from . import compare
from .values import amount, command, count, loss, numbers, pairs

DESCRIPTION = """\
Measures compiled models and, in turns with them, the engines that a user would
choose instead, on the same files. Beside every figure stands what the machine
allows, measured in the same run."""

EXAMPLES = """\
examples:
  tenon-bench run model.gguf -o out
      Decoding from an empty cache and a prompt of 512 tokens, 5 rounds; peers
      that are found take part. Writes out/run.json, run.md and plots.
  tenon-bench run a.gguf b.gguf -o out --depths 0,2048,7500 --prompts 512,4096
      Two files, three depths of decoding, two lengths of prompts.
  tenon-bench run model.gguf -o out --llama DIR --genai VENV/bin/python
      Says where llama-bench and the package openvino_genai are.
  tenon-bench run model.gguf -o out --variant "f32=--activations=f32"
      What an option of tenonc is worth: a second artifact takes its turns.
  tenon-bench --compare old/model.so new/model.so
      Ends with 1 if the second is slower by more than 3 %.
  tenon-bench ops -o out
      Kernels one by one on one thread, beside OpenBLAS and oneDNN if they are
      installed, and beside the bound of each. Needs the build with its tests.
  tenon-bench report out/run.json -o PERFORMANCE.md
      Writes the tables of several results into one document.

exit codes: 0 done, 1 failed, or slower in --compare, 2 wrong usage."""


def common(parser):
    """Options of every command that measures."""
    parser.add_argument(
        "--title",
        default="",
        metavar="TEXT",
        help="heading of these results in a report",
    )
    parser.add_argument(
        "--launcher",
        type=command,
        default="",
        metavar="COMMAND",
        help='runs each measured program behind this, e.g. "taskset -c 0,1"',
    )
    parser.add_argument(
        "--timeout",
        type=count,
        default=1200,
        metavar="SECONDS",
        help="ends a program that takes longer (default: 1200)",
    )


def run_options(parser):
    """Options of `run`."""
    add = parser.add_argument
    add("models", nargs="+", metavar="MODEL.gguf", help="files to measure")
    add("-o", "--out", required=True, metavar="DIR", help="folder for results")
    add(
        "--depths",
        type=numbers(0),
        default=[0],
        metavar="D,..",
        help="tokens in the cache when decoding starts; empty: no decoding "
        "(default: 0)",
    )
    add(
        "--prompts",
        type=numbers(1),
        default=[512],
        metavar="P,..",
        help="lengths of prompts; empty: none (default: 512)",
    )
    add(
        "--batches",
        type=numbers(1),
        default=[],
        metavar="M,..",
        help="sequences that are decoded together (default: none)",
    )
    add(
        "--new",
        type=count,
        default=64,
        metavar="N",
        help="steps of a decoding (default: 64)",
    )
    add(
        "--threads",
        type=numbers(1),
        default=[os.cpu_count() or 1],
        metavar="N,..",
        help="thread counts (default: all processors)",
    )
    add(
        "--rounds",
        type=count,
        default=5,
        metavar="N",
        help="samples of each figure (default: 5)",
    )
    add(
        "--cache",
        choices=("f16", "f32"),
        default="f16",
        help="format of keys and values (default: f16)",
    )
    add("--cpu", metavar="CPU", help="tenonc's --cpu")
    add("--activations", metavar="TYPE", help="tenonc's --activations")
    add(
        "--variant",
        action="append",
        default=[],
        metavar="NAME=OPTIONS",
        help="another artifact, made with more options of tenonc; repeatable",
    )
    add(
        "--llama",
        metavar="DIR",
        help="folder of llama-bench (default: TENON_LLAMA_BIN, then PATH)",
    )
    add(
        "--genai",
        metavar="PYTHON",
        help="interpreter that has openvino_genai (default: TENON_GENAI_PYTHON, then this one)",
    )
    add("--no-peers", action="store_true", help="only Tenon")
    add(
        "--append",
        action="store_true",
        help="add rounds to the results that are in DIR",
    )
    add(
        "--work",
        metavar="DIR",
        help="folder that keeps artifacts (default: DIR of --out)",
    )
    add("--no-plots", action="store_true", help="no SVG and PNG files")
    common(parser)


def compare_options(parser):
    """Options of `compare`."""
    add = parser.add_argument
    add("base", metavar="BASE.so", help="the artifact to compare with")
    add("new", metavar="NEW.so", help="the artifact that must not be slower")
    add(
        "--prompt",
        type=amount,
        default=256,
        metavar="P",
        help="length of the prompt (default: 256)",
    )
    add(
        "--new-tokens",
        type=amount,
        default=64,
        metavar="N",
        help="decoding steps (default: 64)",
    )
    add(
        "--depth",
        type=amount,
        default=0,
        metavar="D",
        help="tokens in the cache before (default: 0)",
    )
    add(
        "--threads",
        type=count,
        default=os.cpu_count() or 1,
        metavar="N",
        help="threads (default: all processors)",
    )
    add(
        "--rounds",
        type=pairs,
        default=15,
        metavar="N",
        help="pairs of samples (default: 15)",
    )
    add(
        "--bound",
        type=loss,
        default=100 * compare.BOUND,
        metavar="PERCENT",
        help="what may be lost (default: 3)",
    )
    add("-o", "--out", metavar="FILE.json", help="keeps the samples")
    common(parser)


def ops_options(parser):
    """Options of `ops`."""
    add = parser.add_argument
    add("-o", "--out", required=True, metavar="DIR", help="folder for results")
    add(
        "--op",
        choices=("gemm", "gemv", "attention"),
        help="only these (default: all)",
    )
    add("--shape", metavar="MxNxK", help="one product of f32 of this shape")
    add("--cpu", metavar="CPU", help="instruction set (default: native)")
    add(
        "--rounds",
        type=count,
        default=7,
        metavar="N",
        help="samples of each figure (default: 7)",
    )
    add("--no-plots", action="store_true", help="no SVG and PNG files")
    common(parser)


def parser():
    """The whole command line."""
    raw = argparse.RawDescriptionHelpFormatter
    top = argparse.ArgumentParser(
        prog="tenon-bench",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=raw,
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    top.add_argument(
        "--version", action="store_true", help="that of the tenonc it uses"
    )
    top.add_argument(
        "--compare",
        nargs=2,
        metavar=("BASE.so", "NEW.so"),
        help="the same as the command compare",
    )
    run_options(
        commands.add_parser("run", help="measure models, with the peers found")
    )
    compare_options(
        commands.add_parser("compare", help="two artifacts in turns")
    )
    part = commands.add_parser("limits", help="what the machine can do at most")
    common(part)
    ops_options(commands.add_parser("ops", help="kernels one by one"))
    part = commands.add_parser("report", help="one document from results")
    part.add_argument("results", nargs="+", metavar="RESULT.json")
    part.add_argument("-o", "--out", required=True, metavar="FILE.md")
    part.add_argument("--preface", default="", metavar="TEXT")
    part.add_argument(
        "--no-plots",
        action="store_true",
        help="no folder `plots` with SVG files beside FILE.md",
    )
    return top
