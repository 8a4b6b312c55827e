# ===- tokenize.py - text to ids by the package `tokenizers` ---------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Byte-level BPE of a GGUF file, built with the Python package `tokenizers`."""

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

#: What each `tokenizer.ggml.pre` cuts a text into before merges are applied.
_SPLITS = {
    "smollm": [
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
    ],
    "qwen2": [
        pre_tokenizers.Split(
            Regex(
                r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
                r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
            ),
            "isolated",
        ),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ],
    "gpt-2": [pre_tokenizers.ByteLevel(add_prefix_space=False)],
}


def tokenizer_of(file):
    """The tokenizer that the metadata of a `GGUFFile` describes."""
    tokens = file.get("tokenizer.ggml.tokens")
    merges = file.get("tokenizer.ggml.merges")
    vocab = {token: i for i, token in enumerate(tokens)}
    pairs = [tuple(merge.split(" ")) for merge in merges]
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=pairs))
    splits = _SPLITS[file.get("tokenizer.ggml.pre")]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(splits)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def encode(file, text):
    """Token ids of `text`; special tokens in it are plain text."""
    return tokenizer_of(file).encode(text, add_special_tokens=False).ids
