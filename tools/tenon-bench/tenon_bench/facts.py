# ===- facts.py - bytes and operations of a model --------------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""What a model costs at least: bytes per step, operations per prompt."""

import hashlib
import json
from pathlib import Path

from .programs import Failure


class Facts:
    """Of one GGUF file, and of the artifact that was made from it."""

    def __init__(self, model, artifact_json=None):
        try:
            import gguf
        except ImportError:
            raise Failure(
                "expected the Python package gguf; install what "
                "tools/requirements.txt lists"
            ) from None
        try:
            reader = gguf.GGUFReader(model)
        except (OSError, ValueError) as error:
            raise Failure(f"{model}: expected a GGUF file: {error}") from None

        def number(key, default=None):
            field = reader.fields.get(f"{arch}.{key}")
            return int(field.contents()) if field else default

        arch = reader.fields["general.architecture"].contents()
        tensors = {t.name: t for t in reader.tensors}
        #: The embedding is read by row unless it is the output matrix too.
        self.skipped = (
            {"token_embd.weight"} if "output.weight" in tensors else set()
        )
        self.path = str(Path(model).resolve())
        self.file_bytes = Path(model).stat().st_size
        with open(model, "rb") as file:
            self.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        self.weight_bytes = sum(
            int(t.n_bytes) for n, t in tensors.items() if n not in self.skipped
        )
        matrices = [
            t
            for n, t in tensors.items()
            if n.startswith("blk.") and len(t.shape) == 2
        ]
        self.layer_weights = sum(int(t.n_elements) for t in matrices)
        head = tensors.get("output.weight", tensors["token_embd.weight"])
        self.head_weights = int(head.n_elements)
        self.vocabulary = int(head.shape[-1])
        self.layers = number("block_count")
        self.heads = number("attention.head_count")
        self.kv_heads = number("attention.head_count_kv", self.heads)
        self.head_dim = number(
            "attention.key_length", number("embedding_length") // self.heads
        )
        self.format = _format(matrices)
        self.packed_bytes = None
        if artifact_json:
            self.packed_bytes = self._packed(artifact_json)

    def _packed(self, path):
        """Bytes of packed weights that a step reads."""
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        return sum(
            t["bytes"]
            for t in data["weights"]["tensors"]
            if t["name"] not in self.skipped
        )

    def step_bytes(self, depth, new, cache_bytes=2, batch=1):
        """Bytes that a step reads on average, from `depth` to `depth + new`.

        The weights once, in the smaller of the two layouts, and the keys and
        values of every sequence."""
        weights = min(self.weight_bytes, self.packed_bytes or self.weight_bytes)
        token = 2 * self.layers * self.kv_heads * self.head_dim * cache_bytes
        return weights + batch * token * (depth + new / 2)

    def prefill_operations(self, tokens, depth=0):
        """Operations of a prompt whose last row alone gets logits."""
        pairs = tokens * depth + tokens * (tokens + 1) / 2
        attention = 4 * self.layers * self.heads * self.head_dim * pairs
        return 2 * (self.layer_weights * tokens + self.head_weights) + attention

    def to_json(self):
        """The facts, for the file of results."""
        return {k: v for k, v in vars(self).items() if k != "skipped"}


class Stored(Facts):
    """Facts read back from a file of results."""

    def __init__(self, data):
        self.skipped = set()
        vars(self).update(data)


def _format(matrices):
    """The format that most weights of the layers have."""
    sizes = {}
    for tensor in matrices:
        name = tensor.tensor_type.name
        sizes[name] = sizes.get(name, 0) + int(tensor.n_elements)
    return max(sizes, key=sizes.get)
