# ===- test_ir.py - IR that cannot be compiled -----------------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""tenonc refuses IR that does not parse, verify or keep a phase's contract.

Each case changes the text of a module that does compile.
"""

import re

import pytest

from tenon_test import tools
from tenon_test.expect import nothing_in, refused
from tenon_test.tiny_model import SMALL, TinyModel


def _written(folder, suffixes=(".mlir", ".mlirbc")):
    (path,) = [p for p in folder.iterdir() if p.suffix in suffixes]
    return path


@pytest.fixture(scope="module")
def imported(small_model, tmp_path_factory):
    """The text of the imported phase of the sound model."""
    folder = tmp_path_factory.mktemp("imported")
    options = ["--compile-to=imported", "--name=m"]
    tools.check("tenonc", small_model, "-o", folder, *options)
    path = _written(folder)
    return tools.check("tenon-opt", path).stdout.decode()


@pytest.fixture(scope="module")
def bytecode(imported, tmp_path_factory):
    """The same as bytecode."""
    folder = tmp_path_factory.mktemp("bytecode")
    (folder / "m.mlir").write_text(imported)
    out = folder / "m.mlirbc"
    tools.check("tenon-opt", folder / "m.mlir", "--emit-bytecode", "-o", out)
    return out.read_bytes()


def attempt(tmp_path, data, phase="imported", name="bad.mlir"):
    """tenonc on IR; returns the run and the output folder."""
    path, out = tmp_path / name, tmp_path / "out"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return tools.run("tenonc", path, f"--compile-from={phase}", "-o", out), out


def test_sound(tmp_path, imported, bytecode):
    for name, data in (("m.mlir", imported), ("m.mlirbc", bytecode)):
        done, out = attempt(tmp_path, data, name=name)
        assert done.returncode == 0, done.stderr.decode()
        assert (out / "m.so").exists()


def _swap(pattern, new, count=0):
    def change(text):
        changed, times = re.subn(pattern, new, text, count=count, flags=re.S)
        assert times, f"no {pattern} in the module"
        return changed

    return change


#: Change of the text -> words of the error.
CASES = {
    "empty": (lambda t: "", ["bad.mlir|module", "tenon.model|entry|expected"]),
    "not-ir": (lambda t: "once upon a time\n", [r"bad\.mlir:1:1"]),
    "cut": (lambda t: t[: len(t) // 2], [r"bad\.mlir:\d+:\d+"]),
    "binary": (lambda t: "\0\1\2" * 100, [r"bad\.mlir", "expected"]),
    "unknown-op": (
        _swap(r"tenon\.gate", "tenon.frobnicate"),
        [r"bad\.mlir:\d+", "frobnicate"],
    ),
    "unknown-dialect": (
        _swap(r"arith\.addf", "moon.addf", 1),
        [r"bad\.mlir:\d+", "moon"],
    ),
    "unknown-format": (
        _swap(r"#tenon\.scheme<f32>", "#tenon.scheme<q9_9>", 1),
        [r"bad\.mlir:\d+", "q9_9|expected"],
    ),
    "unknown-mask": (
        _swap(r"(tenon\.attention +)causal", r"\1sideways"),
        [r"bad\.mlir:\d+", "sideways|mask|expected"],
    ),
    "weight-shape": (
        _swap(r"(@attn_q layers 2) shape \[128, 128\]", r"\1 shape [128, 96]"),
        [r"bad\.mlir:\d+", "96"],
    ),
    "weight-layers": (
        _swap(r"(@attn_q) layers 2", r"\1 layers 7"),
        ["7|attn_q"],
    ),
    "weight-missing": (
        _swap(r"  tenon\.weight @ffn_up .*?\n", ""),
        [r"bad\.mlir:\d+", "ffn_up"],
    ),
    "weight-twice": (
        _swap(r"(  tenon\.weight @ffn_up .*?\n)", r"\1\1"),
        [r"bad\.mlir:\d+", "ffn_up"],
    ),
    "archive-missing": (
        _swap(r"tenon\.archive @gguf", "tenon.archive @other"),
        [r"bad\.mlir:\d+", "gguf"],
    ),
    "archive-file": (
        _swap(r'@gguf ".*?"', '@gguf "no/such.gguf"'),
        [r"no/such\.gguf", "no such file|cannot"],
    ),
    "archive-fingerprint": (
        _swap(r'fingerprint = "\w{8}', 'fingerprint = "00000000'),
        [r"s\.gguf", "fingerprint", "import"],
    ),
    "tensor-name": (
        _swap(r"blk\.\{layer\}\.ffn_up", "blk.{layer}.ffn_sideways"),
        ["ffn_sideways"],
    ),
    "no-model": (
        _swap(r" attributes \{tenon\.model = .*?>\}", ""),
        ["tenon.model"],
    ),
    "no-entry": (
        _swap(r" attributes \{tenon\.entry\}", ""),
        ["tenon.entry|entry"],
    ),
    "cache-used-twice": (
        _swap(
            r"(    tenon\.yield %\d+), %(\d+)",
            r"    %twice = arith.constant 0 : index\n\1, %arg6",
        ),
        [r"bad\.mlir:\d+", "cache"],
    ),
    "cache-heads": (_swap(r"heads = 1", "heads = 5"), [r"bad\.mlir:\d+", "5"]),
    "cache-layers-0": (
        _swap(r"cache<kv, layers = 2", "cache<kv, layers = 0"),
        [r"bad\.mlir:\d+", "layers"],
    ),
    "cache-paged": (
        _swap(r"layout = contiguous", "layout = paged, extent = 16"),
        ["paged", "contiguous|layout"],
    ),
    "cache-integers": (
        _swap(r"k = f16, v = f16", "k = i8, v = i8"),
        ["i8|cache"],
    ),
    "cache-of-inputs": (
        _swap(r"cache<kv,", "cache<x,"),
        ["rope|store|cache"],
    ),
    "rope-dims": (
        _swap(r"dims = 64 : i64", "dims = 63 : i64"),
        [r"bad\.mlir:\d+", "63|even|dims"],
    ),
    "stack-bounds": (
        _swap(r"tenon\.stack 0 to 2", "tenon.stack 2 to 0"),
        [r"bad\.mlir:\d+", "stack|layer"],
    ),
    "stack-too-long": (
        _swap(r"tenon\.stack 0 to 2", "tenon.stack 0 to 9"),
        ["9|layer"],
    ),
    "residual-shape": (
        _swap(r"(tenon\.embedding .*?-> tensor<\?x)128", r"\g<1>64"),
        [r"bad\.mlir:\d+", "64"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_changed(tmp_path, imported, name):
    change, words = CASES[name]
    text = change(imported)
    assert text != imported
    done, out = attempt(tmp_path, text)
    refused(done, *words)
    nothing_in(out)


@pytest.mark.parametrize("end", (3, 7, 40, 0.3, 0.9, 0.999))
def test_cut_bytecode(tmp_path, bytecode, end):
    end = int(end * len(bytecode)) if isinstance(end, float) else end
    done, out = attempt(tmp_path, bytecode[:end], name="bad.mlirbc")
    refused(done, r"bad\.mlirbc")
    nothing_in(out)


def test_wrong_phase(tmp_path, imported):
    """IR of an earlier phase does not keep a later phase's contract."""
    for phase in ("scheduled", "kernels", "native"):
        done, out = attempt(tmp_path, imported, phase)
        refused(done, r"bad\.mlir", "expected")
        nothing_in(out)


def test_other_models_archive(tmp_path, small_model, imported):
    """The file was replaced by another model after the import."""
    other = TinyModel(**SMALL | {"vocab": 400}).write(tmp_path / "s.gguf")
    text = imported.replace(str(small_model), str(other))
    assert text != imported
    done, out = attempt(tmp_path, text)
    refused(done, r"s\.gguf", "fingerprint", "import")
    nothing_in(out)
