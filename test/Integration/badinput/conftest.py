# ===- conftest.py - what the tests of bad input share ---------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""A sound tiny model, and artifacts made from it, for tests to damage."""

import pytest

from tenon_test import tools
from tenon_test.tiny_model import SMALL, TinyModel


@pytest.fixture(scope="session")
def small_model(tmp_path_factory):
    """A sound GGUF file."""
    return TinyModel(**SMALL).write(tmp_path_factory.mktemp("gguf") / "s.gguf")


@pytest.fixture(scope="session")
def small_bytes(small_model):
    """The bytes of a sound GGUF file."""
    return small_model.read_bytes()


@pytest.fixture(scope="session")
def artifact(small_model, tmp_path_factory):
    """The artifact of the sound model, for any x86-64-v3 machine."""
    folder = tmp_path_factory.mktemp("artifact")
    return tools.compile_model(small_model, folder, "--cpu=x86-64-v3")


@pytest.fixture(scope="session")
def other_artifact(tmp_path_factory):
    """The artifact of a model of the same shape with other weights."""
    folder = tmp_path_factory.mktemp("other")
    model = TinyModel(**SMALL, seed=2).write(folder / "other.gguf")
    return tools.compile_model(model, folder / "out", "--cpu=x86-64-v3")
