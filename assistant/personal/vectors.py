"""Exact nearest neighbours for the few hundred preferences, without numpy.

The front process starts fast because it imports nothing heavy; a dot product over 384
floats costs about 15 µs in plain Python, so 500 preferences cost under 10 ms. The large
index (turns) lives in the memory child.
"""

from __future__ import annotations

import math
import sys
import threading
from array import array
from collections.abc import Iterable
from operator import mul

from assistant.personal.affinity import (
    Nearness,
    Point,
    asks_for_a_person,
    nearness,
    preference_point,
    question_point,
)
from assistant.personal.protocols import DIMENSIONS


class SmallIndex:
    """A thread-safe ``Index`` held in this process; empty until it is filled."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._vectors: dict[str, array[float]] = {}
        self._points: dict[str, Point] = {}

    def put(self, key: str, vector: bytes) -> None:
        """Add or replace. Raises ValueError unless it is a finite non-zero vector."""
        unit = unit_vector(vector)
        with self._lock:
            self._vectors[key] = unit
            self._points.pop(key, None)

    def remove(self, keys: Iterable[str]) -> None:
        """Forget these keys, whether present or not."""
        with self._lock:
            for key in keys:
                self._vectors.pop(key, None)
                self._points.pop(key, None)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._vectors.clear()
            self._points.clear()

    def __len__(self) -> int:
        return len(self._vectors)

    def query(self, vector: bytes, k: int) -> list[tuple[str, float]]:
        """The ``k`` nearest, best first; equal ones in the order of their keys."""
        wanted = unit_vector(vector)
        with self._lock:
            held = list(self._vectors.items())
        scored = [(key, _dot(wanted, each)) for key, each in held]
        return sorted(scored, key=lambda item: (-item[1], item[0]))[:k]

    def nearness(self, vector: bytes) -> dict[str, Nearness]:
        """How near a question lies to every stored preference."""
        asked = question_point(unit_vector(vector))
        asks = asks_for_a_person(asked)
        return {key: nearness(asked, point, asks) for key, point in self.mapped().items()}

    def mapped(self) -> dict[str, Point]:
        """Every preference in the learnt map.

        One is mapped when first asked for (a millisecond each), so that opening a vault does
        not wait for it; whoever asks in the background spares the first question that.
        """
        with self._lock:
            for key, unit in self._vectors.items():
                if key not in self._points:
                    self._points[key] = preference_point(unit)
            return dict(self._points)

    def cosine(self, left: str, right: str) -> float | None:
        """How alike two stored items are, or None if one is not here."""
        with self._lock:
            a, b = self._vectors.get(left), self._vectors.get(right)
        return None if a is None or b is None else _dot(a, b)


def unit_vector(vector: bytes) -> array[float]:
    """Parse float32 little endian of ``DIMENSIONS`` values and scale to length one."""
    if len(vector) != 4 * DIMENSIONS:
        raise ValueError(f"a vector has {4 * DIMENSIONS} bytes, not {len(vector)}")
    values = array("f", vector)
    if sys.byteorder == "big":
        values.byteswap()
    length = math.sqrt(sum(map(mul, values, values)))
    if not math.isfinite(length) or length == 0.0:
        raise ValueError("a vector must be finite and not zero")
    return array("d", (v / length for v in values))


def cosine(left: bytes, right: bytes) -> float:
    """How alike two stored vectors are, from -1 to 1. Raises ValueError as ``unit_vector``.

    They are unit vectors already, so only the first is scaled anew.
    """
    return _dot(unit_vector(left), _plain(right))


def _plain(vector: bytes) -> array[float]:
    if len(vector) != 4 * DIMENSIONS:
        raise ValueError(f"a vector has {4 * DIMENSIONS} bytes, not {len(vector)}")
    values = array("f", vector)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def _dot(a: array[float], b: array[float]) -> float:
    product: float = sum(map(mul, a, b))
    return max(-1.0, min(1.0, product))
