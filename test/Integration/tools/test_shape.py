# ===- test_shape.py - what the products show and need ---------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""One exported symbol, libc and libm only, no LLVM behind a compiled model."""

import pytest

from tenon_test import tools
from tenon_test.artifact_shape import exported, loaded, needed, undefined
from tenon_test.tiny_model import TinyModel

pytestmark = pytest.mark.skipif(
    bool(tools.SANITIZE), reason="a sanitizer adds symbols and libraries"
)


@pytest.fixture(scope="module", params=("native", "x86-64-v3"))
def library(request, tmp_path_factory):
    """The library of a small model with several formats."""
    folder = tmp_path_factory.mktemp("shape")
    model = TinyModel(formats=("Q4_1", "F16", "Q6_K", "IQ4_XS"), layers=1)
    path = model.write(folder / "m.gguf")
    return tools.compile_model(path, folder, f"--cpu={request.param}").library


def _runtime():
    return tools.BUILD / "lib" / "libtenon-rt.so"


def test_artifact_symbols(library):
    assert exported(library) == ["tenon_rt_artifact"]


def test_artifact_needs(library):
    assert needed(library) <= {"libc.so.6", "libm.so.6"}
    # Nothing that only a compiler's own library has.
    odd = [n for n in undefined(library) if n.startswith(("__trunc", "__ext"))]
    assert not odd


def test_runtime_symbols():
    names = exported(_runtime())
    assert names
    assert not [n for n in names if not n.startswith("tenon_rt_")]


def test_no_llvm_at_run_time(library):
    for path in (library, _runtime(), tools.tool("tenon-run")):
        text = " ".join(loaded(path)).lower()
        assert "llvm" not in text and "mlir" not in text, path
