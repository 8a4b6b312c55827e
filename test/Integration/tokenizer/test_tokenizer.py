# ===- test_tokenizer.py - ids against the package `tokenizers` -------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===------------------------------------------------------------------------===#
"""Ids equal those of `tokenizers` for every pre-tokenizer.

Two vocabularies: SmolLM2's, and one that is trained here without any cut. In
the latter tokens reach over words, digits and line ends, so that ids differ as
soon as one cut is in another place.
"""

import functools
import json
import random
import unicodedata

import gguf
import pytest
from tenon_test import tools
from text_tool import (
    ADD_BOS,
    ADD_EOS,
    CONTROL,
    CUTS,
    NORMAL,
    PARSE_SPECIAL,
    SHOW_CONTROL,
    USER_DEFINED,
    TextTool,
    Vocabulary,
    blob_of,
    text_of,
)
from tokenizers import Tokenizer, models, trainers
from tokenizers import pre_tokenizers as pre

SAMPLE = text_of("wikitext-2-sample.txt")
STRESS = text_of("unicode-stress.txt")


def pieces_of(text, sizes):
    """`text` in consecutive pieces of random sizes."""
    rng, out, at = random.Random(3), [], 0
    while at < len(text):
        size = rng.choice(sizes)
        out.append(text[at : at + size])
        at += size
    return out


@functools.cache
def smollm_file():
    path = tools.smollm2()
    return path, gguf.GGUFReader(path)


@functools.cache
def smollm_vocabulary():
    fields = smollm_file()[1].fields
    get = lambda name: fields["tokenizer.ggml." + name].contents()
    return Vocabulary(get("tokens"), get("merges"), get("token_type"))


@functools.cache
def crossing_vocabulary():
    """2500 tokens that pay no heed to words, all bytes and special tokens."""
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    defined = ["<think>", "</think>", "<|im_start|>user", "   "]
    # Words that no merge makes: only families that look words up find them.
    words = {word for word in SAMPLE.split() if word.isascii() and word.isalpha()}
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.train_from_iterator(
        # Without the names of the special tokens: no token may come twice.
        pieces_of((SAMPLE + STRESS).replace("<|", ""), [20, 50, 200]),
        trainers.BpeTrainer(
            vocab_size=2500,
            initial_alphabet=pre.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    merges = [m if isinstance(m, str) else " ".join(m) for m in model["merges"]]
    tokens += sorted({"\u0120" + word for word in words} - set(tokens))[:200]
    types = [NORMAL] * len(tokens) + [CONTROL] * len(special)
    types += [USER_DEFINED] * len(defined)
    return Vocabulary(tokens + special + defined, merges, types)


def first_difference(ours, reference, vocabulary):
    for i, (a, b) in enumerate(zip(ours, reference)):
        if a != b:
            show = lambda ids: [vocabulary.tokens[k] for k in ids[max(0, i - 3) : i + 4]]
            return f"id {i}: {show(ours)} instead of {show(reference)}"
    return f"{len(ours)} ids instead of {len(reference)}"


def check(folder, vocabulary, name, texts):
    tool = TextTool(folder, blob_of(vocabulary.pairs(name)))
    reference = vocabulary.reference(name)
    for text, ours in zip(texts, tool.encode(texts, PARSE_SPECIAL)):
        expected = reference.encode(text, add_special_tokens=False).ids
        assert ours == expected, first_difference(ours, expected, vocabulary)


@pytest.mark.parametrize("name", ["smollm", "gpt-2", "llama-bpe", "qwen2"])
@pytest.mark.parametrize("text", [SAMPLE, STRESS], ids=["sample", "stress"])
def test_ids_of_smollm_vocabulary(tmp_path, name, text):
    check(tmp_path, smollm_vocabulary(), name, [text])


@pytest.mark.parametrize("name", sorted(CUTS))
def test_ids_of_crossing_vocabulary(tmp_path, name):
    pieces = pieces_of(STRESS, [3, 10, 40, 300]) + pieces_of(SAMPLE, [100, 1000])
    check(tmp_path, crossing_vocabulary(), name, [SAMPLE, STRESS] + pieces)


def test_cuts_are_told_apart(tmp_path):
    """The vocabulary sees each family that differs from the others."""
    ids = {}
    for name in ("gpt-2", "smollm", "llama-bpe", "smaug-bpe", "qwen2", "tekken",
                 "gpt-4o", "deepseek-coder", "default"):  # fmt: skip
        tool = TextTool(tmp_path, blob_of(crossing_vocabulary().pairs(name)))
        ids[name] = tuple(tool.encode([STRESS])[0])
    assert len(set(ids.values())) == len(ids)


def test_metadata_of_the_model_file(tmp_path):
    """The pairs of a GGUF file, as they lie in it, are a blob."""
    path, reader = smollm_file()
    last = list(reader.fields.values())[-1]
    end = last.offset + sum(part.nbytes for part in last.parts)
    raw = path.read_bytes()
    # After magic, version and tensor count comes the count of pairs.
    tool = TextTool(tmp_path, raw[16:end])
    facts = tool.info()
    names = {t: i for i, t in enumerate(smollm_vocabulary().tokens)}
    ends = [names[t] for t in ("<|endoftext|>", "<|im_end|>", "<reponame>")]
    assert facts[0] == "vocab 49152"
    assert [f for f in facts if f.startswith("role")] == [
        "role 0 1", "role 1 2", "role 2 -1", "role 3 -1", "role 4 0", "role 5 2",
    ]  # fmt: skip
    assert [f for f in facts if f.startswith("end")] == [f"end {i}" for i in sorted(ends)]
    template = reader.fields["tokenizer.chat_template"].contents()
    assert facts[-1] == f"chat {len(template.encode('utf-8'))}"
    expected = smollm_vocabulary().reference("smollm").encode(SAMPLE).ids
    assert tool.encode([SAMPLE], PARSE_SPECIAL | ADD_BOS | ADD_EOS) == [expected]


def test_special_tokens(tmp_path):
    vocabulary = crossing_vocabulary()
    tool = TextTool(tmp_path, blob_of(vocabulary.pairs("qwen2")))
    texts = [
        "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n<think>   </think>",
        "<|im_start|>use <|im_start|>users<|im_end|><|im_end|>",
        "<<|im_end|>> e\u0301<|im_end|>\u0301<|im_end <|im_end|",
        "    a   b ",
        "<|endoftext|>",
    ]
    for flags, special in ((PARSE_SPECIAL, True), (0, False)):
        reference = vocabulary.reference("qwen2", special)
        expected = [reference.encode(t, add_special_tokens=False).ids for t in texts]
        assert tool.encode(texts, flags) == expected


def test_bos_and_eos(tmp_path):
    vocabulary = crossing_vocabulary()
    ids = {"ggml__bos_token_id": 7, "ggml__eos_token_id": 9}

    def ends(name, flags, **more):
        tool = TextTool(tmp_path, blob_of(vocabulary.pairs(name, **ids, **more)))
        plain, marked = tool.encode(["hello there"])[0], tool.encode(["hello there"], flags)[0]
        front = marked[: len(marked) - len(plain)] if marked[-len(plain) :] == plain else None
        return front if front is not None else marked[:1] + marked[-1:]

    both = ADD_BOS | ADD_EOS
    assert ends("gpt-2", both) == []
    assert ends("llama-bpe", both) == [7]
    assert ends("llama-bpe", ADD_EOS) == []
    assert ends("llama-bpe", both, ggml__add_bos_token=False) == []
    assert ends("gpt-2", both, ggml__add_bos_token=True) == [7]
    assert ends("gpt-2", both, ggml__add_bos_token=True, ggml__add_eos_token=True) == [7, 9]


@pytest.mark.parametrize("name", ["smollm", "qwen2"])
def test_decoding_gives_the_text_back(tmp_path, name):
    tool = TextTool(tmp_path, blob_of(crossing_vocabulary().pairs(name)))
    texts = [SAMPLE, STRESS] + pieces_of(STRESS, [1, 7])
    for text, pieces in zip(texts, tool.decode(tool.encode(texts))):
        expected = unicodedata.normalize("NFC", text) if name == "qwen2" else text
        assert b"".join(pieces).decode("utf-8") == expected


def zip_alphabet():
    """Bytes and the characters that stand for them."""
    own = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = [b for b in range(256) if b not in own]
    return [*((b, chr(b)) for b in own), *((b, chr(256 + i)) for i, b in enumerate(rest))]


def test_streams_never_split_a_character(tmp_path):
    """Every piece is UTF-8; together they are what Python makes of the bytes."""
    vocabulary = crossing_vocabulary()
    tool = TextTool(tmp_path, blob_of(vocabulary.pairs("gpt-2")))
    alphabet = {char: byte for byte, char in zip_alphabet()}
    spelled = [i for i, t in enumerate(vocabulary.types) if t == NORMAL]
    bytes_of = {i: bytes(alphabet[c] for c in vocabulary.tokens[i]) for i in spelled}
    rng = random.Random(5)
    sequences = [rng.choices(spelled, k=40) for _ in range(400)]
    # Single bytes, mostly lead and continuation bytes.
    singles = {bytes_of[i][0]: i for i in spelled if len(bytes_of[i]) == 1}
    picks = [0x41, 0x80, 0x8F, 0x9F, 0xA0, 0xBF, 0xC1, 0xC3, 0xE0, 0xE4, 0xED, 0xEF]
    picks += [0xF0, 0xF1, 0xF4, 0xF5, 0xFF]
    sequences += [[singles[rng.choice(picks)] for _ in range(30)] for _ in range(2000)]
    for ids, pieces in zip(sequences, tool.decode(sequences)):
        for piece in pieces:
            piece.decode("utf-8")
        raw = b"".join(bytes_of[i] for i in ids)
        assert b"".join(pieces).decode("utf-8") == raw.decode("utf-8", "replace")


def test_control_tokens_have_no_text(tmp_path):
    vocabulary = crossing_vocabulary()
    tool = TextTool(tmp_path, blob_of(vocabulary.pairs("gpt-2")))
    text = "a<|im_end|>b<think>"
    ids = tool.encode([text], PARSE_SPECIAL)
    assert b"".join(tool.decode(ids)[0]) == b"ab<think>"
    assert b"".join(tool.decode(ids, SHOW_CONTROL)[0]) == text.encode()


def test_text_that_is_not_utf8(tmp_path):
    tool = TextTool(tmp_path, blob_of(crossing_vocabulary().pairs("smollm")))
    bad = {
        b"abc\xff": 3, b"\x80": 0, b"ok \xc3\xa9 \xed\xa0\x80": 6, b"\xc0\x80": 0,
        b"xy\xe2\x82": 2, b"\xf4\x90\x80\x80": 0, b"a\xf0\x8f\xbf\xbf": 1,
    }  # fmt: skip
    for (text, offset), line in zip(bad.items(), tool.encode(list(bad))):
        byte = f"\\x{text[offset]:02x}"
        assert line == (
            f"error: encode: expected UTF-8 text, but got byte '{byte}' at offset {offset}"
        )


def test_unknown_pre_tokenizer_lists_the_known_ones(tmp_path):
    tool = TextTool(tmp_path, blob_of(crossing_vocabulary().pairs("gpt-9")))
    (line,) = tool.info()
    assert line.endswith("but got 'gpt-9'")
    for name in CUTS:
        assert name in line
