# ===- conftest.py - what the model tests share ----------------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""SmolLM2 is read by the oracle once, and compiled once per setting."""

import pytest

from tenon_test import tools
from tenon_test.oracle import Oracle
from tenon_test.tokenize import encode


@pytest.fixture(scope="session")
def smol_oracle():
    """The oracle of SmolLM2-135M-Instruct."""
    return Oracle(tools.smollm2())


@pytest.fixture(scope="session")
def smol_ids(smol_oracle):
    """The first 128 tokens of the wikitext sample."""
    text = tools.WIKITEXT.read_text(encoding="utf-8")[:2000]
    return encode(smol_oracle.file, text)[:128]


@pytest.fixture(scope="session")
def smol_logits(smol_oracle, smol_ids):
    """The oracle's logits after each of the 128 tokens."""
    return smol_oracle.forward(smol_ids)


@pytest.fixture(scope="session")
def smol_artifact(tmp_path_factory):
    """Compiles SmolLM2 for (cpu, cache type, activations), once each."""
    made = {}

    def make(cpu, cache, activations="f32"):
        key = (cpu, cache, activations)
        if key not in made:
            folder = tmp_path_factory.mktemp("smol-" + "-".join(key))
            made[key] = tools.compile_model(
                tools.smollm2(),
                folder,
                f"--cpu={cpu}",
                f"--cache-type={cache}",
                f"--activations={activations}",
                "--context=1024",
            )
        return made[key]

    return make
