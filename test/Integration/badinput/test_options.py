# ===- test_options.py - command lines that make no sense ------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Unknown, contradicting and impossible options of tenonc and tenon-run."""

import os
import subprocess

import pytest

from tenon_test import tools
from tenon_test.expect import nothing_in, refused

#: Options of tenonc after `MODEL -o OUT` -> words of the error.
TENONC = {
    "unknown": (["--frobnicate"], ["frobnicate"]),
    "second-model": (["second.gguf"], [r"second\.gguf"]),
    "cpu-unknown": (["--cpu=sparc"], ["cpu", "sparc", "native", "x86-64-v3"]),
    "cpu-too-old": (["--cpu=x86-64"], ["cpu", "x86-64-v3"]),
    "cpu-empty": (["--cpu="], ["cpu"]),
    "cache-unknown": (["--cache-type=q3"], ["cache-type", "q3", "f16", "f32"]),
    "activations": (["--activations=i4"], ["activations", "i4", "f32"]),
    "activations-cpu": (
        ["--activations=bf16", "--cpu=x86-64-v4+avx512bf16,x86-64-v3"],
        ["activations=bf16", "avx512bf16", "'x86-64-v3'", "int8 or f32"],
    ),
    "pass-unknown": (
        ["--disable-pass=fuse-all"],
        ["disable-pass", "fuse-all", "tenon-fuse-gates", "tenon-fuse-rows"],
    ),
    "pass-needed": (
        ["--disable-pass=tenon-form-kernels"],
        ["disable-pass", "tenon-form-kernels", "tenon-fuse-additions"],
    ),
    "pass-empty": (["--disable-pass="], ["disable-pass"]),
    "top-k-negative": (["--top-k=-1"], ["top-k", "-1"]),
    "top-k-word": (["--top-k=all"], ["top-k", "all"]),
    "top-k-too-large": (["--top-k=257"], ["top-k", "257", "256"]),
    "context-0": (["--context=0"], ["context"]),
    "context-negative": (["--context=-5"], ["context", "-5"]),
    "context-word": (["--context=many"], ["context", "many"]),
    "context-too-large": (["--context=100000"], ["context", "100000", "512"]),
    "name-with-slash": (["--name=a/b"], ["name", "a/b"]),
    "name-dots": (["--name=.."], ["name"]),
    "name-empty": (["--name="], ["name"]),
    "sanitizer-unknown": (["--sanitize=luck"], ["sanitize", "luck", "address"]),
    "to-unknown": (["--compile-to=moon"], ["compile-to", "moon", "kernels"]),
    "from-unknown": (["--compile-from=moon"], ["compile-from", "moon"]),
    "from-on-gguf": (["--compile-from=optimized"], ["compile-from", "gguf"]),
    "from-after-to": (
        ["--compile-from=kernels", "--compile-to=optimized"],
        ["compile-from", "compile-to"],
    ),
    "value-missing": (["--context"], ["context"]),
    "dump-no-folder": (
        ["--dump-phases=/dev/null"],
        ["/dev/null: ", "a folder for --dump-phases", "exists or can be made"],
    ),
    "dump-not-made": (
        ["--dump-phases=/proc/here"],
        ["/proc/here: ", "a folder for --dump-phases", "exists or can be made"],
    ),
    "dump-not-written": (
        ["--dump-phases=/proc"],
        [r"/proc/.*\.mlir: cannot be written", "another folder for --dump"],
    ),
    "threads-0": (["--threads=0"], ["threads", "0", "1 to 1024"]),
    "threads-many": (["--threads=10000"], ["threads", "10000", "1 to 1024"]),
}


@pytest.mark.parametrize("name", TENONC)
def test_tenonc(tmp_path, small_model, name):
    options, words = TENONC[name]
    out = tmp_path / "out"
    done = tools.run("tenonc", small_model, "-o", out, *options)
    refused(done, *words)
    nothing_in(out)


def test_tenonc_no_input(tmp_path):
    refused(tools.run("tenonc", "-o", tmp_path / "out"), "model|gguf")
    nothing_in(tmp_path)


#: Options of tenon-run after the library -> words of the error.
TENON_RUN = {
    "unknown": (["--frobnicate"], ["frobnicate"]),
    "two-prompts": (["-p", "hi", "--tokens", "1,2"], ["-p|--prompt", "tokens"]),
    "bench-and-prompt": (
        ["--bench", "p8,n8", "-p", "hi"],
        ["bench", "-p|prompt"],
    ),
    "bench-and-perplexity": (
        ["--bench", "p8,n8", "--perplexity", "x.txt"],
        ["bench", "perplexity"],
    ),
    "weights-empty": (
        ["--weights", "", "--tokens", "1"],
        ["--weights: expected a value"],
    ),
    "cpu-empty": (["--cpu", "", "--tokens", "1"], ["--cpu: expected a value"]),
    "perplexity-empty": (
        ["--perplexity", ""],
        ["--perplexity: expected a value"],
    ),
    "weights-memory": (
        ["--weights-memory=disk", "-p", "hi"],
        ["weights-memory", "disk", "auto, mapped or copied"],
    ),
    "json-alone": (["--json", "-p", "hi"], ["json", "bench"]),
    "bench-word": (["--bench", "fast"], ["bench", "fast", "p512"]),
    "bench-too-deep": (["--bench", "p8,n8,d9999"], ["9999|10015", "context"]),
    "depth-twice": (
        ["--bench", "p8,n8,d4", "--depth", "0,4"],
        ["bench", "depth", "d4"],
    ),
    "rates-alone": (["--rates", "f32=1", "-p", "hi"], ["rates", "profile"]),
    "depth-alone": (["--depth", "4", "-p", "hi"], ["depth", "bench"]),
    "depth-beyond": (
        ["--bench", "p8,n8", "--depth", "0,9999"],
        ["9999", "context"],
    ),
    "bench-nothing": (["--bench", "p0,n0"], ["bench"]),
    "tokens-word": (["--tokens", "1,two"], ["tokens", "two"]),
    "tokens-empty": (["--tokens", ""], ["tokens|prompt"]),
    "tokens-outside": (["--tokens", "1,300"], ["300", "vocabulary|tokens"]),
    "tokens-negative": (["--tokens=-1,2"], ["-1"]),
    "tokens-2^40": (["--tokens", "1099511627776"], ["1099511627776"]),
    "count-negative": (["--tokens", "1", "-n", "-3"], ["-3"]),
    "count-word": (["--tokens", "1", "-n", "few"], ["few"]),
    "threads-many": (["--tokens", "1", "--threads", "10000"],
                     ["threads", "0 to 1024", "10000"]),
    "batch-and-prompt": (["--batch", "x.txt", "-p", "hi"],
                         ["batch", "prompt"]),
    "batch-missing": (["--batch", "no/such.txt"], ["no/such.txt"]),
    "batch-empty": (["--batch", "/dev/null"], ["/dev/null", "one line"]),
    "bench-batch-too-large": (["--bench", "p2,n2,b9"], ["at most 8", "9"]),
    "bench-batch-0": (["--bench", "p2,n2,b0"], ["b0"]),
    "threads-negative": (["--tokens", "1", "--threads", "-1"],
                         ["threads", "-1"]),
    "temp-negative": (["--tokens", "1", "--temp", "-1"], ["temp", "-1"]),
    "temp-nan": (["--tokens", "1", "--temp", "nan"], ["temp", "nan"]),
    "top-p-2": (
        ["--tokens", "1", "--temp", "1", "--top-p", "2"],
        ["top-p", "2"],
    ),
    "min-p-negative": (
        ["--tokens", "1", "--temp", "1", "--min-p", "-0.1"],
        ["min-p"],
    ),
    "top-k-negative": (
        ["--tokens", "1", "--temp", "1", "--top-k", "-1"],
        ["top-k", "-1"],
    ),
    "seed-word": (["--tokens", "1", "--seed", "lucky"], ["seed", "lucky"]),
    "prompt-too-long": (
        ["--tokens", ",".join(["7"] * 600), "-n", "1"],
        ["600", "512", "context"],
    ),
    "prompt-and-text-too-long": (
        ["--tokens", "7,7", "-n", "511"],
        ["prompt", "512", "context", "2 and 511 of -n", "larger --context"],
    ),
    "prompt-not-utf8": (["-p", b"abc \xff\xfe"], ["utf-8", "byte"]),
    "prompt-cut-utf8": (["-p", "é".encode()[:1]], ["utf-8"]),
    "ctx-alone": (["--tokens", "1", "--ctx", "64"], ["ctx", "perplexity"]),
    "logits-folder-missing": (
        ["--tokens", "1", "--logits", "no/such/x.npy"],
        ["no/such/x.npy"],
    ),
    "logits-folder": (
        ["--tokens", "1", "--logits", "."],
        [r"directory|folder"],
    ),
    "logits-disk-full": (
        ["--tokens", "1,2,3", "--logits", "/dev/full", "-n", "0"],
        ["/dev/full", "space"],
    ),
}


@pytest.mark.parametrize("name", TENON_RUN)
def test_tenon_run(tmp_path, artifact, name):
    options, words = TENON_RUN[name]
    argv = [o if isinstance(o, bytes) else os.fsencode(o) for o in options]
    program = os.fsencode(tools.tool("tenon-run"))
    done = subprocess.run(
        [program, os.fsencode(artifact.library), *argv],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
    )
    refused(done, *words)
    assert not done.stdout
    nothing_in(tmp_path)


def test_no_model():
    refused(tools.run("tenon-run", "-p", "hello"), r"model|\.so")


#: A file of prompts, options -> words of the error.
BATCHES = {
    "blank-lines": (b"\n\r\n\n", [], ["one line with a prompt"]),
    "not-utf8": (b"one\n\ntwo \xff\n", [], [r"lines\.txt:3", "utf-8"]),
    "too-long": (b"one\n" + b"word " * 600, [], [r"lines\.txt:2", "512"]),
    "context": (
        b"one\ntwo\n",
        ["-n", 99, "--context", 64],
        [r"lines\.txt:1", "64", r"\d and 99 of -n", "larger --context"],
    ),
}


@pytest.mark.parametrize("name", BATCHES)
def test_batch(tmp_path, artifact, name):
    """One bad line is refused by its number before any is decoded."""
    text, options, words = BATCHES[name]
    path = tmp_path / "lines.txt"
    path.write_bytes(text)
    done = tools.run(
        "tenon-run", artifact.library, "--batch", path, *options
    )
    refused(done, *words)
    assert not done.stdout


def test_batch_lines_of_other_systems(tmp_path, artifact):
    """The end of a line is no part of its prompt."""
    texts = []
    for end in (b"\n", b"\r\n"):
        path = tmp_path / "lines.txt"
        path.write_bytes(end.join((b"one", b"", b"two")))
        done = tools.check(
            "tenon-run", artifact.library, "--batch", path, "-n", 4, "-q"
        )
        texts.append(done.stdout)
    assert texts[0] == texts[1] and texts[0].count(b"\n") == 2


PERPLEXITY = {
    "missing": (None, 64, ["text file.txt", "no such file"]),
    "empty": (b"", 64, ["text file.txt", "tokens|empty"]),
    "too-short": (b"a few words", 64, ["text file.txt", "tokens", "64"]),
    "not-utf8": (
        b"word " * 500 + b"\xff",
        64,
        ["text file.txt", "utf-8", "2500"],
    ),
    "ctx-1": (b"word " * 500, 1, ["ctx", "1"]),
    "ctx-too-large": (
        b"word " * 5000,
        100000,
        ["ctx|context", "100000", "512"],
    ),
}


@pytest.mark.parametrize("name", PERPLEXITY)
def test_perplexity(tmp_path, artifact, name):
    text, ctx, words = PERPLEXITY[name]
    path = tmp_path / "text file.txt"
    if text is not None:
        path.write_bytes(text)
    done = tools.run(
        "tenon-run", artifact.library, "--perplexity", path, "--ctx", ctx
    )
    refused(done, *words)
    assert not done.stdout
