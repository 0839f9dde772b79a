"""How near a question lies to a preference, in a map learnt for exactly that.

An embedding puts sentences side by side that look alike, and two preferences look more
alike than a preference and the question it matters for. So the mean of each kind is taken
off, and a low-rank map (one for questions, one for preferences) brings together what
belongs together. The same file holds the weights that tell a question which asks something
for *this* person from one that asks for a fact or a text. Learnt by ``scripts/relevance``
on pairs written for this project.

Plain Python: the front process imports nothing heavy. A text costs about a millisecond
once, a comparison some 20 µs.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from operator import mul

from assistant.personal.protocols import DIMENSIONS

RANK = 64
CENTRED = 0.3
"""Weight of the plain centred cosine beside the learnt one: it tells apart preferences of
one field, where the map has seen too few pairs."""

Row = list[float]


@dataclass(frozen=True, slots=True)
class Nearness:
    """``cosine`` of the two embeddings; ``affinity`` in the learnt map (about -1 to 1.3);
    ``asks``: log odds that the question asks something for a person."""

    cosine: float
    affinity: float
    asks: float


@dataclass(frozen=True, slots=True)
class Point:
    """A text in the map: unit vectors without the mean of its kind, and what was taken off."""

    centred: Row
    mapped: Row
    length: float
    offset: float


@dataclass(frozen=True, slots=True)
class _Map:
    question_mean: Row
    preference_mean: Row
    asks: Row
    bias: float
    means: float
    questions: tuple[Row, ...]
    preferences: tuple[Row, ...]


def question_point(unit: Sequence[float]) -> Point:
    """Where a question with this embedding (of length one) lies."""
    learnt = _learnt()
    return _point(unit, learnt.question_mean, learnt.questions, _dot(unit, learnt.preference_mean))


def preference_point(unit: Sequence[float]) -> Point:
    """Where a preference with this embedding (of length one) lies."""
    learnt = _learnt()
    return _point(
        unit, learnt.preference_mean, learnt.preferences, _dot(unit, learnt.question_mean)
    )


def asks_for_a_person(question: Point) -> float:
    """Log odds that a question asks something for a person, rather than a fact or a text."""
    learnt = _learnt()
    return _dot(question.centred, learnt.asks) + learnt.bias


def nearness(question: Point, preference: Point, asks: float) -> Nearness:
    """Both measures of one pair; ``asks`` is what ``asks_for_a_person`` says of the question."""
    near = _dot(question.centred, preference.centred)
    lengths = question.length * preference.length
    cosine = lengths * near + question.offset + preference.offset - _learnt().means
    affinity = _dot(question.mapped, preference.mapped) + CENTRED * near
    return Nearness(max(-1.0, min(1.0, cosine)), affinity, asks)


def _point(unit: Sequence[float], mean: Row, rows: Sequence[Row], offset: float) -> Point:
    centred, length = _scaled([u - m for u, m in zip(unit, mean, strict=True)])
    mapped, _ = _scaled([_dot(row, centred) for row in rows])
    return Point(centred, mapped, length, offset)


def _scaled(row: Sequence[float]) -> tuple[Row, float]:
    length = math.sqrt(_dot(row, row))
    return [value / length for value in row] if length else list(row), length


def _dot(a: Sequence[float], b: Sequence[float]) -> float:
    product: float = sum(map(mul, a, b))
    return product


@cache
def _learnt() -> _Map:
    packed = files("assistant.personal").joinpath("affinity.f16").read_bytes()
    values = struct.unpack(f"<{len(packed) // 2}e", packed)
    rows = [list(values[at : at + DIMENSIONS]) for at in range(0, len(values), DIMENSIONS)]
    question_mean, preference_mean, asks, bias = rows[:4]
    return _Map(
        question_mean,
        preference_mean,
        asks,
        bias[0],
        _dot(question_mean, preference_mean),
        tuple(rows[4 : 4 + RANK]),
        tuple(rows[4 + RANK :]),
    )
