"""What `cmake --install` copies works from any place, for a project that knows
nothing of the tree."""

import os
import pathlib
import re
import subprocess

import pytest
from tenon_test.oracle import Oracle
from tenon_test.tiny_model import SMALL, TinyModel

SOURCE = pathlib.Path(os.environ["TENON_SOURCE_DIR"])
PROMPT = [5, 17, 80, 3]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "tiny model.gguf"
    TinyModel(**SMALL).write(path)
    return path


@pytest.fixture(scope="module")
def artifact(consumer, model, command, tmp_path_factory):
    """Compiled in process by the C++ consumer."""
    folder = tmp_path_factory.mktemp("artifact")
    lines = command(consumer / "compile", model, folder).splitlines()
    written = {pathlib.Path(line).suffix for line in lines if str(folder) in line}
    assert written == {".so", ".h", ".weights", ".json"}
    return folder / "tiny model.so"


def test_tools_of_the_prefix(prefix, command):
    for tool in ("tenonc", "tenon-opt", "tenon-run", "tenon-bench"):
        assert "0.1.0" in command(prefix / "bin" / tool, "--version")


def test_no_file_names_the_source_tree(prefix):
    for path in prefix.rglob("*"):
        if path.suffix in (".cmake", ".h", ".td", ".inc"):
            assert str(SOURCE) not in path.read_text(), path


def test_library_equals_tool(artifact, prefix, model, command, tmp_path):
    """The consumer's artifact is byte for byte that of the installed tenonc."""
    command(
        *[prefix / "bin/tenonc", model, "-o", tmp_path],
        *["--cpu=x86-64-v3", "--context=256"],
    )
    for suffix in (".so", ".h", ".weights"):
        ours = artifact.with_suffix(suffix).read_bytes()
        assert ours == (tmp_path / f"{model.stem}{suffix}").read_bytes(), suffix


def test_c_program_writes_the_oracles_tokens(artifact, consumer, model, command):
    out = command(consumer / "generate", artifact, 12, *PROMPT)
    ids = [int(word) for word in out.strip().split(",")]
    [expected], [gaps] = Oracle(model).greedy([PROMPT], 12)
    assert min(gaps) > 1e-3, "the test needs a model without near ties"
    assert ids == expected


def test_artifact_shows_and_needs_little(artifact, command):
    """One exported symbol; libc and libm at most."""
    shown = command("nm", "-D", "--defined-only", artifact).split("\n")
    assert len([line for line in shown if line]) == 1, shown
    needed = re.findall(r"NEEDED.*\[(.*)\]", command("readelf", "-d", artifact))
    assert set(needed) <= {"libc.so.6", "libm.so.6"}


def test_consumer_reports_errors(consumer, tmp_path):
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"GGUF" + b"\0" * 40)
    done = subprocess.run(
        [consumer / "compile", bad, tmp_path / "out"], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "error: " in done.stderr and "bad.gguf" in done.stderr
    assert not list(tmp_path.glob("out/*"))


def test_consumer_is_short():
    text = (SOURCE / "test/Install/consumer/compile.cpp").read_text()
    assert len(text.splitlines()) <= 30


def test_readme_shows_the_consumer():
    """The README's C++ example is this file's program, line by line."""
    readme = (SOURCE / "README.md").read_text()
    [example] = re.findall(r"```cpp\n(.*?)```", readme, re.S)
    text = (SOURCE / "test/Install/consumer/compile.cpp").read_text()
    for line in example.splitlines():
        assert line.strip() in text, line
