"""Reads a GGUF file's header with limits, in plain Python: enough to refuse rubbish.

The front never hands an unknown file to native code. It reads the header itself
(``docs/gguf.md`` in ggml), bounded in bytes, counts and lengths; only a file that
passes is given to a walled child. Strings from the file are returned raw.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from assistant.errors import ModelInvalid, ModelMissing

MAGIC = b"GGUF"
VERSIONS = (2, 3)
MAX_HEADER = 128 * 1024 * 1024
MAX_TENSORS = 100_000
MAX_PAIRS = 10_000
MAX_KEY = 64 * 1024
MAX_STRING = 4 * 1024 * 1024
MAX_ARRAY = 16 * 1024 * 1024
MAX_DIMENSIONS = 8
KEPT = 4096
"""Longest string value returned, in bytes; longer ones are read over."""

_SCALARS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
_STRING, _ARRAY = 8, 9
# Bytes and weights per block of each tensor type; types not here are only bounded below.
_BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34),
    9: (32, 36), 10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176),
    14: (256, 210), 15: (256, 292), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8),
    28: (1, 8), 30: (1, 2),
}  # fmt: skip

Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """What the file says of itself; strings are untrusted, as is."""

    unverified_values: dict[str, Value]
    tensors: int
    size: int

    def unverified_text(self, key: str) -> str:
        """A string value, or ""."""
        value = self.unverified_values.get(key, "")
        return value if isinstance(value, str) else ""


def read_header(path: Path) -> GgufHeader:
    """Parse and check the header of a GGUF file.

    Raises ``ModelMissing`` if it cannot be read, ``ModelInvalid`` if it is no GGUF, its
    counts or lengths are absurd, or its tensors lie outside the file.
    """
    try:
        if not path.is_file():
            raise ModelMissing("The model's file is not there.")
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            return _Reader(file, size).header()
    except OSError as error:
        raise ModelMissing("The model's file is not there or cannot be read.") from error


class _Reader:
    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size
        self._read = 0

    def header(self) -> GgufHeader:
        if self._take(4) != MAGIC:
            raise ModelInvalid("The file is not a GGUF model.")
        if self._number("I") not in VERSIONS:
            raise ModelInvalid("The file is of a GGUF version this program does not know.")
        tensors, pairs = self._number("Q"), self._number("Q")
        if not 0 < tensors <= MAX_TENSORS or pairs > MAX_PAIRS:
            raise ModelInvalid("The model's header has absurd counts.")
        values: dict[str, Value] = {}
        for _ in range(pairs):
            key = self._string(MAX_KEY)
            value = self._value(self._number("I"))
            if key is not None and value is not None:
                values[key] = value
        furthest = max(self._tensor() for _ in range(tensors))
        self._check_end(values, furthest)
        return GgufHeader(values, tensors, self._size)

    def _check_end(self, values: dict[str, Value], furthest: int) -> None:
        alignment = values.get("general.alignment", 32)
        if not isinstance(alignment, int) or not 0 < alignment <= 2**20:
            raise ModelInvalid("The model's header has an absurd alignment.")
        start = -(-self._read // alignment) * alignment
        if start + furthest > self._size:
            raise ModelInvalid("The model's file is cut short.")

    def _tensor(self) -> int:
        """The end of a tensor's data, from the start of the data."""
        self._string(MAX_KEY)
        dimensions = self._number("I")
        if dimensions > MAX_DIMENSIONS:
            raise ModelInvalid("The model's header has absurd tensors.")
        weights = 1
        for _ in range(dimensions):
            weights *= self._number("Q")
        kind, offset = self._number("I"), self._number("Q")
        if weights > 2**45 or offset > 2**45:
            raise ModelInvalid("The model's header has absurd tensors.")
        per_block, block = _BLOCKS.get(kind, (256, 32))
        return int(offset) + weights // per_block * block

    def _value(self, kind: int, depth: int = 0) -> Value | None:
        if kind in _SCALARS:
            return self._number(_SCALARS[kind])
        if kind == _STRING:
            return self._string(MAX_STRING)
        if kind == _ARRAY and depth == 0:
            self._skip_array()
            return None
        raise ModelInvalid("The model's header has a value of unknown type.")

    def _skip_array(self) -> None:
        kind, count = self._number("I"), self._number("Q")
        if count > MAX_ARRAY:
            raise ModelInvalid("The model's header has absurd counts.")
        if kind in _SCALARS:
            self._skip(count * struct.calcsize("<" + _SCALARS[kind]))
        elif kind == _STRING:
            for _ in range(count):
                self._skip(self._number("Q"))
        else:
            raise ModelInvalid("The model's header has a value of unknown type.")

    def _string(self, limit: int) -> str | None:
        length = self._number("Q")
        if length > limit:
            raise ModelInvalid("The model's header has an absurd string.")
        if length > KEPT:
            self._skip(length)
            return None
        return self._take(length).decode("utf-8", "replace")

    def _number(self, code: str) -> int:
        form = "<" + code
        value: int = struct.unpack(form, self._take(struct.calcsize(form)))[0]
        return value

    def _skip(self, count: int) -> None:
        self._book(count)
        self._file.seek(count, 1)

    def _take(self, count: int) -> bytes:
        self._book(count)
        data = self._file.read(count)
        if len(data) != count:
            raise ModelInvalid("The model's file is cut short.")
        return data

    def _book(self, count: int) -> None:
        self._read += count
        if self._read > self._size:
            raise ModelInvalid("The model's file is cut short.")
        if self._read > MAX_HEADER:
            raise ModelInvalid("The model's header is too long.")
