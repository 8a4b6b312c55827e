# ===- make-corpus.py - writes the seeds of the tokenizer fuzzer ------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===------------------------------------------------------------------------===#
"""Writes one seed for each pre-tokenizer, and some that must be refused.

    python3 make-corpus.py FOLDER

A seed is what TokenizerFuzzer.cpp describes: flags, length of the text, text,
metadata blob.
"""

import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "Integration" / "tokenizer"))
from text_tool import CUTS, Vocabulary, blob_of  # noqa: E402

TEXT = "I'm the a\u0301 \uac00\u11a8 \u00e9 1234  x\r\n\t<|im_end|> the<t>\u4e2d\U0001f600 \xa0"


def vocabulary():
    tokens = [chr(c) for c in range(0x21, 0x7F)] + ["\u0120", "\u010a", "\u010d"]
    tokens += ["\u00c3", "\u00a9", "\u00cc", "\u0123", "\u00e4", "\u00f0", "\u0141"]
    merges = ["t h", "th e", "\u0120 the", "\u0120 \u0120", "1 2", "\u00c3 \u00a9"]
    tokens += [merge.replace(" ", "") for merge in merges] + ["<|im_end|>", "<t>"]
    kinds = [1] * (len(tokens) - 2) + [3, 4]
    return Vocabulary(tokens, merges, kinds)


def seed(flags, text, blob):
    raw = text if isinstance(text, bytes) else text.encode("utf-8")
    return struct.pack("<BH", flags, len(raw)) + raw + blob


def main(folder):
    folder = Path(folder)
    folder.mkdir(exist_ok=True)
    words = vocabulary()
    roles = {"ggml__bos_token_id": 5, "ggml__eos_token_id": 6, "chat_template": "{{}}"}
    seeds = {
        name: seed(15, TEXT, blob_of(words.pairs(name, ggml__add_bos_token=True, **roles)))
        for name in CUTS
    }
    small = Vocabulary(["a", "b", "ab"], ["a b"], [1, 1, 1])
    blob = blob_of(small.pairs("qwen2"))
    seeds["marks"] = seed(0, "a\u0301\u0327\u0323b" * 9, blob)
    seeds["invalid-text"] = seed(1, b"ab\xed\xa0\x80\xf0\x9f", blob)
    seeds["bad-merge"] = seed(0, "ab", blob_of(Vocabulary(["a", "b"], ["a b"], [1, 1]).pairs("gpt-2")))
    seeds["bad-role"] = seed(0, "ab", blob_of(small.pairs("gpt-2", ggml__eos_token_id=9)))
    seeds["truncated"] = seed(0, "ab", blob[:-5])
    seeds["huge-count"] = seed(0, "ab", struct.pack("<Q", 1 << 60) + blob[8:])
    types = {"u8": (0, b"\1"), "i8": (1, b"\xff"), "u16": (2, b"\1\0"), "i16": (3, b"\1\0"),
             "f32": (6, b"\0" * 4), "u64": (10, b"\xff" * 8), "i64": (11, b"\xff" * 8),
             "f64": (12, b"\0" * 8), "bool": (7, b"\1")}  # fmt: skip
    pairs = b"".join(
        struct.pack("<Q", len(key)) + key.encode() + struct.pack("<I", kind) + value
        for key, (kind, value) in types.items()
    )
    seeds["types"] = seed(0, "", struct.pack("<Q", len(types)) + pairs)
    for name, data in seeds.items():
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    main(sys.argv[1])
