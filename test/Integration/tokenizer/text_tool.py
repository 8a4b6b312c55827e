# ===- text_tool.py - runs tenon-text-test and makes its references ---------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===------------------------------------------------------------------------===#
"""Metadata blobs, the program under test, and reference tokenizers."""

import os
import struct
import subprocess
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers
from tokenizers import pre_tokenizers as pre

PARSE_SPECIAL, ADD_BOS, ADD_EOS = 1, 2, 4
SHOW_CONTROL = 1
NORMAL, CONTROL, USER_DEFINED = 1, 3, 4

BUILD = Path(os.environ.get("TENON_BUILD_DIR", "build"))
PROGRAM = BUILD / "test" / "bin" / "tenon-text-test"
DATA = Path(__file__).resolve().parents[2] / "Data"


def text_of(name):
    """A text of test/Data, line ends untouched."""
    return (DATA / name).read_bytes().decode("utf-8")


# Metadata in GGUF's encoding.


def string(value):
    raw = value.encode("utf-8")
    return struct.pack("<Q", len(raw)) + raw


def value_of(value):
    """One value with its type, by the Python type."""
    if isinstance(value, bool):
        return struct.pack("<IB", 7, value)
    if isinstance(value, int):
        return struct.pack("<II", 4, value)
    if isinstance(value, str):
        return struct.pack("<I", 8) + string(value)
    if isinstance(value[0], str):
        head = struct.pack("<IIQ", 9, 8, len(value))
        return head + b"".join(string(v) for v in value)
    return struct.pack(f"<IIQ{len(value)}i", 9, 5, len(value), *value)


def blob_of(pairs):
    """A metadata blob from a dictionary."""
    out = struct.pack("<Q", len(pairs))
    for key, value in pairs.items():
        out += string(key) + value_of(value)
    return out


# The reference.

_CONTRACTION = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_LETTERS = r"[^\r\n\p{L}\p{N}]?\p{L}+"
_UPPER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
_LOWER = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_CASED = (
    rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}*{_LOWER}+%s"
    rf"|[^\r\n\p{{L}}\p{{N}}]?{_UPPER}+{_LOWER}*%s"
)
_END = r"|\s*[\r\n]+|\s+(?!\S)|\s+"


def _split(pattern):
    return pre.Split(Regex(pattern), "isolated")


def _bytes(use_regex):
    return pre.ByteLevel(add_prefix_space=False, use_regex=use_regex)


def _one(pattern):
    return [_split(pattern), _bytes(False)]


_GPT2 = [_bytes(True)]
_DIGITS = [pre.Digits(individual_digits=True), _bytes(True)]
_LLAMA3 = _one(
    _CONTRACTION + "|" + _LETTERS + r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*" + _END
)

#: What each value of tokenizer.ggml.pre cuts a text by.
CUTS = {
    "gpt-2": _GPT2,
    "phi-2": _GPT2,
    "olmo": _GPT2,
    "smollm": _DIGITS,
    "starcoder": _DIGITS,
    "refact": _DIGITS,
    "codeshell": _DIGITS,
    "llama-bpe": _LLAMA3,
    "llama3": _LLAMA3,
    "llama-v3": _LLAMA3,
    "smaug-bpe": _LLAMA3,
    "qwen2": _one(
        _CONTRACTION + "|" + _LETTERS + r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*" + _END
    ),
    "tekken": _one(_CASED % ("", "") + r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*" + _END),
    "gpt-4o": _one(
        _CASED % (_CONTRACTION + "?", _CONTRACTION + "?")
        + r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*"
        + _END
    ),
    "deepseek-coder": [
        _split(r"[\r\n]"),
        _split(r"\s?\p{L}+"),
        _split(r"\s?\p{P}+"),
        _split("[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"),
        pre.Digits(individual_digits=True),
        _bytes(False),
    ],
    "default": [
        _split(r"[\p{P}$+<=>\^~|]+"),
        _split(
            r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)"
        ),
        _split(r"\p{N}+"),
        _split("[0-9][0-9][0-9]"),
        _bytes(False),
    ],
}
CUTS["deepseek-r1-qwen"] = CUTS["qwen2"]

WHOLE_WORDS = {"llama-bpe", "llama3", "llama-v3", "tekken"}
NFC = {"qwen2", "deepseek-r1-qwen"}


class Vocabulary:
    """Tokens, merges and token types, and what to make of them."""

    def __init__(self, tokens, merges, types):
        self.tokens, self.merges, self.types = tokens, merges, types

    def pairs(self, name, **more):
        """Metadata of a model with this vocabulary and pre-tokenizer `name`."""
        return {
            "tokenizer.ggml.model": "gpt2",
            "tokenizer.ggml.pre": name,
            "tokenizer.ggml.tokens": self.tokens,
            "tokenizer.ggml.token_type": self.types,
            "tokenizer.ggml.merges": self.merges,
            **{"tokenizer." + key.replace("__", "."): v for key, v in more.items()},
        }

    def reference(self, name, special=True):
        """The same tokenizer by the package `tokenizers`."""
        model = models.BPE(
            vocab={token: i for i, token in enumerate(self.tokens)},
            merges=[tuple(merge.split(" ")) for merge in self.merges],
            ignore_merges=name in WHOLE_WORDS,
        )
        tokenizer = Tokenizer(model)
        if name in NFC:
            tokenizer.normalizer = normalizers.NFC()
        tokenizer.pre_tokenizer = pre.Sequence(CUTS[name])
        kinds = (CONTROL, USER_DEFINED) if special else (USER_DEFINED,)
        tokenizer.add_special_tokens(
            [
                AddedToken(token, normalized=False, special=True)
                for token, kind in zip(self.tokens, self.types)
                if kind in kinds
            ]
        )
        return tokenizer


# The program under test.


class TextTool:
    """tenon-text-test over one blob."""

    def __init__(self, folder, blob):
        self.path = Path(folder) / "blob"
        self.path.write_bytes(blob)

    def _run(self, command, flags=0, records=()):
        data = b"".join(struct.pack("<I", len(r)) + r for r in records)
        done = subprocess.run(
            [PROGRAM, self.path, command, str(flags)], input=data, capture_output=True
        )
        assert not done.stderr, done.stderr.decode(errors="replace")
        lines = done.stdout.decode("utf-8").splitlines()
        assert done.returncode == 0 or lines[-1].startswith("error: "), done
        return lines

    def encode(self, texts, flags=0):
        """Ids of each text (str or bytes); a string where it failed."""
        raw = [t if isinstance(t, bytes) else t.encode("utf-8") for t in texts]
        lines = self._run("encode", flags, raw)
        assert len(lines) == len(raw), lines[-1:]
        return [
            line if line.startswith("error") else [int(i) for i in line.split()]
            for line in lines
        ]

    def decode(self, sequences, flags=0):
        """Pieces of each sequence of ids: one for each id, one for the flush."""
        raw = [struct.pack(f"<{len(ids)}i", *ids) for ids in sequences]
        lines = self._run("decode", flags, raw)
        return [
            [bytes.fromhex(piece) for piece in line[1:].split(" ")] for line in lines
        ]

    def info(self):
        """Facts of the tokenizer, as lines."""
        return self._run("info")
