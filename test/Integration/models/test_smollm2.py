# ===- test_smollm2.py - a trained model against the oracle ----------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""SmolLM2-135M-Instruct, compiled, against the float64 forward pass."""

import json
from pathlib import Path

import numpy as np
import pytest

from tenon_test import tools
from tenon_test.artifact_shape import code_bytes
from tenon_test.oracle import log_softmax
from tenon_test.tokenize import encode, tokenizer_of

#: Largest difference of a logit, in units of max(1, largest logit).
BOUND = 1e-3

PROMPTS = (
    "The capital of France is",
    "Once upon a time there was a small robot who",
    "def fibonacci(n):\n    ",
    "Water boils at 100 degrees Celsius, which means that",
    "<|im_start|>user\nName three colours.<|im_end|>\n",
    "In 1969, the first humans",
    "Zürich, naïve café, 東京 and Москва are",
    "1, 2, 3, 4, 5, 6,",
)
COUNT = 48
CONTROL = 3  # a value of tokenizer.ggml.token_type


@pytest.mark.parametrize("threads", (1, 2))
@pytest.mark.parametrize("cpu", ("native", "x86-64-v3"))
def test_logits(smol_artifact, smol_ids, smol_logits, cpu, threads):
    got = smol_artifact(cpu, "f32").logits(smol_ids, threads)
    error = tools.difference(got, smol_logits)
    print(f"{cpu}, {threads} thread(s): {error:.3g}")
    assert error <= BOUND


def test_pieces(smol_artifact, smol_ids, smol_logits):
    """Steps and short pieces say what one long prefill says."""
    got = smol_artifact("native", "f32").piecewise(smol_ids, (70, 1, 1, 3), 2)
    assert tools.difference(got, smol_logits) <= BOUND


def divergence(got, logits):
    """Mean and largest KL of tokens from what the oracle says of the first."""
    want = log_softmax(logits[: len(got)])
    have = log_softmax(got.astype(np.float64))
    each = np.sum(np.exp(want) * (want - have), axis=-1)
    print(f"KL: mean {each.mean():.3g}, max {each.max():.3g}")
    return each.mean(), each.max()


def test_f16_cache(smol_artifact, smol_ids, smol_logits):
    """An f16 cache moves the distributions very little."""
    got = smol_artifact("native", "f16").logits(smol_ids, 2)
    assert got.shape == smol_logits.shape
    _, most = divergence(got, smol_logits)
    assert most < 1e-3


def rounded(artifact, ids, logits):
    """`divergence` of a prompt and of steps from the oracle."""
    yield divergence(artifact.logits(ids, 2), logits)
    yield divergence(artifact.piecewise(ids[:24], (1,), 2, once=True), logits)


@pytest.mark.parametrize("cpu", ("native", "x86-64-v3"))
def test_int8_activations(smol_artifact, smol_ids, smol_logits, cpu):
    """Integers instead of floats move the distributions a little."""
    artifact = smol_artifact(cpu, "f32", "int8")
    for mean, most in rounded(artifact, smol_ids, smol_logits):
        assert 1e-7 < mean < 6e-3
        assert most < 6e-2


@pytest.mark.skipif(
    "avx512_bf16" not in Path("/proc/cpuinfo").read_text(encoding="utf-8"),
    reason="this CPU multiplies no bf16",
)
def test_bf16_activations(smol_artifact, smol_ids, smol_logits):
    """Pairs of bf16 move the distributions a sixth as far as integers may."""
    artifact = smol_artifact("native", "f32", "bf16")
    for mean, most in rounded(artifact, smol_ids, smol_logits):
        assert 1e-8 < mean < 1e-3
        assert most < 1e-2


@pytest.mark.parametrize("cpu", ("native", "x86-64-v3"))
@pytest.mark.parametrize("activations, bound", (("int8", 0), ("f32", 1e-5)))
def test_batch_logits(smol_artifact, smol_ids, cpu, activations, bound):
    """A batch says what each sequence alone says: bit for bit where products
    are integers, else up to the order of sums."""
    artifact = smol_artifact(cpu, "f16", activations)
    lengths = (7, 0, 100, 33, 64, 120, 1, 63)
    # Two threads do whole rows; more of them share parts of long ones.
    for threads in (2, 20):
        errors = artifact.batches(lengths, smol_ids, threads)
        print(f"{cpu}, {activations}, {threads} threads: {errors}")
        assert len(errors) == len(lengths) and max(errors) <= bound


@pytest.mark.parametrize("threads", (1, 2, 3, 4))
@pytest.mark.parametrize(
    "cpu, activations", (("native", "int8"), ("x86-64-v3", "f32"))
)
def test_ranks(smol_artifact, smol_ids, cpu, activations, threads):
    """Tokens by rank are those of sorted logits, whoever ranked which."""
    artifact = smol_artifact(cpu, "f16", activations)
    assert artifact.ranks(smol_ids, threads) > 80


@pytest.mark.parametrize("threads", (1, 2))
def test_batch_texts(smol_artifact, tmp_path, threads):
    """Prompts decoded together give the texts that each gives alone."""
    artifact = smol_artifact("native", "f32")
    prompts = [p for p in PROMPTS if "\n" not in p][:5]
    file = tmp_path / "prompts.txt"
    for together in (4, 2, 5):
        file.write_text("\n".join(prompts[:together]), encoding="utf-8")
        done = tools.run(
            "tenon-run", artifact.library, "--batch", file, "-q", "-n", 16,
            "--threads", threads,
        )
        got = [json.loads(line) for line in done.stdout.splitlines()]
        assert got == [
            tools.run(
                "tenon-run", artifact.library, "-p", prompt, "-q", "-n", 16,
            ).stdout.decode()
            for prompt in prompts[:together]
        ]


@pytest.fixture(scope="module")
def greedy_texts(smol_oracle):
    """Per prompt: its ids, the oracle's greedy ids and the gaps to second."""
    prompts = [encode(smol_oracle.file, prompt) for prompt in PROMPTS]
    texts, gaps = smol_oracle.greedy(prompts, COUNT)
    return list(zip(prompts, texts, gaps))


@pytest.mark.parametrize("index", range(len(PROMPTS)))
def test_greedy(smol_artifact, smol_oracle, greedy_texts, index):
    """Greedy text is the oracle's; only a near tie of it excuses another."""
    artifact = smol_artifact("native", "f32")
    prompt, want, gaps = greedy_texts[index]
    tokenizer = tokenizer_of(smol_oracle.file)
    kinds = smol_oracle.file.get("tokenizer.ggml.token_type")

    def decode(ids):  # control tokens are not text
        return tokenizer.decode([i for i in ids if kinds[i] != CONTROL])

    done = 0
    while done < COUNT:
        known = prompt + want[:done]
        got = artifact.greedy(known, COUNT - done, threads=1 + index % 2)
        rest = decode(want[done:])
        if got == rest:
            return
        # The first token whose text differs, and whether it is a near tie.
        same = done
        while got.startswith(decode(want[done : same + 1])):
            same += 1
        assert (
            gaps[same] < 1e-3
        ), f"token {same}: expected {rest!r}, got {got!r}"
        done = same + 1


@pytest.mark.skipif(bool(tools.SANITIZE), reason="instrumented code is larger")
@pytest.mark.parametrize("cpu", ("native", "x86-64-v3"))
def test_code_size(smol_artifact, cpu):
    assert code_bytes(smol_artifact(cpu, "f32").library) < 1_000_000
