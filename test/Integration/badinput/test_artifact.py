# ===- test_artifact.py - artifacts that must not be run -------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""tenon-run refuses damaged, foreign and mismatched artifacts.

Two kinds of change: `FLIPS` damages a byte, which a hash must catch before any
code runs; `EDITS` changes a field and makes all hashes right again, so that
the check of the field itself is what answers.
"""

import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from tenon_test import tools
from tenon_test.expect import refused

ABI = 7  # TENON_RT_ABI_VERSION
#: Offsets of tenon_rt_weights_header; its sections start at 64, 32 bytes each.
W_ABI, W_COUNT, W_FILE, W_LIBRARY, W_ID, W_SECTIONS = 8, 12, 16, 24, 48, 64
W_HEADER_HASH, W_HEADER_END = 320, 328
#: Offsets of tenon_rt_artifact.
D_ABI, D_BYTES, D_ID, D_WEIGHTS, D_VOCAB, D_CONTEXT = 4, 8, 64, 80, 88, 96
D_LAYERS, D_CACHE, D_ENTRIES = 104, 112, 128


def attempt(library, *options):
    """tenon-run on one token."""
    return tools.run("tenon-run", library, "--tokens", "5", "-n", 1, *options)


@pytest.fixture
def copy(artifact, tmp_path):
    """A copy of the artifact that a test may change."""
    folder = tmp_path / "copy"
    shutil.copytree(artifact.folder, folder)
    return tools.Artifact(folder, artifact.name)


def test_sound(copy):
    """The copy runs as it is, and after its hashes were made anew."""
    assert attempt(copy.library).returncode == 0
    tools.check("tenon-test-reseal", copy.library, copy.file(".weights"))
    assert attempt(copy.library).returncode == 0


def _sections(data):
    """kind -> (offset, bytes) of the sections of a weight file."""
    (count,) = struct.unpack_from("<I", data, W_COUNT)
    rows = [
        struct.unpack_from("<IIQQQ", data, W_SECTIONS + 32 * i)
        for i in range(count)
    ]
    return {kind: (at, size) for kind, _, at, size, _ in rows}


#: Which byte of which file flips -> words of the error.
FLIPS = {
    ".so": {
        "first": lambda d: 0,
        "elf-header": lambda d: 0x18,
        "quarter": lambda d: len(d) // 4,
        "half": lambda d: len(d) // 2,
        "last": lambda d: len(d) - 1,
    },
    ".weights": {
        "magic": lambda d: 0,
        "abi": lambda d: W_ABI,
        "section-count": lambda d: W_COUNT,
        "file-size": lambda d: W_FILE,
        "library-size": lambda d: W_LIBRARY,
        "library-hash": lambda d: W_LIBRARY + 8,
        "identity": lambda d: W_ID,
        "section-kind": lambda d: W_SECTIONS,
        "section-offset": lambda d: W_SECTIONS + 8,
        "section-size": lambda d: W_SECTIONS + 16 + 7,
        "section-hash": lambda d: W_SECTIONS + 24,
        "header-hash": lambda d: W_HEADER_HASH,
        "header-padding": lambda d: 2000,
        "metadata-start": lambda d: _sections(d)[1][0],
        "metadata-middle": lambda d: _sections(d)[1][0] + 3000,
        "packed-start": lambda d: _sections(d)[2][0],
        "packed-middle": lambda d: _sections(d)[2][0] + 70001,
        "packed-last": lambda d: sum(_sections(d)[2]) - 1,
    },
}


@pytest.mark.parametrize(
    "suffix,name", [(s, n) for s, names in FLIPS.items() for n in names]
)
def test_flipped_byte(copy, suffix, name):
    path = copy.file(suffix)
    data = bytearray(path.read_bytes())
    data[FLIPS[suffix][name](data)] ^= 0x10
    path.write_bytes(data)
    refused(
        attempt(copy.library),
        r"model\.(so|weights)",
        "expected|hash",
        "again|tenonc",
    )


#: Length of a file that was cut or grew.
LENGTHS = {
    "empty": lambda d: b"",
    "half": lambda d: d[: len(d) // 2],
    "short-by-one": lambda d: d[:-1],
    "long-by-one": lambda d: d + b"\0",
    "header-only": lambda d: d[:W_HEADER_END],
    "part-of-header": lambda d: d[:40],
    "text": lambda d: b"this is no such file\n" * 1000,
}


@pytest.mark.parametrize("suffix", (".so", ".weights"))
@pytest.mark.parametrize("name", LENGTHS)
def test_wrong_length(copy, suffix, name):
    path = copy.file(suffix)
    path.write_bytes(LENGTHS[name](path.read_bytes()))
    refused(attempt(copy.library), r"model\.(so|weights)", "again|tenonc")


@pytest.mark.parametrize("suffix", (".so", ".weights"))
def test_missing(copy, suffix):
    copy.file(suffix).unlink()
    refused(attempt(copy.library), rf"model\{suffix}", "no such file|not found")


@pytest.mark.parametrize("suffix", (".weights", ".h", ".json"))
def test_other_file_given(copy, suffix):
    refused(attempt(copy.file(suffix)), rf"model\{suffix}|model", r"\.so")


def test_folder_given(copy):
    refused(attempt(copy.folder), "copy", r"\.so|library|regular file")


def test_system_library(copy):
    """A sound library that no tenonc wrote."""
    done = subprocess.run(
        ["ldd", tools.tool("tenon-run")], capture_output=True, text=True
    )
    system = re.search(r"libc\.so\S* => (\S+)", done.stdout).group(1)
    copy.library.write_bytes(Path(system).read_bytes())
    refused(attempt(copy.library), r"model\.so", "again|tenonc")
    tools.check("tenon-test-reseal", copy.library, copy.file(".weights"))
    refused(attempt(copy.library), r"model\.so", "symbol", "tenonc")


def _weights(offset, code, *values):
    def edit(library, weights):
        struct.pack_into("<" + code, weights, offset, *values)

    return edit


def _section(kind, field, value):
    """Sets offset (8) or size (16) of the section of a kind."""

    def edit(library, weights):
        for i in range(2):
            at = W_SECTIONS + 32 * i
            if struct.unpack_from("<I", weights, at)[0] == kind:
                struct.pack_into("<Q", weights, at + field, value(weights))

    return edit


def _descriptor(offset, code, value):
    def edit(library, weights):
        start = b"TNRT" + struct.pack("<I", ABI)
        at = library.index(start)
        assert library.find(start, at + 1) < 0
        struct.pack_into("<" + code, library, at + offset, value)

    return edit


def _text(old, new):
    """Replaces a string constant of the library by one as long."""

    def edit(library, weights):
        assert len(old) == len(new) and old in library
        library[:] = library.replace(old, new)

    return edit


def _metadata(offset, value):
    def edit(library, weights):
        at, size = _sections(weights)[1]
        struct.pack_into("<Q", weights, at + offset % size, value)

    return edit


#: A field changed and sealed again -> words of the error.
EDITS = {
    "weights-abi": (_weights(W_ABI, "I", 6), ["abi version", "6", "again"]),
    "nine-sections": (_weights(W_COUNT, "I", 9), ["sections", "9"]),
    "no-sections": (_weights(W_COUNT, "I", 0), ["metadata section|packed"]),
    "one-section": (_weights(W_COUNT, "I", 1), ["section"]),
    "section-kind-unknown": (_weights(W_SECTIONS, "I", 77), ["77", "kind"]),
    "section-twice": (
        _weights(W_SECTIONS + 32, "I", 1),
        ["metadata|packed", "twice|overlap|expected"],
    ),
    "section-misaligned": (
        _section(2, 8, lambda w: _sections(w)[2][0] + 8),
        ["packed section", "multiple"],
    ),
    "section-outside": (
        _section(2, 8, lambda w: 1 << 40),
        ["packed section", "ends"],
    ),
    "section-size-2^63": (
        _section(2, 16, lambda w: 1 << 63),
        ["packed section", "ends"],
    ),
    "section-overlap": (
        _section(1, 16, lambda w: _sections(w)[1][1] + (1 << 16)),
        ["overlap|section"],
    ),
    "packed-shorter": (
        _section(2, 16, lambda w: 4096),
        ["packed|padding|model.weights"],
    ),
    "metadata-count-2^60": (_metadata(0, 1 << 60), ["metadata"]),
    "metadata-key-2^60": (_metadata(8, 1 << 60), ["metadata"]),
    "descriptor-magic": (_descriptor(0, "I", 0x31313131), ["magic", "tenonc"]),
    "descriptor-abi": (
        _descriptor(D_ABI, "I", 2),
        ["abi version", "2", "again"],
    ),
    "descriptor-size": (_descriptor(D_BYTES, "Q", 64), ["64", "bytes"]),
    "descriptor-identity": (
        _descriptor(D_ID, "Q", 1),
        [r"model\.weights", "another model"],
    ),
    "descriptor-weights": (
        _descriptor(D_WEIGHTS, "Q", 4096),
        [r"model\.weights", "4096"],
    ),
    "descriptor-vocab-0": (_descriptor(D_VOCAB, "Q", 0), ["vocab"]),
    "descriptor-vocab-other": (
        _descriptor(D_VOCAB, "Q", 250),
        ["vocab|token", "250"],
    ),
    "descriptor-context-2^60": (
        _descriptor(D_CONTEXT, "Q", 1 << 60),
        ["context"],
    ),
    "descriptor-layers-0": (_descriptor(D_LAYERS, "Q", 0), ["layers"]),
    "descriptor-cache-0": (_descriptor(D_CACHE, "Q", 0), ["cache"]),
    "descriptor-no-entries": (_descriptor(D_ENTRIES, "Q", 0), ["entry"]),
    "cpu-feature": (
        _text(b"avx2,", b"fma4,"),
        ["cpu", "fma4", "--cpu", "lacks|expected"],
    ),
    "other-machine": (
        _text(b"x86_64-", b"mips64-"),
        ["mips64", "machine"],
    ),
    "cache-type": (_text(b"\0f16\0", b"\0q16\0"), ["cache_type", "q16"]),
}


@pytest.mark.parametrize("name", EDITS)
def test_sealed_edit(copy, name):
    edit, words = EDITS[name]
    library = bytearray(copy.library.read_bytes())
    weights = bytearray(copy.file(".weights").read_bytes())
    before = bytes(library), bytes(weights)
    edit(library, weights)
    assert (library, weights) != before
    copy.library.write_bytes(library)
    copy.file(".weights").write_bytes(weights)
    tools.check("tenon-test-reseal", copy.library, copy.file(".weights"))
    refused(attempt(copy.library), r"model\.(so|weights)", *words)


def test_other_models_weights(copy, other_artifact):
    shutil.copy(other_artifact.file(".weights"), copy.file(".weights"))
    refused(
        attempt(copy.library), r"model\.so", r"model\.weights", "again|one run"
    )
    # Even when the file says that it belongs to this library.
    tools.check("tenon-test-reseal", copy.library, copy.file(".weights"))
    refused(
        attempt(copy.library), r"model\.weights", "another model", "one run"
    )


def test_moved_folder(artifact, small_model, tmp_path):
    """Nothing outside the folder is needed: no GGUF file, no first place."""
    folder = tmp_path / "neuer Ort é"
    shutil.copytree(artifact.folder, folder)
    moved = tools.Artifact(folder, artifact.name)
    ids = [5, 6, 7, 8]
    assert (moved.logits(ids) == artifact.logits(ids)).all()
