# ===- test_output.py - places that cannot be written, and interruptions ---===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Whatever stops tenonc, no part of an artifact stays, and no good one goes."""

import os
import resource
import signal
import subprocess
import time

import pytest

from tenon_test import tools
from tenon_test.expect import nothing_in, refused
from tenon_test.tiny_model import TinyModel


def test_output_is_a_file(tmp_path, small_model):
    place = tmp_path / "taken"
    place.write_text("mine")
    refused(
        tools.run("tenonc", small_model, "-o", place), "taken", "folder|direc"
    )
    assert place.read_text() == "mine"


def test_output_below_a_file(tmp_path, small_model):
    (tmp_path / "taken").write_text("mine")
    place = tmp_path / "taken" / "out"
    refused(
        tools.run("tenonc", small_model, "-o", place), "taken/out", "directory"
    )
    assert (tmp_path / "taken").read_text() == "mine"


def test_output_in_proc(small_model):
    done = tools.run("tenonc", small_model, "-o", "/proc/tenon-out")
    refused(done, "/proc/tenon-out", "no such file|permission|cannot")


def test_output_is_a_device(small_model):
    refused(tools.run("tenonc", small_model, "-o", "/dev/null"), "/dev/null")


def test_output_empty(small_model, tmp_path):
    refused(
        tools.run("tenonc", small_model, "-o", "", cwd=tmp_path), "-o|output"
    )
    nothing_in(tmp_path)


def test_output_not_writable(tmp_path, small_model):
    """A folder without the right to write, for root as well."""
    place = tmp_path / "locked"
    place.mkdir()
    place.chmod(0o555)
    argv = [tools.tool("tenonc"), small_model, "-o", place]
    if os.geteuid() == 0:  # root without the power to pass over permissions
        argv = ["setpriv", "--bounding-set", "-dac_override", *argv]
    done = subprocess.run(argv, capture_output=True, timeout=120)
    refused(done, "locked", "permission denied")
    nothing_in(place)


def _limit(size):
    """A child that cannot write more than `size` bytes to one file."""

    def prepare():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return prepare


@pytest.mark.parametrize("size", (0, 1000, 100_000, 700_000))
def test_disk_full(tmp_path, small_model, size):
    out = tmp_path / "out"
    done = tools.run("tenonc", small_model, "-o", out, preexec_fn=_limit(size))
    refused(done, r"out/s\.|s\.(so|weights|h|json)", "large|space|write")
    nothing_in(out)


def test_disk_full_of_dumps(tmp_path, small_model):
    out, dumps = tmp_path / "out", tmp_path / "dumps"
    argv = [small_model, "-o", out, f"--dump-phases={dumps}", "--name=s"]
    done = tools.run("tenonc", *argv, preexec_fn=_limit(1000))
    refused(done, r"dumps/s\.1-imported\.mlir: ", "large", "--dump-phases")
    nothing_in(out)
    nothing_in(dumps)


#: Compiles into a file system of $1 bytes; says what is left in it.
SMALL_DISK = """
mount -t tmpfs -o size=$1 none "$2" || exit 199
shift 2
"$@"
code=$?
ls -A "$0"
exit $code
"""


def test_small_disk(tmp_path, small_model):
    """Full when weights are packed, or before the library is linked: an error
    each time, nothing stays, and no signal."""
    made, out = tmp_path / "made", tmp_path / "disk"
    out.mkdir()
    argv = [small_model, "--name=s", f"--cache-dir={tmp_path / 'cache'}", "-q"]
    tools.check("tenonc", *argv, "-o", made)
    weights, library = (
        (made / f"s.{kind}").stat().st_size for kind in ("weights", "so")
    )
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    probe = ["unshare", *user, "--mount", "sh", "-c", SMALL_DISK, out]
    if subprocess.run([*probe, "65536", "true"], capture_output=True).returncode:
        pytest.skip("no right to mount a small disk")
    for size, kind in (
        (weights // 2, "weights"),
        (weights + 8192, "so"),
        (weights + library + 8192, "so"),
    ):
        command = ["unshare", *user, "--mount", "sh", "-c", SMALL_DISK, out]
        command += [str(size), out, tools.tool("tenonc"), *argv, "-o", out]
        done = subprocess.run(command, capture_output=True, timeout=120)
        refused(done, rf"disk/s\.{kind}: ", "space", code=1)
        assert not done.stdout


def test_failure_keeps_the_old_artifact(tmp_path, small_model, artifact):
    out = tmp_path / "out"
    made = tools.compile_model(small_model, out, "--cpu=x86-64-v3", name="s")
    before = {p.name: p.read_bytes() for p in out.iterdir()}
    done = tools.run(
        "tenonc", small_model, "-o", out, preexec_fn=_limit(100_000)
    )
    refused(done, "large|space|write")
    assert {p.name: p.read_bytes() for p in out.iterdir()} == before
    assert made.logits([1, 2, 3]).shape == (3, 300)


def _interrupt(argv, ready, patience=60):
    """Starts a tool, waits until `ready(process)`, sends Ctrl-C, waits."""
    child = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        end = time.monotonic() + patience
        while not ready(child) and time.monotonic() < end:
            assert child.poll() is None, child.stderr.read()
            time.sleep(0.002)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=30)
    finally:
        child.kill()
    return child.returncode, out, err.decode()


@pytest.fixture(scope="module")
def large_model(tmp_path_factory):
    """A model that takes long enough to compile and to run."""
    model = TinyModel(
        formats=("F16",),
        heads=16,
        kv_heads=4,
        hidden=3072,
        layers=10,
        vocab=20000,
        context=8192,
    )
    return model.write(tmp_path_factory.mktemp("large") / "large.gguf")


@pytest.mark.parametrize("when", ("at once", "later", "while writing"))
def test_compile_interrupted(tmp_path, large_model, when):
    out = tmp_path / "out"
    out.mkdir()
    start = time.monotonic()

    def ready(child):
        if when == "while writing":
            return any(p.stat().st_size > 1 << 20 for p in _files(out))
        return time.monotonic() - start > (0.05 if when == "at once" else 0.5)

    argv = [tools.tool("tenonc"), large_model, "-o", out, "--cpu=x86-64-v3"]
    code, _, err = _interrupt(argv, ready)
    # Before main() the signal's own action ends the process: 130 in a shell.
    assert code == 130 or (when == "at once" and code == -signal.SIGINT), err
    nothing_in(out)


def _files(folder):
    """The regular files of a folder that changes meanwhile."""
    for path in folder.iterdir():
        try:
            if path.is_file():
                path.stat()
                yield path
        except FileNotFoundError:
            pass


@pytest.fixture(scope="module")
def large_artifact(tmp_path_factory, large_model):
    """The artifact of the large model."""
    folder = tmp_path_factory.mktemp("large-out")
    return tools.compile_model(large_model, folder, "--cpu=x86-64-v3")


def test_run_interrupted(large_artifact):
    """tenon-run stops, keeps what it wrote and prints its times."""
    argv = [
        tools.tool("tenon-run"),
        large_artifact.library,
        "--tokens",
        "9,8,7",
    ]
    argv += ["-n", "8000", "--ignore-eos"]

    def ready(child):
        return os.read(child.stdout.fileno(), 4) != b""

    code, _, err = _interrupt(argv, ready)
    assert code == 130, err
    assert "decode" in err and "tokens/s" in err.replace("tok/s", "tokens/s")


@pytest.mark.parametrize("signal_number", (signal.SIGTERM, signal.SIGHUP))
def test_compile_terminated(tmp_path, large_model, signal_number):
    """Other ways to stop it leave nothing behind either."""
    out = tmp_path / "out"
    out.mkdir()
    argv = [tools.tool("tenonc"), large_model, "-o", out, "--cpu=x86-64-v3"]
    child = subprocess.Popen(argv, stderr=subprocess.PIPE)
    while child.poll() is None and not list(_files(out)):
        time.sleep(0.002)
    assert child.poll() is None
    child.send_signal(signal_number)
    child.communicate(timeout=30)
    assert child.returncode in (-signal_number, 128 + signal_number)
    nothing_in(out)
