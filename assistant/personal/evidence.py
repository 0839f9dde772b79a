"""From acts of feedback to evidence about style: recomputed each time, never patched.

A choice or an edit compares two answers to the same question, which is what the model of
taste is about. A rating of a single answer compares it with the other answers this user
rated: it counts half, and a first rating alone says nothing about style.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from assistant.personal.dimensions import DIMENSIONS, measure
from assistant.personal.feedback import comparisons, rating
from assistant.personal.logistic import Evidence
from assistant.vault.records import Feedback, Turn

RATING_WEIGHT = 0.5

Vector = tuple[float, ...]


def evidence_of(acts: Iterable[tuple[Feedback, Turn]]) -> list[Evidence]:
    """Evidence in all acts that stand; undone ones leave nothing. Oldest first."""
    standing = [(act, turn) for act, turn in acts if not act.undone]
    rated = _rated(standing)
    centre = _mean([vector for vector, _ in rated.values()])
    found: list[Evidence] = []
    for act, turn in standing:
        found += [
            Evidence(_minus(measure(pair.better), measure(pair.worse)))
            for pair in comparisons(act, turn)
        ]
        if act.id in rated:
            vector, score = rated[act.id]
            pull = (score - 50.5) / 49.5
            sign = 1.0 if pull > 0 else -1.0
            away = tuple(sign * d for d in _minus(vector, centre))
            found.append(Evidence(away, RATING_WEIGHT * abs(pull)))
    return [each for each in found if any(each.x)]


def _rated(acts: Sequence[tuple[Feedback, Turn]]) -> dict[str, tuple[Vector, int]]:
    """Each turn's last rating: who changes their mind has one opinion, not two."""
    last: dict[str, tuple[str, Vector, int]] = {}
    for act, turn in sorted(acts, key=lambda pair: (pair[0].created, pair[0].id)):
        score = rating(act)
        if score is not None and turn.answer.strip():
            last[turn.id] = (act.id, measure(turn.answer), score)
    return {identity: (vector, score) for identity, vector, score in last.values()}


def _mean(vectors: Sequence[Vector]) -> Vector:
    if not vectors:
        return tuple(0.0 for _ in DIMENSIONS)
    ordered = sorted(vectors)  # so that not even the last bit depends on the order of acts
    return tuple(sum(column) / len(ordered) for column in zip(*ordered, strict=True))


def _minus(a: Vector, b: Vector) -> Vector:
    return tuple(x - y for x, y in zip(a, b, strict=True))
