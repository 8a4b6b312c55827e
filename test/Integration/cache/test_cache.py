# ===- test_cache.py - compiled kernels are used again, and only rightly ---===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Hits, misses, and a cache folder that is damaged, locked, shared or killed.

Whatever the folder holds, the artifact is the same, byte for byte.
"""

import json
import os
import random
import signal
import subprocess
import time

import pytest

from tenon_test import tools
from tenon_test.tiny_model import SMALL, TinyModel


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return TinyModel(**SMALL).write(tmp_path_factory.mktemp("gguf") / "m.gguf")


@pytest.fixture(scope="module")
def plain(model, tmp_path_factory):
    """The artifact that no cache had a part in."""
    out = tmp_path_factory.mktemp("plain")
    tools.check("tenonc", model, "-o", out, "--no-cache", "--cpu=x86-64-v3")
    return contents(out)


def contents(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def compile_with(cache, model, out, *options, cpu="x86-64-v3"):
    """Compiles with the cache; returns its words and the counts of kernels."""
    stats = out.parent / f"{out.name}.stats"
    done = tools.check(
        "tenonc",
        *(model, "-o", out, f"--cpu={cpu}", f"--cache-dir={cache}"),
        *("--stats", stats, *options),
    )
    facts = json.loads(stats.read_text())
    words = done.stderr.decode()
    return words, facts["cached_kernels"], facts["kernels"]


def entries(cache):
    return sorted(p for p in cache.iterdir() if len(p.name) == 74)


def test_second_compile_only_packs(tmp_path, model, plain):
    cache = tmp_path / "cache"
    words, cached, kernels = compile_with(cache, model, tmp_path / "a")
    assert cached == 0 and kernels > 10
    assert f"0 of {kernels} kernels from the cache" in words
    assert len(entries(cache)) == kernels
    words, cached, again = compile_with(cache, model, tmp_path / "b")
    assert (cached, again) == (kernels, kernels)
    assert f"{kernels} of {kernels} kernels from the cache" in words
    assert contents(tmp_path / "a") == contents(tmp_path / "b") == plain


def test_what_a_key_holds(tmp_path, model):
    """Another machine or sanitizer shares nothing; another name, all."""
    cache = tmp_path / "cache"
    _, _, kernels = compile_with(cache, model, tmp_path / "a")
    out = tmp_path / "b"
    _, cached, _ = compile_with(cache, model, out, cpu="x86-64-v4")
    assert cached == 0
    for kind in ("address", "thread"):
        _, cached, _ = compile_with(cache, model, out, f"--sanitize={kind}")
        assert cached == 0, kind
    for number, options in enumerate((["--name=other"], ["--threads=1"])):
        out = tmp_path / f"c{number}"
        _, cached, _ = compile_with(cache, model, out, *options)
        assert cached == kernels, options
    # Attention is over another type of cache; matrix products stay.
    _, cached, _ = compile_with(
        cache, model, tmp_path / "d", "--cache-type=f32"
    )
    assert 0 < cached < kernels


def test_kernels_of_another_model(tmp_path, model):
    """Two models of one shape differ by weights, which are no part of code."""
    cache = tmp_path / "cache"
    other = TinyModel(**SMALL, seed=9).write(tmp_path / "other.gguf")
    _, _, kernels = compile_with(cache, model, tmp_path / "a")
    _, cached, _ = compile_with(cache, other, tmp_path / "b")
    assert cached == kernels


def test_no_cache(tmp_path, model, plain):
    env = dict(os.environ, XDG_CACHE_HOME=str(tmp_path / "xdg"))
    argv = (model, "-o", tmp_path / "out", "--cpu=x86-64-v3")
    done = tools.check("tenonc", *argv, "--no-cache", env=env)
    assert b"kernels from the cache" not in done.stderr
    assert not (tmp_path / "xdg").exists()
    assert contents(tmp_path / "out") == plain


def _without(*names):
    return {k: v for k, v in os.environ.items() if k not in names}


def test_default_folders(tmp_path, model):
    argv = (model, "--cpu=x86-64-v3", "-o", tmp_path / "out")
    env = _without("XDG_CACHE_HOME") | {"HOME": str(tmp_path / "home")}
    tools.check("tenonc", *argv, env=env)
    assert entries(tmp_path / "home" / ".cache" / "tenon")
    assert (tmp_path / "home/.cache/tenon").stat().st_mode & 0o777 == 0o700
    env["XDG_CACHE_HOME"] = str(tmp_path / "xdg")
    tools.check("tenonc", *argv, env=env)
    assert entries(tmp_path / "xdg" / "tenon")
    # Relative paths are none, by the rules of that variable.
    env = _without("HOME") | {"XDG_CACHE_HOME": "relative"}
    done = tools.check("tenonc", *argv, env=env, cwd=tmp_path)
    assert done.stderr.count(b"no kernel cache: neither XDG_CACHE_HOME") == 1
    assert not (tmp_path / "relative").exists()
    done = tools.check("tenonc", *argv, "-q", env=env, cwd=tmp_path)
    assert done.stderr == b""


def test_refused_options(tmp_path, model):
    for options in (
        ["--cache-dir="],
        ["--cache-limit=0"],
        ["--cache-limit=-3"],
        ["--cache-limit=many"],
        ["--no-cache", "--cache-dir=x"],
    ):
        done = tools.run("tenonc", model, "-o", tmp_path / "out", *options)
        assert done.returncode == 2, options
        assert b"--cache-" in done.stderr
    assert not (tmp_path / "out").exists()


def test_limit(tmp_path, model):
    """The folder keeps its limit, whatever is compiled."""
    cache = tmp_path / "cache"
    big = cache / ("llvmcache-" + "0" * 64)
    compile_with(cache, model, tmp_path / "a")
    big.write_bytes(bytes(3 << 20))
    os.utime(big, (1, 1))
    compile_with(
        *(cache, model, tmp_path / "b"),
        *("--cache-limit=1", "--cache-type=f32"),
    )
    assert not big.exists()
    assert sum(p.stat().st_size for p in cache.iterdir()) <= 1 << 20


#: What may have happened to an entry: the bytes that are there now.
DAMAGE = {
    "empty": lambda b: b"",
    "first byte": lambda b: b"X" + b[1:],
    "key": lambda b: b[:20] + bytes([b[20] ^ 4]) + b[21:],
    "code": lambda b: b[:-100] + bytes([b[-100] ^ 1]) + b[-99:],
    "sum": lambda b: b[:-1] + bytes([b[-1] ^ 0x80]),
    "cut": lambda b: b[: len(b) // 2],
    "longer": lambda b: b + b"\0",
    "zeros": lambda b: bytes(len(b)),
    "foreign": lambda b: b"\x7fELF" + bytes(1000),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_entries(tmp_path, model, plain, name):
    cache = tmp_path / "cache"
    _, _, kernels = compile_with(cache, model, tmp_path / "a")
    for path in entries(cache):
        path.write_bytes(DAMAGE[name](path.read_bytes()))
    words, cached, _ = compile_with(cache, model, tmp_path / "b")
    assert cached == 0
    assert words.count("warning") == 1 and str(cache) in words
    assert f"{kernels} of its entries could not be used" in words
    assert contents(tmp_path / "b") == plain
    words, cached, _ = compile_with(cache, model, tmp_path / "c")
    assert cached == kernels and "warning" not in words


def test_exchanged_entries(tmp_path, model, plain):
    """Sound entries under each other's names."""
    cache = tmp_path / "cache"
    compile_with(cache, model, tmp_path / "a")
    paths = entries(cache)
    data = [p.read_bytes() for p in paths]
    for path, other in zip(paths, data[1:] + data[:1]):
        path.write_bytes(other)
    _, cached, _ = compile_with(cache, model, tmp_path / "b")
    assert cached == 0
    assert contents(tmp_path / "b") == plain


def test_unusable_folders(tmp_path, model, plain):
    taken, shared = tmp_path / "taken", tmp_path / "shared"
    taken.write_text("mine")
    shared.mkdir()
    shared.chmod(0o777)
    folders = (taken, taken / "below", "/proc/tenon", "/dev/null", shared)
    for number, folder in enumerate(folders):
        out = tmp_path / f"out{number}"
        words, cached, _ = compile_with(folder, model, out)
        assert cached == 0
        assert words.count("warning") == 1, words
        assert f"kernel cache {folder}: it cannot be used" in words
        assert "--no-cache" in words
        assert contents(out) == plain
    assert taken.read_text() == "mine"
    assert not list(shared.iterdir())


def _unprivileged(argv):
    """Root without the power to pass over permissions."""
    if os.geteuid() == 0:
        return ["setpriv", "--bounding-set", "-dac_override", *argv]
    return argv


def test_read_only_folder(tmp_path, model, plain):
    """What is there is used; that nothing can be added is said once."""
    cache = tmp_path / "cache"
    _, _, kernels = compile_with(cache, model, tmp_path / "a")
    entries(cache)[3].unlink()
    cache.chmod(0o555)
    before = {p.name: p.read_bytes() for p in cache.iterdir()}
    try:
        argv = [tools.tool("tenonc"), model, "-o", tmp_path / "b"]
        argv += ["--cpu=x86-64-v3", f"--cache-dir={cache}"]
        done = subprocess.run(
            _unprivileged(argv), capture_output=True, check=True
        )
    finally:
        cache.chmod(0o755)
    words = done.stderr.decode()
    assert f"{kernels - 1} of {kernels} kernels from the cache" in words
    assert words.count("warning") == 1 and "cannot be written" in words
    assert contents(tmp_path / "b") == plain
    assert {p.name: p.read_bytes() for p in cache.iterdir()} == before


def _start(cache, model, out):
    argv = [tools.tool("tenonc"), model, "-o", out, "--cpu=x86-64-v3"]
    argv += [f"--cache-dir={cache}"]
    return subprocess.Popen(
        argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def test_several_at_once(tmp_path, model, plain):
    cache = tmp_path / "cache"
    for turn in range(2):
        outs = [tmp_path / f"{turn}-{i}" for i in range(3)]
        children = [_start(cache, model, out) for out in outs]
        for child in children:
            _, err = child.communicate(timeout=120)
            assert child.returncode == 0, err.decode()
            assert b"warning" not in err
        for out in outs:
            assert contents(out) == plain
        # A third of the entries goes while nobody looks.
        for path in entries(cache)[::3]:
            path.unlink()
    assert not [p for p in cache.iterdir() if p.name.endswith(".tmp")]


def test_killed(tmp_path, model, plain):
    """Compilers that are killed at any moment leave a sound cache."""
    cache, out = tmp_path / "cache", tmp_path / "out"
    chance = random.Random(1)
    start = time.monotonic()
    child = _start(cache, model, out)
    child.communicate(timeout=120)
    whole = time.monotonic() - start
    for path in entries(cache):
        path.unlink()
    for turn in range(12):
        child = _start(cache, model, tmp_path / f"killed{turn}")
        time.sleep(chance.uniform(0.3, 1.0) * whole)
        child.kill()
        child.communicate(timeout=120)
        if turn % 4 == 3:  # so that entries are written in every turn
            words, _, _ = compile_with(cache, model, tmp_path / f"o{turn}")
            assert "warning" not in words
            assert contents(tmp_path / f"o{turn}") == plain
            for path in entries(cache)[turn % 2 :: 2]:
                path.unlink()
    words, cached, kernels = compile_with(cache, model, out)
    words, cached, kernels = compile_with(cache, model, out)
    assert cached == kernels and "warning" not in words
    assert contents(out) == plain
