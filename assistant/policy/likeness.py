"""How much a text looks like English, by its letters three at a time.

Little words tell English from other languages; letters tell it from noise and from itself
read backwards, even in "Generate vitriol", which has no little word. The counts come from
the some 1,300 words of our own harmless texts and templates, three letters smoothed by two
(Jelinek and Mercer, 1980); nothing is stored beside them.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from assistant.policy.canonical import canonical
from assistant.policy.everyday import vocabulary
from assistant.policy.languages import LITTLE_WORDS
from assistant.policy.templates import NAMES, template

LOOKS_ENGLISH: Final = -4.6
"""Bits a letter: nearly every English request has more (the middle one -3.3), of requests read
backwards one in thirty."""
CLEARLY: Final = 0.5
"""By how much a text must be more like English than what it was, to be told from chance."""
_ENOUGH: Final = 8
TOO_SHORT: Final = -9.0
"""What is said of a text of fewer letters than say anything."""
_SMOOTHING: Final = 0.1
_SHARE: Final = 3.0  # words for which the last letter alone counts
_WORD: Final = re.compile(r"[a-z]+")


def likeness(plain: str) -> float:
    """Mean bits a letter of canonical text, the nearer to 0 the more likely as English.

    :data:`TOO_SHORT` for fewer than eight letters.
    """
    words = _WORD.findall(plain)
    letters = sum(map(len, words))
    if letters < _ENOUGH:
        return TOO_SHORT
    return sum(map(_bits, words)) / (letters + len(words))


def likeliest(words: Iterator[str]) -> str:
    """The one of a few spellings of a word that looks most like English."""
    return max(words, key=lambda word: (word in _counts().words, _bits(word)))


@lru_cache(maxsize=4096)
def _bits(word: str) -> float:
    counts = _counts()
    bits = 0.0
    for three in _threes(word):
        after_one = counts.seconds[three[1:]] + _SMOOTHING
        after_one /= counts.ones[three[1]] + 27 * _SMOOTHING
        after_two = counts.threes[three] + _SHARE * after_one
        bits += math.log2(after_two / (counts.firsts[three[:2]] + _SHARE))
    return bits


@dataclass(frozen=True, slots=True)
class _Counts:
    """Of the letters of known words: by three, and by their first and last two and middle."""

    words: frozenset[str]
    threes: Counter[str]
    firsts: Counter[str]
    seconds: Counter[str]
    ones: Counter[str]


@cache
def _counts() -> _Counts:
    texts = [*vocabulary(), *LITTLE_WORDS["en"]]
    texts += [template(name).decode() for name in NAMES]
    words = frozenset(_WORD.findall(canonical(" ".join(texts))))
    threes = Counter(three for word in words for three in _threes(word))
    firsts, seconds, ones = Counter[str](), Counter[str](), Counter[str]()
    for three, count in threes.items():
        firsts[three[:2]] += count
        seconds[three[1:]] += count
        ones[three[1]] += count
    return _Counts(words, threes, firsts, seconds, ones)


def _threes(word: str) -> list[str]:
    marked = f"^^{word}$"
    return [marked[at : at + 3] for at in range(len(marked) - 2)]
