# ===- gguf_file.py - a GGUF file as NumPy arrays --------------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Reads metadata and dequantised tensors with the Python package `gguf`."""

from pathlib import Path

import gguf
import numpy as np


class GGUFFile:
    """Metadata by key and tensors by name; tensors are dequantised on demand.

    `array` returns float32, which is exact: the package defines what each
    stored number means, and every format dequantises to float32.
    """

    def __init__(self, path):
        self.path = Path(path)
        self._reader = gguf.GGUFReader(self.path)
        self._tensors = {t.name: t for t in self._reader.tensors}

    def __contains__(self, name):
        return name in self._tensors

    def get(self, key, default=None):
        """The value of metadata key `key`, or `default` if it is absent."""
        field = self._reader.fields.get(key)
        return default if field is None else field.contents()

    def types(self):
        """The names of the types that the file's tensors use."""
        return {t.tensor_type.name for t in self._tensors.values()}

    def array(self, name):
        """Tensor `name` dequantised, slowest dimension first."""
        tensor = self._tensors[name]
        shape = [int(n) for n in reversed(tensor.shape)]
        values = gguf.dequantize(tensor.data, tensor.tensor_type)
        return np.asarray(values, np.float32).reshape(shape)
