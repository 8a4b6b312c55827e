"""tools/dev/scaffold.py: what it writes is formatted, compiles, and is whole."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

SOURCE = pathlib.Path(os.environ["TENON_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["TENON_BUILD_DIR"])
LLVM = pathlib.Path(os.environ["TENON_LLVM_BIN"]).parent


def scaffold(root, *args):
    return subprocess.run(
        [sys.executable, SOURCE / "tools/dev/scaffold.py", "--root", root, *args],
        capture_output=True,
        text=True,
    )


@pytest.fixture
def tree(tmp_path):
    """A tree with a dialect that has no pass yet."""
    shutil.copytree(SOURCE / "dialects/Tenon/IR", tmp_path / "dialects/Tenon/IR")
    (tmp_path / "dialects/Tenon/CMakeLists.txt").write_text("add_subdirectory(IR)\n")
    return tmp_path


def test_passes_compile(tree):
    for name in ("fuse-norm", "split-very-long-attention-kernel"):
        result = scaffold(tree, "pass", "Tenon", name, "Say what it does.")
        assert result.returncode == 0, result.stderr
    folder = tree / "dialects/Tenon/Transforms"
    lists = (folder / "CMakeLists.txt").read_text()
    assert "FuseNorm.cpp" in lists and "SplitVeryLongAttentionKernel.cpp" in lists
    parent = (tree / "dialects/Tenon/CMakeLists.txt").read_text()
    assert parent == "add_subdirectory(IR)\nadd_subdirectory(Transforms)\n"

    subprocess.run(
        [LLVM / "bin/mlir-tblgen", "-gen-pass-decls", "-name", "Tenon"]
        + ["-I", LLVM / "include", folder / "Passes.td"]
        + ["-o", folder / "Passes.h.inc"],
        check=True,
    )
    decls = (folder / "Passes.h.inc").read_text()
    assert '"tenon-fuse-norm"' in decls
    sources = sorted(folder.glob("*.cpp"))
    assert len(sources) == 2
    subprocess.run(
        [LLVM / "bin/clang++", "-std=c++17", "-fsyntax-only", "-Wall", "-Werror"]
        + ["-fno-exceptions", "-I", tree, "-I", SOURCE, "-I", BUILD]
        + ["-isystem", LLVM / "include", sources[0]],
        check=True,
    )
    subprocess.run(
        [pathlib.Path(sys.executable).parent / "clang-format", "--dry-run"]
        + ["--Werror", f"--style=file:{SOURCE}/.clang-format"]
        + [*sources, folder / "Passes.h"],
        check=True,
    )


@pytest.mark.parametrize(
    "args, message",
    [
        (("Nowhere", "fuse-norm", "x"), "expected a dialect (Tenon), but got 'Nowhere'"),
        (("Tenon", "Fuse", "x"), "expected a name like fuse-norm, but got 'Fuse'"),
        (("Tenon", "fuse-norm", ""), "expected a summary"),
    ],
)
def test_refuses(tree, args, message):
    result = scaffold(tree, "pass", *args)
    assert result.returncode != 0
    assert message in result.stderr


def test_refuses_second_of_a_name(tree):
    assert scaffold(tree, "pass", "Tenon", "fuse-norm", "x").returncode == 0
    files = {p: p.read_bytes() for p in tree.rglob("*") if p.is_file()}
    result = scaffold(tree, "pass", "Tenon", "fuse-norm", "x")
    assert result.returncode != 0 and "is there already" in result.stderr
    assert files == {p: p.read_bytes() for p in tree.rglob("*") if p.is_file()}
