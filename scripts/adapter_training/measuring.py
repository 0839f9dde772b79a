"""Thresholds chosen on held-back texts, and shares of texts above them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from scripts.adapter_training.corpus import Row, parts

Scores = Callable[[Sequence[str]], np.ndarray]


_ASKED = 0.025


@dataclass(frozen=True, slots=True)
class Thresholds:
    """On the logit. ``counts`` and ``rates`` say on how many texts and what stood above."""

    strict: float
    grey: float
    counts: tuple[int, int]
    rates: tuple[float, float]


def highest(scores: Scores, texts: Sequence[str]) -> np.ndarray:
    """The highest score of each text's parts: what the gate goes by."""
    if not texts:
        return np.zeros(0, dtype=np.float32)
    pieces = parts(texts)
    flat = [part for piece in pieces for part in piece]
    found = scores(flat)
    ends = np.cumsum([len(piece) for piece in pieces])[:-1]
    return np.array([part.max() for part in np.split(found, ends)])


def kth_largest(scores: np.ndarray, rate: float) -> float:
    """The conformal threshold: the k-th largest, k = floor(rate x (n + 1)); just above it."""
    allowed = int(rate * (len(scores) + 1))
    return float(np.sort(scores)[::-1][allowed - 1]) + 1e-4


def thresholds(
    everyday: np.ndarray, look_alike: np.ndarray, strict_rate: float, grey_rate: float
) -> Thresholds:
    """``strict`` lets so many of the everyday texts be stopped, ``grey`` of the look-alikes.

    The grey band asks no more of everyday texts than ``_ASKED``, whatever look-alikes allow:
    who is asked too often says yes to anything.
    """
    strict = kth_largest(everyday, strict_rate)
    grey = max(kth_largest(look_alike, grey_rate), kth_largest(everyday, _ASKED))
    grey = min(strict, grey)
    return Thresholds(
        strict,
        grey,
        (len(everyday), len(look_alike)),
        (float((everyday >= strict).mean()), float((look_alike >= grey).mean())),
    )


def by_source(
    rows: Sequence[Row], found: np.ndarray, strict: float, grey: float
) -> dict[str, tuple[int, float, float]]:
    """For each source: how many, the share at ``strict`` and at ``grey``."""
    groups: dict[str, list[float]] = {}
    for row, score in zip(rows, found, strict=True):
        harm = row.harmful and row.kind == "physical harm"
        groups.setdefault(f"{row.source}{', harmful' if harm else ''}", []).append(float(score))
    return {
        name: (
            len(group),
            float(np.mean(np.array(group) >= strict)),
            float(np.mean(np.array(group) >= grey)),
        )
        for name, group in sorted(groups.items())
    }
