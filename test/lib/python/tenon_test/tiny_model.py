# ===- tiny_model.py - small random models as GGUF files -------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Complete GGUF files of any supported architecture, format and shape.

A file has everything that a real one has, a tokenizer among it, so that it
goes through every tool. Weights are random with spreads that keep activations
moderate and give logits a spread like that of a trained model (a few units).
"""

from dataclasses import dataclass, field
from itertools import product

import gguf
import numpy as np

from .blocks import fitting, qtype, random_tensor

#: A shape as small as a model can have and still be complete.
SMALL = dict(heads=2, kv_heads=1, head_dim=64, hidden=64, layers=2, vocab=300)


@dataclass
class TinyModel:
    """The description of a random model; every field is a free choice."""

    arch: str = "llama"
    formats: tuple = ("F32",)  #: taken in turn by the tensors of a layer
    by_layer: tuple = ()  #: per layer, a format that replaces `formats`
    embedding_format: str = ""  #: `formats[0]` if empty
    heads: int = 4
    kv_heads: int = 2
    head_dim: int = 64
    width: int = 0  #: heads * head_dim if 0
    hidden: int = 256
    layers: int = 2
    vocab: int = 1003
    context: int = 512
    tied: bool = True
    biases: bool = False  #: on q, k, v (qwen2 always has them)
    all_biases: bool = False  #: on every linear of a layer
    rope_base: float = 10000.0
    rope_dim: int = 0  #: rotated part of a head; all of it if 0
    rope_factors: bool = False  #: tensor rope_freqs.weight (Llama 3)
    scaling: dict = field(default_factory=dict)  #: rope.scaling.* metadata
    seed: int = 1

    def __post_init__(self):
        self.width = self.width or self.heads * self.head_dim

    @property
    def is_quantized(self):
        """Whether a matrix has integer codes."""
        formats = {*self.formats, *self.by_layer, self.embedding_format}
        return not formats <= {"F32", "F16", "BF16", ""}

    def write(self, path, patch=None):
        """Writes the file; `patch` may change (writer, tensors) before it.

        `tensors` maps a name to (format, bytes); metadata is in
        `writer.kv_data[0]` under its key.
        """
        writer = gguf.GGUFWriter(path, self.arch)
        self._metadata(writer)
        add_tokenizer(writer, self.arch, self.vocab, self.seed)
        tensors = self._tensors()
        if patch:
            patch(writer, tensors)
        for name, (fmt, data) in tensors.items():
            writer.add_tensor(name, data, raw_dtype=qtype(fmt))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path

    def _metadata(self, writer):
        writer.add_name(f"tiny {self.arch}")
        writer.add_block_count(self.layers)
        writer.add_context_length(self.context)
        writer.add_embedding_length(self.width)
        writer.add_feed_forward_length(self.hidden)
        writer.add_head_count(self.heads)
        writer.add_head_count_kv(self.kv_heads)
        writer.add_rope_freq_base(self.rope_base)
        writer.add_layer_norm_rms_eps(1e-5 if self.arch == "llama" else 1e-6)
        if self.arch == "llama":
            writer.add_vocab_size(self.vocab)
        if self.arch == "llama" or self.rope_dim:
            writer.add_rope_dimension_count(self.rope_dim or self.head_dim)
        if self.arch == "qwen3" or self.width != self.heads * self.head_dim:
            writer.add_key_length(self.head_dim)
            writer.add_value_length(self.head_dim)
        for key, value in self.scaling.items():
            name = f"{self.arch}.rope.scaling.{key}"
            if isinstance(value, str):
                writer.add_string(name, value)
            elif isinstance(value, int):
                writer.add_uint32(name, value)
            else:
                writer.add_float32(name, value)

    def _tensors(self):
        """Every tensor as name -> (format, data)."""
        rng = np.random.default_rng(self.seed)
        tensors = {}

        def matrix(name, fmt, rows, columns, spread):
            fmt = fitting(fmt, columns)
            data = random_tensor(fmt, rows, columns, spread, rng)
            tensors[f"{name}.weight"] = (fmt, data)

        def vector(name, size, mean, spread):
            data = mean + spread * rng.standard_normal(size)
            tensors[name] = ("F32", data.astype(np.float32))

        width, hidden = self.width, self.hidden
        q_size = self.heads * self.head_dim
        kv_size = self.kv_heads * self.head_dim
        embedding = self.embedding_format or self.formats[0]
        head_spread = 3.0 / np.sqrt(width)
        matrix(
            "token_embd",
            embedding,
            self.vocab,
            width,
            head_spread if self.tied else 1.0,
        )
        if not self.tied:
            matrix("output", embedding, self.vocab, width, head_spread)
        vector("output_norm.weight", width, 1.0, 0.1)
        if self.rope_factors:
            factors = np.linspace(1.0, 8.0, self.head_dim // 2)
            tensors["rope_freqs.weight"] = ("F32", factors.astype(np.float32))
        turn = 0
        for layer in range(self.layers):
            prefix = f"blk.{layer}."
            vector(prefix + "attn_norm.weight", width, 1.0, 0.1)
            vector(prefix + "ffn_norm.weight", width, 1.0, 0.1)
            if self.arch == "qwen3":
                vector(prefix + "attn_q_norm.weight", self.head_dim, 1.2, 0.1)
                vector(prefix + "attn_k_norm.weight", self.head_dim, 1.2, 0.1)
            for name, rows, columns in (
                ("attn_q", q_size, width),
                ("attn_k", kv_size, width),
                ("attn_v", kv_size, width),
                ("attn_output", width, q_size),
                ("ffn_gate", hidden, width),
                ("ffn_up", hidden, width),
                ("ffn_down", width, hidden),
            ):
                fmt = self.formats[turn % len(self.formats)]
                turn += 1
                if layer < len(self.by_layer):
                    fmt = self.by_layer[layer]
                gain = 1.5 if name in ("attn_q", "attn_k") else 1.0
                matrix(prefix + name, fmt, rows, columns, gain / columns**0.5)
                qkv = name in ("attn_q", "attn_k", "attn_v")
                has_bias = qkv and (self.biases or self.arch == "qwen2")
                if has_bias or self.all_biases:
                    vector(f"{prefix}{name}.bias", rows, 0.0, 0.3)
        return tensors


def byte_alphabet():
    """GPT-2's printable character for each of the 256 bytes."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [b for b in range(256) if b not in shown]
    table = {b: chr(b) for b in shown}
    table.update({b: chr(256 + i) for i, b in enumerate(hidden)})
    return [table[b] for b in range(256)]


def add_tokenizer(writer, arch, vocab, seed):
    """A byte-level BPE of `vocab` tokens: specials, bytes, random merges."""
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tokens = specials + byte_alphabet()
    merges, known = [], set(tokens)
    letters = list("etaoinshrdlucmfwygpb") + [byte_alphabet()[32]]
    pool = letters.copy()
    for left, right in product(letters, letters):
        if right == letters[-1] or len(tokens) == vocab:
            continue
        merges.append(f"{left} {right}")
        tokens.append(left + right)
        pool.append(left + right)
    rng = np.random.default_rng(seed)
    known.update(tokens)
    while len(tokens) < vocab:
        left, right = (pool[int(rng.integers(len(pool)))] for _ in "ab")
        if left + right in known or right.startswith(letters[-1]):
            continue
        merges.append(f"{left} {right}")
        tokens.append(left + right)
        known.add(left + right)
        pool.append(left + right)
    kinds = [3] * len(specials) + [1] * (len(tokens) - len(specials))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm" if arch == "llama" else "qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(merges)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(0)
    writer.add_add_bos_token(False)
