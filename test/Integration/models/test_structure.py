# ===- test_structure.py - models that are built in other ways --------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Structures that no importer makes yet, native against the interpreter.

Several stacks, layers of one residual block, attention and feed-forward side by
side, layers that are rows only, no layers at all: what is fused, where values
lie and where workers meet follows from the structure, not from its name.
"""

import numpy as np
import pytest

from tenon_test import tools

BOUND = 1e-4
VOCAB, LENGTH = 50, 40
#: One call, and pieces of a token and more.
PIECES = ((LENGTH,), (1,), (3, 1, 17))

_WEIGHTS = {
    "attn_norm": ("64", "f32"),
    "attn_q": ("64, 64", "q4_1"),
    "attn_k": ("32, 64", "q8_0"),
    "attn_v": ("32, 64", "q4_1"),
    "attn_output": ("64, 64", "q4_0"),
    "ffn_norm": ("64", "f32"),
    "ffn_gate": ("96, 64", "q4_1"),
    "ffn_up": ("96, 64", "q4_1"),
    "ffn_down": ("64, 96", "q8_0"),
    "mix": ("64, 64", "f16"),
}
_X = "tensor<?x64xf32>"


def at(name, layer="[%l]"):
    shape, fmt = _WEIGHTS[name]
    return (
        f"%w_{name} = tenon.weight.at @{name}{layer} : "
        f"!tenon.weight<{shape.replace(', ', 'x')}, [{fmt}]>\n"
    )


def kind(name):
    shape, fmt = _WEIGHTS[name]
    return f"!tenon.weight<{shape.replace(', ', 'x')}, [{fmt}]>"


def norm(result, value, name):
    return at(name) + (
        f"%{result} = tenon.norm rms %{value}, %w_{name} {{eps = 1.0e-5 : f32}}"
        f" : {_X}, {kind(name)}\n"
    )


def linear(result, value, name, to=_X, of=_X):
    return at(name) + (
        f"%{result} = tenon.linear %{value}, %w_{name} : "
        f"({of}, {kind(name)}) -> {to}\n"
    )


def add(result, left, right):
    return f"%{result} = arith.addf %{left}, %{right} : {_X}\n"


def attention(result, value):
    """Everything from queries to the output, for one layer."""
    q, k = "tensor<?x2x32xf32>", "tensor<?x1x32xf32>"
    return (
        linear("q", value, "attn_q", q)
        + linear("k", value, "attn_k", k)
        + linear("v", value, "attn_v", k)
        + f"%qr = tenon.rope interleaved %q, %angles : {q}, {_ANGLES}\n"
        + f"%kr = tenon.rope interleaved %k, %angles : {k}, {_ANGLES}\n"
        + f"%kv1 = tenon.cache.append %kv[%l], %kr, %v, %pos : {k}, {k}, "
        + "tensor<?xi32>, !kv\n"
        + "%o, %lse = tenon.attention causal %qr, %kv1[%l], %pos "
        + f"{{scale = 0.17677669 : f32}} : {q}, !kv, tensor<?xi32> -> {q}, "
        + "tensor<?x2xf32>\n"
        + linear(result, "o", "attn_output", of=q)
    )


def feed_forward(result, value):
    wide = "tensor<?x96xf32>"
    return (
        linear("g", value, "ffn_gate", wide)
        + linear("u", value, "ffn_up", wide)
        + f"%f = tenon.gate silu %g, %u : {wide}\n"
        + linear(result, "f", "ffn_down", of=wide)
    )


_ANGLES = "tensor<?x16x2xf32>"


def stack(first, last, value, cache, body):
    """Layers; the body makes %next from %h, and may make %kv1 from %kv."""
    kept = "%kv1" if "%kv1 =" in body else "%kv"
    return (
        f"%{value}.out, %{cache}.out = tenon.stack {first} to {last} "
        f"(%{value}, %{cache}) : {_X}, !kv {{\n"
        f"^layer(%l: index, %h: {_X}, %kv: !kv):\n{body}"
        f"tenon.yield %next, {kept} : {_X}, !kv\n}}\n"
    )


LLAMA = (
    norm("n", "h", "attn_norm")
    + attention("a", "n")
    + add("h1", "h", "a")
    + norm("m", "h1", "ffn_norm")
    + feed_forward("d", "m")
    + add("next", "h1", "d")
)
ONE_BLOCK = (
    norm("n", "h", "attn_norm") + linear("a", "n", "mix") + add("next", "h", "a")
)
BODIES = {
    "one-block": ONE_BLOCK,
    "no-norm": linear("a", "h", "mix") + add("next", "h", "a"),
    "one-block-attention": norm("n", "h", "attn_norm")
    + attention("a", "n")
    + add("next", "h", "a"),
    "side-by-side": norm("n", "h", "attn_norm")
    + attention("a", "n")
    + feed_forward("d", "n")
    + add("s", "h", "a")
    + add("next", "s", "d"),
    "side-by-side-late": norm("n", "h", "attn_norm")
    + attention("a", "n")
    + feed_forward("d", "n")
    + add("s", "a", "d")
    + add("next", "s", "h"),
    "norm-after": attention("a", "h")
    + norm("b", "a", "attn_norm")
    + add("h1", "h", "b")
    + feed_forward("d", "h1")
    + norm("e", "d", "ffn_norm")
    + add("next", "h1", "e"),
    "rows-only": norm("n", "h", "attn_norm") + add("next", "h", "n"),
    "no-residual": norm("n", "h", "attn_norm") + linear("next", "n", "mix"),
}
STACKS = {name: [(0, 3, body)] for name, body in BODIES.items()} | {
    "two-stacks": [(0, 2, LLAMA), (2, 3, LLAMA)],
    "two-kinds-of-layers": [(0, 1, LLAMA), (1, 3, ONE_BLOCK)],
    "one-layer": [(1, 2, LLAMA)],
    "no-layers": [(0, 0, LLAMA)],
}


def module(stacks):
    weights = "".join(
        f"tenon.weight @{name} layers 3 shape [{shape}] of "
        f'[#tenon.scheme<{fmt}>] = stored @a["blk.{{layer}}.{name}"]\n'
        for name, (shape, fmt) in _WEIGHTS.items()
    )
    body, value, cache = "", "x", "c"
    for first, last, layer in stacks:
        body += stack(first, last, value, cache, layer).replace(".out", "_")
        value, cache = value + "_", cache + "_"
    table = f"!tenon.weight<{VOCAB}x64, [q8_0]>"
    return f"""
!kv = !tenon.cache<kv, layers = 3, heads = 1, dim = 32, rope = post, pos = original, k = f32, v = f32, layout = contiguous>
module attributes {{tenon.model = #tenon.model<family = "llama", context_length = 64, vocab = {VOCAB}>}} {{
tenon.archive @a "synthetic:11"
tenon.weight @embd shape [{VOCAB}, 64] of [#tenon.scheme<q8_0>] = stored @a["embd"]
tenon.weight @last_norm shape [64] of [#tenon.scheme<f32>] = stored @a["last_norm"]
{weights}
func.func @forward(%ids: tensor<?xi32>, %pos: tensor<?xi32>, %out: tensor<?xi32>, %c: !kv) -> (tensor<?x{VOCAB}xf32>, !kv) attributes {{tenon.entry}} {{
%we = tenon.weight.at @embd : {table}
%x = tenon.embedding %ids, %we : tensor<?xi32>, {table} -> {_X}
%angles = tenon.rope_angles %pos {{base = 1.0e4 : f64, dims = 32 : i64}} : tensor<?xi32> -> {_ANGLES}
{body}
%r = tenon.rows %{value}, %out : {_X}, tensor<?xi32> -> {_X}
%wl = tenon.weight.at @last_norm : !tenon.weight<64, [f32]>
%y = tenon.norm rms %r, %wl {{eps = 1.0e-5 : f32}} : {_X}, !tenon.weight<64, [f32]>
%logits = tenon.linear %y, %we : ({_X}, {table}) -> tensor<?x{VOCAB}xf32>
return %logits, %{cache} : tensor<?x{VOCAB}xf32>, !kv
}}
}}
"""


def interpret(model, folder, ids):
    out = folder / "logits.bin"
    text = ",".join(map(str, ids))
    tools.check("tenon-test-interpret", model, out, str(len(ids)), text)
    return np.fromfile(out, np.float64).reshape(len(ids), -1)


@pytest.mark.parametrize("options", [(), ("tenon-fuse-additions",)])
@pytest.mark.parametrize("name", STACKS)
def test_structure(tmp_path, name, options):
    path = tmp_path / "model.mlir"
    path.write_text(module(STACKS[name]), encoding="utf-8")
    ids = np.random.default_rng(3).integers(0, VOCAB, LENGTH).tolist()
    want = interpret(path, tmp_path, ids)
    artifact = tools.compile_model(
        path,
        tmp_path / "out",
        "--activations=f32",
        *(f"--disable-pass={name}" for name in options),
    )
    errors = {
        sizes: tools.difference(artifact.piecewise(ids, sizes, threads=2), want)
        for sizes in PIECES
    }
    assert np.ptp(want) > 1e-3  # the rows say something
    assert max(errors.values()) <= BOUND, errors
