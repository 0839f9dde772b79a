"""Adapters: a fine-tuned binary head with small changes to an encoder's upper layers.

One file is, all numbers little-endian::

    8 bytes   "bounds-A"
    6 x u16   format (1), first changed layer, changed layers, width, inner width, 0
    layers    per layer six matrices (query, key, value, attention output, intermediate,
              output), each: float32 step per row, then two 4-bit codes a byte, the earlier
              in the low half; a weight changes by step x (code - 8);
              then ten vectors of float16 changes: the bias of each matrix in that order,
              and scale and shift of the two normalisations
    head      float32 weights (width), float32 bias

Nothing else: the header fixes the length. Text goes through the encoder's lower layers as
they are, the changed upper layers, the mean over its tokens and the head, which gives one
logit a text. Which encoder the changes belong to is for whoever sends them to say.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from assistant.errors import ModelInvalid

Array = npt.NDArray[np.float32]

MAGIC: Final = b"bounds-A"
FORMAT: Final = 1
MAX_ADAPTER: Final = 12 * 1024 * 1024
"""Longest file read; the packaged one has 3.6 MB."""

_HEADER: Final = struct.Struct("<8s6H")
_MAX_LAYERS: Final = 48
_MAX_WIDTH: Final = 4096
_LARGEST: Final = 1e4
MATRICES: Final = (
    "attention.self.query", "attention.self.key", "attention.self.value",
    "attention.output.dense", "intermediate.dense", "output.dense",
)  # fmt: skip
NORMALISATIONS: Final = ("attention.output.LayerNorm", "output.LayerNorm")


@dataclass(frozen=True, slots=True)
class Shape:
    """Which layers are changed, and how wide they are."""

    first: int
    layers: int
    width: int
    inner: int

    def matrix(self, name: str) -> tuple[int, int]:
        """Rows and columns of one matrix of a layer."""
        if name == "intermediate.dense":
            return self.inner, self.width
        return (self.width, self.inner) if name == "output.dense" else (self.width, self.width)

    def vectors(self) -> tuple[tuple[str, int], ...]:
        """The vectors of a layer in file order, with their lengths."""
        biases = tuple((f"{name}.bias", self.matrix(name)[0]) for name in MATRICES)
        norms = tuple((f"{name}.{part}", self.width)
                      for name in NORMALISATIONS for part in ("weight", "bias"))  # fmt: skip
        return biases + norms

    @property
    def length(self) -> int:
        """Bytes of a file of this shape."""
        sizes = [self.matrix(name) for name in MATRICES]
        matrices = sum(4 * rows + rows * columns // 2 for rows, columns in sizes)
        vectors = sum(2 * size for _, size in self.vectors())
        return _HEADER.size + self.layers * (matrices + vectors) + 4 * (self.width + 1)


@dataclass(frozen=True, slots=True)
class Adapter:
    """Changes by the name of the tensor they are added to, and the head."""

    shape: Shape
    changes: Mapping[str, Array]
    head: Array
    bias: float


def read_adapter(data: bytes) -> Adapter:
    """The adapter in ``data``.

    Raises:
        ModelInvalid: too long, another format, cut short, or a number out of place.
    """
    shape = _shape(data)
    reader = _Reader(data, _HEADER.size)
    changes: dict[str, Array] = {}
    for layer in range(shape.first, shape.first + shape.layers):
        prefix = f"encoder.layer.{layer}."
        for name in MATRICES:
            changes[f"{prefix}{name}.weight"] = reader.matrix(*shape.matrix(name))
        for name, size in shape.vectors():
            changes[prefix + name] = reader.numbers("<f2", size)
    head = reader.numbers("<f4", shape.width)
    return Adapter(shape, changes, head, float(reader.numbers("<f4", 1)[0]))


def _shape(data: bytes) -> Shape:
    if len(data) > MAX_ADAPTER or len(data) < _HEADER.size:
        raise ModelInvalid("An adapter has an impossible length.")
    magic, version, first, layers, width, inner, reserved = _HEADER.unpack_from(data)
    if magic != MAGIC or version != FORMAT or reserved != 0:
        raise ModelInvalid("That is not an adapter this program can read.")
    shape = Shape(first, layers, width, inner)
    fits = layers > 0 and first + layers <= _MAX_LAYERS
    sized = all(0 < size <= _MAX_WIDTH and size % 2 == 0 for size in (width, inner))
    if not fits or not sized or len(data) != shape.length:
        raise ModelInvalid("An adapter's length is not the one its header names.")
    return shape


class _Reader:
    """Numbers one after the other; every one finite and of sane size."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self._at = at

    def numbers(self, kind: str, count: int) -> Array:
        raw = np.frombuffer(self._data, dtype=kind, count=count, offset=self._at)
        self._at += raw.nbytes
        found = raw.astype(np.float32)
        # NaN fails the comparison too.
        if not bool((np.abs(found) <= _LARGEST).all()):
            raise ModelInvalid("An adapter holds a number that is none.")
        return found

    def matrix(self, rows: int, columns: int) -> Array:
        steps = self.numbers("<f4", rows)
        packed = np.frombuffer(self._data, np.uint8, rows * columns // 2, self._at)
        self._at += packed.nbytes
        codes = np.empty((packed.size, 2), dtype=np.float32)
        codes[:, 0] = packed & 15
        codes[:, 1] = packed >> 4
        codes -= np.float32(8)
        return np.asarray(codes.reshape(rows, columns) * steps[:, None], dtype=np.float32)
