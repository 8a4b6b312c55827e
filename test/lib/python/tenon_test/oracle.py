# ===- oracle.py - an independent float64 forward pass ---------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Decoders of the Llama family in NumPy, float64 from the first to the last op.

The oracle is the second opinion that native code and interpreter are compared
with. It is written from the definition of the models, one plain expression an
op, and shares no code with the compiler. Weights are what the Python package
`gguf` says they are, then float64.

A sequence keeps its keys and values, so text is generated in time linear in
its length; several sequences of the same model run side by side (`step_many`),
which reads the weights once for all of them.
"""

import math

import numpy as np

from .gguf_file import GGUFFile

#: Architectures that rotate neighbours (2i, 2i+1); the others rotate halves.
INTERLEAVED = {"llama"}
ARCHITECTURES = ("llama", "qwen2", "qwen3")


class Config:
    """What the metadata of a file says about the model's shape."""

    def __init__(self, file):
        arch = file.get("general.architecture")
        if arch not in ARCHITECTURES:
            raise ValueError(f"expected one of {ARCHITECTURES}, but got {arch}")

        def key(name, default=None):
            return file.get(f"{arch}.{name}", default)

        self.arch = arch
        self.layers = key("block_count")
        self.width = key("embedding_length")
        self.heads = key("attention.head_count")
        self.kv_heads = key("attention.head_count_kv", self.heads)
        self.head_dim = key("attention.key_length", self.width // self.heads)
        self.eps = key("attention.layer_norm_rms_epsilon")
        self.rope_base = key("rope.freq_base", 10000.0)
        self.rope_dim = key("rope.dimension_count", self.head_dim)
        self.interleaved = arch in INTERLEAVED
        self.scaling = key("rope.scaling.type", "none")
        self.scaling_factor = key("rope.scaling.factor", 1.0) or 1.0


def rope_frequencies(config, divisors=None):
    """Angle per position of every rotated pair.

    `divisors` is the tensor `rope_freqs.weight`, where a file has one.
    """
    pairs = np.arange(config.rope_dim // 2, dtype=np.float64)
    freqs = float(config.rope_base) ** (-2.0 * pairs / config.rope_dim)
    if divisors is not None:
        freqs = freqs / divisors
    if config.scaling == "linear":
        return freqs / config.scaling_factor
    if config.scaling != "none":
        raise ValueError(f"unexpected rope scaling '{config.scaling}'")
    return freqs


def rotate(x, positions, freqs, interleaved):
    """Rotary embedding of `x` [tokens, heads, dim]; trailing dims pass."""
    angles = positions[:, None].astype(np.float64) * freqs[None, :]
    cos = np.cos(angles)[:, None, :]
    sin = np.sin(angles)[:, None, :]
    half = freqs.size
    out = x.copy()
    if interleaved:
        first, second = slice(0, 2 * half, 2), slice(1, 2 * half, 2)
    else:
        first, second = slice(0, half), slice(half, 2 * half)
    a, b = x[..., first], x[..., second]
    out[..., first] = a * cos - b * sin
    out[..., second] = a * sin + b * cos
    return out


def rms_norm(x, weight, eps):
    """x / sqrt(mean(x^2) + eps) * weight over the last dimension."""
    mean = np.mean(x * x, axis=-1, keepdims=True)
    return x / np.sqrt(mean + eps) * weight


def silu(x):
    """x * sigmoid(x), without overflow."""
    return x * 0.5 * (1.0 + np.tanh(0.5 * x))


def log_softmax(x):
    """Natural logarithm of softmax over the last dimension."""
    x = x - np.max(x, axis=-1, keepdims=True)
    return x - np.log(np.sum(np.exp(x), axis=-1, keepdims=True))


class Sequence:
    """Keys and values of one text, per layer, in the order of its tokens."""

    def __init__(self, config):
        shape = (0, config.kv_heads, config.head_dim)
        self.keys = [np.zeros(shape) for _ in range(config.layers)]
        self.values = [np.zeros(shape) for _ in range(config.layers)]
        self.length = 0


class Oracle:
    """The float64 forward pass of one GGUF file."""

    def __init__(self, path):
        self.file = file = GGUFFile(path)
        self.config = Config(file)
        self.embedding = file.array("token_embd.weight")
        tied = "output.weight" not in file
        head = self.embedding if tied else file.array("output.weight")
        self._head = head.astype(np.float64)
        self._norm = file.array("output_norm.weight").astype(np.float64)
        divisors = None
        if "rope_freqs.weight" in file:
            divisors = file.array("rope_freqs.weight").astype(np.float64)
        self._rope = rope_frequencies(self.config, divisors)
        self._layers = [self._layer(i) for i in range(self.config.layers)]

    def _layer(self, index):
        """Every tensor of layer `index` by its short name."""
        names = (
            "attn_norm attn_q attn_k attn_v attn_output attn_q_norm "
            "attn_k_norm ffn_norm ffn_gate ffn_up ffn_down"
        ).split()
        layer = {}
        for name in names:
            for part in ("weight", "bias"):
                tensor = f"blk.{index}.{name}.{part}"
                if tensor in self.file:
                    value = self.file.array(tensor).astype(np.float64)
                    layer[name if part == "weight" else f"{name}.b"] = value
        return layer

    @staticmethod
    def _linear(layer, name, x):
        y = x @ layer[name].T
        bias = layer.get(f"{name}.b")
        return y if bias is None else y + bias

    def sequence(self):
        """An empty text."""
        return Sequence(self.config)

    def forward(self, ids, sequence=None, last_only=False):
        """Appends `ids` to `sequence`; logits [len(ids), vocabulary]."""
        sequence = sequence or self.sequence()
        logits = self.step_many([(sequence, ids)], last_only)
        return logits[0]

    def step_many(self, work, last_only=False):
        """`forward` for several (sequence, ids), weights read once."""
        config = self.config
        counts = [len(ids) for _, ids in work]
        bounds = np.cumsum([0] + counts)
        spans = [slice(a, b) for a, b in zip(bounds[:-1], bounds[1:])]
        ids = np.concatenate([np.asarray(i, np.int64) for _, i in work])
        positions = np.concatenate(
            [np.arange(n) + s.length for (s, _), n in zip(work, counts)]
        )
        x = self.embedding[ids].astype(np.float64)
        for index, layer in enumerate(self._layers):
            x = x + self._attention(layer, index, x, positions, work, spans)
            n = rms_norm(x, layer["ffn_norm"], config.eps)
            gate = silu(self._linear(layer, "ffn_gate", n))
            up = self._linear(layer, "ffn_up", n)
            x = x + self._linear(layer, "ffn_down", gate * up)
        for (sequence, _), count in zip(work, counts):
            sequence.length += count
        if last_only:
            x = x[bounds[1:] - 1]
            spans = [slice(i, i + 1) for i in range(len(work))]
        logits = rms_norm(x, self._norm, config.eps) @ self._head.T
        return [logits[span] for span in spans]

    def _attention(self, layer, index, x, positions, work, spans):
        config = self.config
        n = rms_norm(x, layer["attn_norm"], config.eps)

        def heads(name, count):
            y = self._linear(layer, name, n)
            y = y.reshape(len(n), count, config.head_dim)
            gain = layer.get(f"{name}_norm")
            return y if gain is None else rms_norm(y, gain, config.eps)

        freqs, inter = self._rope, config.interleaved
        q = rotate(heads("attn_q", config.heads), positions, freqs, inter)
        k = heads("attn_k", config.kv_heads)
        k = rotate(k, positions, freqs, inter)
        v = heads("attn_v", config.kv_heads)
        out = np.empty((len(n), config.heads * config.head_dim))
        for (sequence, _), span in zip(work, spans):
            keys = np.concatenate([sequence.keys[index], k[span]])
            values = np.concatenate([sequence.values[index], v[span]])
            sequence.keys[index], sequence.values[index] = keys, values
            out[span] = attend(q[span], keys, values)
        return self._linear(layer, "attn_output", out)

    def greedy(self, prompts, count):
        """Greedy texts of several prompts, stepped together.

        Returns, per prompt, `count` token ids and the difference between the
        best and the second best logit at each of them.
        """
        work = [(self.sequence(), list(p)) for p in prompts]
        logits = [row[-1] for row in self.step_many(work, last_only=True)]
        texts = [[] for _ in prompts]
        gaps = [[] for _ in prompts]
        for step in range(count):
            for text, gap, row in zip(texts, gaps, logits):
                best = int(np.argmax(row))
                text.append(best)
                gap.append(float(row[best] - np.max(np.delete(row, best))))
            if step + 1 < count:
                work = [(s, [t[-1]]) for (s, _), t in zip(work, texts)]
                logits = [row[-1] for row in self.step_many(work)]
        return texts, gaps

    def perplexity(self, ids, context, windows):
        """Perplexity as llama.cpp counts it.

        The text is cut into windows of `context` tokens, each read from an
        empty cache; predictions made in a window's second half are scored.
        """
        total, scored = 0.0, 0
        first = context // 2
        for w in range(windows):
            window = np.asarray(ids[w * context : (w + 1) * context])
            logp = log_softmax(self.forward(window)[first : context - 1])
            total -= logp[np.arange(len(logp)), window[first + 1 :]].sum()
            scored += len(logp)
        return math.exp(total / scored)


def attend(q, keys, values):
    """Causal attention of the newest `len(q)` tokens over all of `keys`.

    Query heads share key heads in consecutive groups.
    """
    rows, heads, dim = q.shape
    total, kv_heads, _ = keys.shape
    grouped = q.reshape(rows, kv_heads, heads // kv_heads, dim)
    scores = np.einsum("tkgd,skd->kgts", grouped, keys, optimize=True)
    scores /= math.sqrt(dim)
    newest = np.arange(total - rows, total)
    hidden = np.arange(total)[None, :] > newest[:, None]
    scores[:, :, hidden] = -np.inf
    probabilities = np.exp(log_softmax(scores))
    out = np.einsum("kgts,skd->tkgd", probabilities, values, optimize=True)
    return out.reshape(rows, heads * dim)
