"""Choosing among candidates, and which comparison would teach the most.

Each candidate is scored by the profile and by the stated wishes that apply; the best is
shown, with reasons. No reward steers the decoding: the candidates are ordinary answers.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.personal.dimensions import DIMENSIONS, ENDS, Dimension, measure
from assistant.personal.features import Features, features
from assistant.personal.profile import Profile
from assistant.personal.styles import Style, Wish, read_wishes

WISH_WEIGHT = 1.0
"""A stated wish outweighs anything learned: it is the user's own word."""

_BY_STYLE = {ENDS[d].style: index for index, d in enumerate(DIMENSIONS)}


@dataclass(frozen=True, slots=True)
class Choice:
    """The index of the chosen candidate, every score, and why in a few words."""

    index: int
    scores: tuple[float, ...]
    reasons: tuple[str, ...]


def choose(candidates: Sequence[str], profile: Profile, preferences: Sequence[str] = ()) -> Choice:
    """Pick one of one to three candidates; equal scores pick the first.

    ``preferences`` are the texts that stand beside the question. Raises ValueError for no
    candidates. An empty candidate is never chosen over one with text.
    """
    if not candidates:
        raise ValueError("there is nothing to choose from")
    wishes = _wishes(preferences)
    parts = [_parts(text, profile, wishes) for text in candidates]
    scores = tuple(
        sum(part.values()) if text.strip() else -math.inf
        for part, text in zip(parts, candidates, strict=True)
    )
    best = max(range(len(candidates)), key=lambda i: (scores[i], -i))
    return Choice(best, scores, _reasons(parts, best))


def most_informative(candidates: Sequence[str], profile: Profile) -> tuple[int, int]:
    """The pair whose comparison the profile is least sure about. Needs two candidates."""
    covariance = profile.learned.posterior.covariance
    measured = [measure(text) for text in candidates]

    def unsure(pair: tuple[int, int]) -> float:
        x = [a - b for a, b in zip(measured[pair[0]], measured[pair[1]], strict=True)]
        return sum(x[i] * covariance[i][j] * x[j] for i in range(len(x)) for j in range(len(x)))

    pairs = list(itertools.combinations(range(len(candidates)), 2))
    if not pairs:
        raise ValueError("a comparison needs two candidates")
    return max(pairs, key=lambda pair: (unsure(pair), (-pair[0], -pair[1])))


def _wishes(preferences: Sequence[str]) -> tuple[Wish, ...]:
    found = (wish for text in preferences for wish in read_wishes(" ".join(text.split())))
    return tuple(dict.fromkeys(wish for wish in found if wish.direction))


def _parts(text: str, profile: Profile, wishes: Sequence[Wish]) -> dict[str, float]:
    """What each dimension and each wish adds to a candidate's score, by its name."""
    measured = measure(text)
    parts = {
        _name(d, weight): weight * measured[i]
        for i, (d, weight) in enumerate(zip(DIMENSIONS, profile.weights, strict=True))
        if weight
    }
    f = features(text)
    for wish in wishes:
        name = f"{'more' if wish.direction > 0 else 'less'} {wish.style.value}, as you asked"
        parts[name] = WISH_WEIGHT * wish.direction * _amount(wish.style, f, measured)
    return parts


def _amount(style: Style, f: Features, measured: tuple[float, ...]) -> float:
    """How much of a style an answer has; presence counts, not quantity, beyond the profile's."""
    present = {
        Style.HEADINGS: f.headings > 0,
        Style.QUESTION: f.asks_last,
        Style.BRACKETS: f.brackets > 0,
        Style.EXCLAMATION: f.exclamations > 0,
        Style.GREETING: f.opening or f.closing,
        Style.EMOJI: f.emoji > 0,
        Style.EXAMPLES: f.examples > 0,
        Style.CODE_FIRST: f.code_first is True,
    }
    if style in present:
        return float(present[style])
    return measured[_BY_STYLE[style]] if style in _BY_STYLE else 0.0


def _name(dimension: Dimension, weight: float) -> str:
    return ENDS[dimension].low if weight < 0 else ENDS[dimension].high


def _reasons(parts: Sequence[dict[str, float]], best: int) -> tuple[str, ...]:
    """Where the chosen one beats the average of the others, the strongest first."""
    others = [part for index, part in enumerate(parts) if index != best]
    if not others:
        return ()
    ahead = {
        name: value - sum(part.get(name, 0.0) for part in others) / len(others)
        for name, value in parts[best].items()
    }
    ranked = sorted(ahead.items(), key=lambda item: (-item[1], item[0]))
    return tuple(name for name, lead in ranked if lead > 0.01)[:3]
