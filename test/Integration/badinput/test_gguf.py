# ===- test_gguf.py - GGUF files that cannot be compiled -------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""tenonc refuses damaged and unsupported files, each with its own words."""

import os

import numpy as np
import pytest

from tenon_test import tools
from tenon_test.expect import nothing_in, refused
from tenon_test.gguf_layout import Layout, put
from tenon_test.tiny_model import SMALL, TinyModel

HUGE = 1 << 60
UINT32, INT32, STRING, ARRAY = 4, 5, 8, 9


def compile_refused(tmp_path, data, *words):
    """tenonc refuses `data` by name and leaves nothing behind."""
    path, out = tmp_path / "bad model.gguf", tmp_path / "out"
    path.write_bytes(data)
    done = tools.run("tenonc", path, "-o", out)
    refused(done, r"bad model\.gguf", *words)
    assert not done.stdout
    nothing_in(out)


#: A key near the end of the metadata: behind it, the counts of the header are
#: possible for the bytes that are left.
END, MERGES = "tokenizer.ggml.eos_token_id", "tokenizer.ggml.merges"
#: Where the file ends -> what the reader was about to read.
ENDS = {
    "nothing": (lambda at: 0, "magic|empty"),
    "magic": (lambda at: 3, "magic"),
    "version": (lambda at: 6, "version"),
    "tensor-count": (lambda at: 12, "tensor count"),
    "metadata-count": (lambda at: 20, "metadata count"),
    "first-key": (lambda at: 40, "metadata"),
    "key": (lambda at: at.keys[END]["key"] + 12, "key"),
    "type": (lambda at: at.keys[END]["type"] + 2, END),
    "value": (lambda at: at.keys[END]["value"] + 3, END),
    "count": (lambda at: at.keys[MERGES]["count"] + 4, MERGES),
    "strings": (
        lambda at: at.keys["tokenizer.ggml.tokens"]["value"] + 900,
        "tokens",
    ),
    "array": (
        lambda at: at.keys["tokenizer.ggml.token_type"]["value"] + 100,
        "token_type",
    ),
    "table": (
        lambda at: at.tensors["output_norm.weight"]["name"] + 4,
        "tensor",
    ),
    "dims": (
        lambda at: at.tensors["output_norm.weight"]["dims"] + 4,
        "output_n",
    ),
    "offset": (
        lambda at: at.tensors["output_norm.weight"]["offset"] + 4,
        "output_norm",
    ),
    "no-data": (lambda at: at.table_end, "tensor"),
    "half-data": (lambda at: at.data_start + 5000, "tensor"),
    "last-byte": (lambda at: len(at.data) - 1, "tensor"),
}


@pytest.mark.parametrize("name", ENDS)
def test_truncated(tmp_path, small_bytes, name):
    end, place = ENDS[name]
    layout = Layout(small_bytes)
    data = small_bytes
    if name == "last-byte":  # without the padding after the last tensor
        data = data.rstrip(b"\0")
    cut = data[: min(end(layout), len(data) - 1)]
    compile_refused(
        tmp_path, cut, place, "truncated|damaged|empty", "download|convert|give"
    )


def _rename(data, at, old, new):
    """Replaces a string of the same length that starts at `at`."""
    assert len(old) == len(new) and data[at : at + len(old)] == old
    return data[:at] + new + data[at + len(old) :]


def _tensor(field, code, *values, name="blk.1.ffn_down.weight", skip=0):
    return lambda d, at: put(d, at.tensors[name][field] + skip, code, *values)


def _key(field, code, *values, name="llama.block_count", skip=0):
    return lambda d, at: put(d, at.keys[name][field] + skip, code, *values)


#: Damage -> (what it does to the bytes, words of the error).
DAMAGE = {
    "wrong-magic": (lambda d, at: b"GGML" + d[4:], ["magic", "GGUF"]),
    "zip-file": (lambda d, at: b"PK\3\4" + d[4:], ["magic", "GGUF"]),
    "version-2": (
        lambda d, at: put(d, 4, "I", 2),
        ["version 3", "version 2", "convert"],
    ),
    "version-99": (lambda d, at: put(d, 4, "I", 99), ["version 3", "99"]),
    "big-endian": (
        lambda d, at: d[:4] + b"\0\0\0\3" + d[8:],
        ["endian", "convert"],
    ),
    "tensor-count-2^60": (
        lambda d, at: put(d, 8, "Q", HUGE),
        ["tensor", str(HUGE)],
    ),
    "metadata-count-2^60": (
        lambda d, at: put(d, 16, "Q", HUGE),
        ["metadata", str(HUGE)],
    ),
    "key-length-2^60": (_key("key", "Q", HUGE), ["key", "damaged"]),
    "key-not-ascii": (_key("key", "B", 0xFF, skip=9), ["ascii", "damaged"]),
    "string-length-2^60": (
        _key("value", "Q", HUGE, name="general.name"),
        ["general.name", "end of the file"],
    ),
    "array-count-2^60": (
        _key("count", "Q", HUGE, name="tokenizer.ggml.tokens"),
        ["tokenizer.ggml.tokens", str(HUGE)],
    ),
    "number-array-count-2^60": (
        _key("count", "Q", HUGE, name="tokenizer.ggml.token_type"),
        ["tokenizer.ggml.token_type", "end of the file"],
    ),
    "value-type-77": (_key("type", "I", 77), ["block_count", "77"]),
    "array-of-arrays": (
        _key("element", "I", ARRAY, name="tokenizer.ggml.tokens"),
        ["tokenizer.ggml.tokens", "array"],
    ),
    "key-twice": (
        lambda d, at: _rename(
            d,
            at.keys["llama.attention.head_count"]["key"] + 8,
            b"llama.attention.head_count",
            b"llama.feed_forward_length\0",
        ),
        ["ascii"],
    ),
    "bool-of-2": (
        _key("value", "B", 2, name="tokenizer.ggml.add_bos_token"),
        ["add_bos_token", "bool"],
    ),
    "rank-0": (_tensor("rank", "I", 0), ["blk.1.ffn_down", "dimensions"]),
    "rank-9": (_tensor("rank", "I", 9), ["blk.1.ffn_down", "dimensions"]),
    "dimension-0": (_tensor("dims", "Q", 0), ["blk.1.ffn_down", "dimensions"]),
    "dimension-2^60": (
        _tensor("dims", "QQ", HUGE, 64),
        ["blk.1.ffn_down", "overflow|damaged"],
    ),
    "dimension-2^40": (
        _tensor("dims", "Q", 1 << 40),
        ["blk.1.ffn_down", "outside|within"],
    ),
    "type-iq2_xxs": (
        _tensor("type", "I", 16),
        ["blk.1.ffn_down", "IQ2_XXS", "Q4_K", "quantize|convert"],
    ),
    "type-i32": (_tensor("type", "I", 26), ["blk.1.ffn_down", "I32", "Q4_K"]),
    "type-removed-q4_2": (_tensor("type", "I", 4), ["blk.1.ffn_down", "4"]),
    "type-unknown": (
        _tensor("type", "I", 12345),
        ["blk.1.ffn_down", "12345", "Q4_K"],
    ),
    "rows-of-half-blocks": (
        _tensor("type", "I", 12),
        ["blk.1.ffn_down", "256", "rows"],
    ),
    "offset-misaligned": (
        _tensor("offset", "Q", 7),
        ["blk.1.ffn_down", "multiple", "alignment"],
    ),
    "offset-outside": (
        _tensor("offset", "Q", 1 << 30),
        ["blk.1.ffn_down", "outside"],
    ),
    "offset-2^60": (
        _tensor("offset", "Q", HUGE),
        ["blk.1.ffn_down", "outside"],
    ),
    "overlap": (_tensor("offset", "Q", 32), ["overlap", "blk.1.ffn_down"]),
    "tensor-twice": (
        lambda d, at: _rename(
            d,
            at.tensors["blk.1.ffn_down.weight"]["name"] + 8,
            b"blk.1.ffn_down.weight",
            b"blk.0.ffn_down.weight",
        ),
        ["blk.0.ffn_down.weight", "twice"],
    ),
}
del DAMAGE["key-twice"]


@pytest.mark.parametrize("name", DAMAGE)
def test_damaged(tmp_path, small_bytes, name):
    damage, words = DAMAGE[name]
    data = damage(small_bytes, Layout(small_bytes))
    assert data != small_bytes
    compile_refused(tmp_path, data, *words)


def _drop(*names):
    def patch(writer, tensors):
        for name in names:
            del tensors[name]

    return patch


def _shape(name, *shape):
    def patch(writer, tensors):
        tensors[name] = ("F32", np.zeros(shape, np.float32))

    return patch


def _metadata(key, kind=None, value=None, element=None):
    """Sets a metadata key, or drops it if no value is given."""

    def patch(writer, tensors):
        import gguf

        values = writer.kv_data[0]
        values.pop(key, None)
        if kind is not None:
            types = gguf.GGUFValueType
            sub = None if element is None else types[element]
            values[key] = gguf.GGUFValue(value, types[kind], sub)

    return patch


def _all(*patches):
    return lambda writer, tensors: [p(writer, tensors) for p in patches]


def _copy_tensor(old, new):
    def patch(writer, tensors):
        tensors[new] = tensors[old]

    return patch


LLAMA = "llama."
TOKENS = "tokenizer.ggml.tokens"
#: A sound file of a model that cannot be compiled -> words of the error.
UNSUITABLE = {
    "no-architecture": (
        _metadata("general.architecture"),
        ["general.architecture"],
    ),
    "architecture-bert": (
        _metadata("general.architecture", "STRING", "bert"),
        ["bert", "llama", "qwen2", "qwen3"],
    ),
    "architecture-not-string": (
        _metadata("general.architecture", "UINT32", 3),
        ["general.architecture", "string"],
    ),
    "no-block-count": (_metadata(LLAMA + "block_count"), ["llama.block_count"]),
    "block-count-0": (
        _metadata(LLAMA + "block_count", "UINT32", 0),
        ["block_count", "0"],
    ),
    "block-count-huge": (
        _metadata(LLAMA + "block_count", "UINT32", 4_000_000_000),
        ["block_count|blk\\.2"],
    ),
    "block-count-string": (
        _metadata(LLAMA + "block_count", "STRING", "two"),
        ["block_count", "integer"],
    ),
    "block-count-negative": (
        _metadata(LLAMA + "block_count", "INT32", -2),
        ["block_count", "negative"],
    ),
    "no-embedding-length": (
        _metadata(LLAMA + "embedding_length"),
        ["llama.embedding_length"],
    ),
    "embedding-length-0": (
        _metadata(LLAMA + "embedding_length", "UINT32", 0),
        ["embedding_length|token_embd"],
    ),
    "embedding-length-other": (
        _all(
            _metadata(LLAMA + "embedding_length", "UINT32", 96),
            _metadata(LLAMA + "rope.dimension_count"),
        ),
        ["token_embd.weight|embedding_length", "96"],
    ),
    "no-head-count": (
        _metadata(LLAMA + "attention.head_count"),
        ["llama.attention.head_count"],
    ),
    "head-count-0": (
        _metadata(LLAMA + "attention.head_count", "UINT32", 0),
        ["head_count", "0"],
    ),
    "heads-not-divided": (
        _metadata(LLAMA + "attention.head_count_kv", "UINT32", 3),
        ["head_count_kv|head_count", "3"],
    ),
    "kv-heads-0": (
        _metadata(LLAMA + "attention.head_count_kv", "UINT32", 0),
        ["head_count_kv", "0"],
    ),
    "no-norm-epsilon": (
        _metadata(LLAMA + "attention.layer_norm_rms_epsilon"),
        ["layer_norm_rms_epsilon"],
    ),
    "norm-epsilon-nan": (
        _metadata(
            LLAMA + "attention.layer_norm_rms_epsilon", "FLOAT32", float("nan")
        ),
        ["layer_norm_rms_epsilon"],
    ),
    "no-context-length": (
        _metadata(LLAMA + "context_length"),
        ["llama.context_length"],
    ),
    "context-length-0": (
        _metadata(LLAMA + "context_length", "UINT32", 0),
        ["context"],
    ),
    "rope-base-negative": (
        _metadata(LLAMA + "rope.freq_base", "FLOAT32", -1.0),
        ["rope.freq_base"],
    ),
    "rope-scaling-unknown": (
        _metadata(LLAMA + "rope.scaling.type", "STRING", "spiral"),
        ["rope.scaling", "spiral"],
    ),
    "rope-scaling-yarn": (
        _all(
            _metadata(LLAMA + "rope.scaling.type", "STRING", "yarn"),
            _metadata(LLAMA + "rope.scaling.factor", "FLOAT32", 4.0),
        ),
        ["rope.scaling.type", "yarn", "linear"],
    ),
    "experts": (
        _all(
            _metadata(LLAMA + "expert_count", "UINT32", 8),
            _metadata(LLAMA + "expert_used_count", "UINT32", 2),
        ),
        ["expert"],
    ),
    "alignment-0": (
        _metadata("general.alignment", "UINT32", 0),
        ["general.alignment", "power of two"],
    ),
    "alignment-48": (
        _metadata("general.alignment", "UINT32", 48),
        ["general.alignment", "power of two"],
    ),
    "no-embedding": (_drop("token_embd.weight"), ["token_embd.weight"]),
    "no-output-norm": (_drop("output_norm.weight"), ["output_norm.weight"]),
    "no-query": (_drop("blk.1.attn_q.weight"), [r"blk\.1\.attn_q\.weight"]),
    "no-norm": (_drop("blk.0.ffn_norm.weight"), [r"blk\.0\.ffn_norm\.weight"]),
    "bias-on-one-layer": (
        _shape("blk.0.attn_q.bias", 128),
        [r"blk\.1\.attn_q\.bias"],
    ),
    "unknown-tensor": (
        _shape("blk.0.attn_sinks.weight", 2),
        ["attn_sinks"],
    ),
    "key-rows": (
        _shape("blk.1.attn_k.weight", 32, 128),
        [r"blk\.1\.attn_k\.weight", "64", "32"],
    ),
    "key-transposed": (
        _shape("blk.0.attn_k.weight", 128, 64),
        [r"blk\.0\.attn_k\.weight", "64", "128"],
    ),
    "norm-size": (
        _shape("blk.0.attn_norm.weight", 64),
        [r"blk\.0\.attn_norm\.weight", "128", "64"],
    ),
    "norm-of-two-dimensions": (
        _shape("blk.0.attn_norm.weight", 2, 64),
        [r"blk\.0\.attn_norm\.weight", "128"],
    ),
    "bias-size": (
        _all(_shape("blk.0.attn_q.bias", 5), _shape("blk.1.attn_q.bias", 5)),
        ["attn_q.bias", "128", "5"],
    ),
    "output-rows": (_shape("output.weight", 77, 128), ["output.weight", "77"]),
    "no-tokenizer": (
        _metadata("tokenizer.ggml.model"),
        ["tokenizer.ggml.model"],
    ),
    "no-tokens": (_metadata(TOKENS), ["tokenizer.ggml.tokens"]),
    "no-merges": (
        _metadata("tokenizer.ggml.merges"),
        ["tokenizer.ggml.merges"],
    ),
    "tokenizer-spm": (
        _metadata("tokenizer.ggml.model", "STRING", "llama"),
        ["tokenizer", "llama", "gpt2"],
    ),
    "pre-tokenizer-unknown": (
        _metadata("tokenizer.ggml.pre", "STRING", "martian"),
        ["tokenizer.ggml.pre|pre-tokenizer", "martian"],
    ),
    "fewer-tokens-than-rows": (
        _metadata(TOKENS, "ARRAY", ["a", "b"], "STRING"),
        ["token"],
    ),
    "token-types-short": (
        _metadata("tokenizer.ggml.token_type", "ARRAY", [1, 1], "INT32"),
        ["token_type"],
    ),
    "end-token-outside": (
        _metadata("tokenizer.ggml.eos_token_id", "UINT32", 999_999),
        ["eos_token_id", "999999"],
    ),
    "merge-without-blank": (
        _metadata("tokenizer.ggml.merges", "ARRAY", ["ab"], "STRING"),
        ["merge"],
    ),
}


@pytest.mark.parametrize("name", UNSUITABLE)
def test_unsuitable(tmp_path, name):
    patch, words = UNSUITABLE[name]
    path = tmp_path / "sound file.gguf"
    TinyModel(**SMALL).write(path, patch)
    compile_refused(tmp_path, path.read_bytes(), *words)


def test_folder(tmp_path):
    done = tools.run("tenonc", tmp_path, "-o", tmp_path / "out")
    refused(done, tmp_path.name, "folder|regular file|directory", "gguf")
    nothing_in(tmp_path)


def test_pipe(tmp_path):
    """Refused at once, not when somebody writes into it."""
    pipe = tmp_path / "pipe.gguf"
    os.mkfifo(pipe)
    done = tools.run("tenonc", pipe, "-o", tmp_path / "out", timeout=60)
    refused(done, r"pipe\.gguf", "regular file", "gguf")
    pipe.unlink()
    nothing_in(tmp_path)


def test_missing_file(tmp_path):
    done = tools.run("tenonc", tmp_path / "no.gguf", "-o", tmp_path / "out")
    refused(done, r"no\.gguf", "no such file|not found")
    nothing_in(tmp_path)
