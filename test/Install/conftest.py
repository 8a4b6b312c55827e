"""An installed Tenon, moved to another place, with a consumer built on it."""

import os
import pathlib
import subprocess

import pytest

SOURCE = pathlib.Path(os.environ["TENON_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["TENON_BUILD_DIR"])


def run(*command, **options):
    """Runs a command; a failure shows all that it said."""
    done = subprocess.run(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}"
    return done.stdout


@pytest.fixture(scope="session")
def command():
    return run


@pytest.fixture(scope="session")
def prefix(tmp_path_factory):
    """Installed under one name, then renamed: nothing may remember the first."""
    folder = tmp_path_factory.mktemp("install")
    run("cmake", "--install", BUILD, "--prefix", folder / "first")
    moved = folder / "another place"
    (folder / "first").rename(moved)
    return moved


@pytest.fixture(scope="session")
def consumer(prefix, tmp_path_factory):
    """The folder with the programs of test/Install/consumer."""
    folder = tmp_path_factory.mktemp("consumer")
    run(
        *["cmake", "-G", "Ninja", "-S", SOURCE / "test/Install/consumer"],
        *["-B", folder, f"-DCMAKE_PREFIX_PATH={prefix}"],
        *["-DCMAKE_C_COMPILER=clang-22", "-DCMAKE_CXX_COMPILER=clang++-22"],
    )
    run("cmake", "--build", folder)
    return folder
