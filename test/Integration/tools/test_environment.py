# ===- test_environment.py - the tools in awkward surroundings -------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Odd paths, locales, empty environments, closed pipes; equal output."""

import json
import os
import shutil
import subprocess

import numpy as np
import pytest

from tenon_test import tools
from tenon_test.gguf_file import GGUFFile
from tenon_test.oracle import Oracle
from tenon_test.tiny_model import TinyModel
from tenon_test.tokenize import encode

IDS = [5, 90, 17, 200, 33]

#: An empty environment. A sanitizer's options are part of a sanitized program:
#: they stay.
NOTHING = {
    name: value
    for name, value in os.environ.items()
    if tools.SANITIZE and name.endswith("SAN_OPTIONS")
}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A GGUF file whose every folder has blanks and letters beyond ASCII."""
    folder = tmp_path_factory.mktemp("Gewölbe mit Lücken 模型")
    return TinyModel(heads=2, kv_heads=1, hidden=64, vocab=300).write(
        folder / "mein Modell é.gguf"
    )


@pytest.fixture(scope="module")
def artifact(model):
    """Its artifact, named after the file."""
    out = model.parent / "aus gabe ü"
    tools.check("tenonc", model, "-o", out)
    return tools.Artifact(out, "mein Modell é")


@pytest.fixture(scope="module")
def german(tmp_path_factory):
    """An environment with a locale that writes 0,5 for a half."""
    folder = tmp_path_factory.mktemp("locales")
    subprocess.run(
        ["localedef", "-i", "de_DE", "-f", "UTF-8", folder / "de_DE.UTF-8"],
        check=True,
        capture_output=True,
    )
    env = dict(os.environ, LOCPATH=str(folder), LC_ALL="de_DE.UTF-8")
    shown = subprocess.run(
        ["bash", "-c", "printf %.1f 0,5"], env=env, capture_output=True
    )
    assert shown.stdout == b"0,5", "the locale is not in force"
    return env


def test_paths(model, artifact):
    names = sorted(p.name for p in artifact.folder.iterdir())
    assert names == [
        f"mein Modell é{s}" for s in (".h", ".json", ".so", ".weights")
    ]
    want = Oracle(model).forward(IDS)
    # Activations are rounded to 8 bits.
    assert tools.difference(artifact.logits(IDS), want) < 5e-2


def _contents(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def test_same_bytes_anywhere(model, artifact, tmp_path):
    """Same input, another folder, another name of the folder's parents."""
    moved = tmp_path / "x" / model.name
    moved.parent.mkdir()
    shutil.copy(model, moved)
    os.utime(moved, (1, 1))
    tools.check("tenonc", model.name, "-o", "y", cwd=moved.parent)
    first, second = _contents(artifact.folder), _contents(moved.parent / "y")
    assert first.keys() == second.keys()
    different = [name for name in first if first[name] != second[name]]
    assert not different
    for data in second.values():
        assert str(tmp_path).encode() not in data


def test_json(artifact):
    described = json.loads(artifact.file(".json").read_text(encoding="utf-8"))
    assert isinstance(described, dict) and described


def test_header_compiles(artifact, tmp_path):
    """NAME.h is C, and C++, and complete."""
    for language in ("c", "c++"):
        include = tools.SOURCE / "runtime" / "include"
        compiler = os.path.join(os.environ.get("TENON_LLVM_BIN", ""), "clang")
        subprocess.run(
            [compiler, f"-x{language}", "-fsyntax-only", "-Wall", "-Wextra"]
            + ["-Werror", f"-I{include}", artifact.file(".h")],
            check=True,
            cwd=tmp_path,
        )


def test_decimal_comma(model, artifact, german, tmp_path):
    """Numbers on the command line and in files do not follow the locale."""
    tools.check("tenonc", model, "-o", tmp_path / "out", env=german)
    assert _contents(tmp_path / "out") == _contents(artifact.folder)
    text = tmp_path / "text.txt"
    text.write_text("the rain in spain " * 40)
    argv = ["--perplexity", text, "--ctx", 32]
    plain = tools.check("tenon-run", artifact.library, *argv).stdout
    local = tools.check("tenon-run", artifact.library, *argv, env=german).stdout
    assert float(plain.split()[-1]) == float(local.split()[-1])
    argv = ["--bench", "p8,n4,d0", "--json"]
    out = tools.check("tenon-run", artifact.library, *argv, env=german).stdout
    assert json.loads(out)["decode"]["tokens"] == 4
    # With a temperature that a comma would cut to 2.
    argv = ["--tokens", "5,6", "--temp", "2.5", "--seed", "3", "-n", "24"]
    argv.append("--ignore-eos")
    plain = tools.check("tenon-run", artifact.library, *argv).stdout
    assert (
        tools.check("tenon-run", artifact.library, *argv, env=german).stdout
        == plain
    )
    argv[argv.index("--temp") + 1] = "2"
    assert tools.check("tenon-run", artifact.library, *argv).stdout != plain


def test_empty_environment(model, artifact, tmp_path):
    """No HOME, no PATH, no TMPDIR, nothing."""
    tools.check("tenonc", model, "-o", tmp_path / "out", env=NOTHING)
    assert _contents(tmp_path / "out") == _contents(artifact.folder)
    made = tools.Artifact(tmp_path / "out", artifact.name)
    done = tools.check(
        "tenon-run", made.library, "-p", "the rain", "-n", 4, env=NOTHING
    )
    assert done.stdout


def test_closed_streams(model, artifact, tmp_path):
    """No stdin, stdout and stderr at all."""
    script = '"$@" <&- >&- 2>&-'
    argv = ["bash", "-c", script, "-", tools.tool("tenonc"), model, "-o"]
    done = subprocess.run([*argv, tmp_path / "out"], timeout=120)
    assert done.returncode == 0
    assert _contents(tmp_path / "out") == _contents(artifact.folder)


def test_closed_pipe(artifact):
    """A reader that stops early ends the run quietly."""
    argv = [tools.tool("tenon-run"), artifact.library, "--tokens", "5", "-n"]
    argv += ["500", "--ignore-eos"]
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        child.stdout.close()
        error = child.stderr.read().decode()
        child.wait(timeout=60)
    assert child.returncode in (0, 1, 141, -13), error
    assert "Sanitizer" not in error and "Stack dump" not in error


def test_text_only_on_stdout(artifact):
    """stdout is the text; with --quiet stderr is empty."""
    argv = ["-p", "the rain", "-n", 12, "--ignore-eos"]
    loud = tools.check("tenon-run", artifact.library, *argv)
    quiet = tools.check("tenon-run", artifact.library, *argv, "--quiet")
    assert loud.stdout == quiet.stdout != b""
    assert b"prefill" in loud.stderr and b"decode" in loud.stderr
    assert quiet.stderr == b""


def test_text_prompt(model, artifact, tmp_path):
    """A prompt as text is the prompt as ids, without a start token here."""
    text = "the rain in Spain, 12 times"
    ids = encode(GGUFFile(model), text)
    path = tmp_path / "l.npy"
    tools.check("tenon-run", artifact.library, "-p", text, "--logits", path)
    assert np.array_equal(np.load(path), artifact.logits(ids, threads=2))


def test_logits_file(artifact, tmp_path):
    """--logits is a plain .npy file of f32 [prompt tokens, vocabulary]."""
    path = tmp_path / "l.npy"
    tools.check(
        "tenon-run",
        artifact.library,
        "--tokens",
        "5,6,7",
        "--logits",
        path,
        "-n",
        0,
    )
    values = np.load(path, allow_pickle=False)
    assert values.dtype == np.float32 and values.shape == (3, 300)


@pytest.mark.parametrize("name", ("tenonc", "tenon-run", "tenon-opt"))
def test_help_and_version(name):
    text = tools.check(name, "--help").stdout.decode()
    assert name in text and len(text) > 500
    version = tools.check(name, "--version").stdout.decode().lower()
    assert "tenon" in version and "llvm 22" in version and "abi" in version
