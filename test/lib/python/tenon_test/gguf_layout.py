# ===- gguf_layout.py - where the fields of a GGUF file lie ----------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Byte offsets of everything in a GGUF file, so that tests can damage it."""

import struct

_SCALARS = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_STRING, _ARRAY = 8, 9


class Layout:
    """A walk over `data`, which must be a sound file.

    `keys[k]` and `tensors[t]` are dictionaries of offsets:
    keys: key (its length), type, element, count, value, end;
    tensors: name (its length), rank, dims, type, offset, end.
    """

    def __init__(self, data):
        self.data, self._at = data, 8
        tensor_count, key_count = self._number("Q"), self._number("Q")
        self.keys, self.tensors = {}, {}
        for _ in range(key_count):
            at = {"key": self._at}
            self.keys[self._string()] = at
            self._value(at)
        for _ in range(tensor_count):
            at = {"name": self._at}
            self.tensors[self._string()] = at
            at["rank"] = self._at
            rank = self._number("I")
            at["dims"] = self._at
            self._at += 8 * rank
            at["type"] = self._at
            at["offset"] = self._at + 4
            at["end"] = self._at = self._at + 12
        self.table_end = self._at
        self.data_start = (self._at + 31) // 32 * 32

    def _number(self, code):
        (value,) = struct.unpack_from("<" + code, self.data, self._at)
        self._at += struct.calcsize(code)
        return value

    def _string(self):
        size = self._number("Q")
        self._at += size
        return bytes(self.data[self._at - size : self._at]).decode()

    def _value(self, at):
        at["type"] = self._at
        kind, count = self._number("I"), 1
        if kind == _ARRAY:
            at["element"] = self._at
            kind = self._number("I")
            at["count"] = self._at
            count = self._number("Q")
        at["value"] = self._at
        if kind == _STRING:
            for _ in range(count):
                self._string()
        else:
            self._at += count * _SCALARS[kind]
        at["end"] = self._at


def put(data, offset, code, *values):
    """`data` with numbers written at `offset`."""
    data = bytearray(data)
    struct.pack_into("<" + code, data, offset, *values)
    return bytes(data)
