"""The views that hide behind the plain one, as pure functions over canonical text.

``leet`` maps digits and signs to the letters they imitate, one for one. ``letters`` keeps
letters only. ``runs`` keeps the letters of runs of single characters ("b.o.m b"). ROT13 and
reversal need no view: the rules themselves are turned instead (see matcher.py), so that a
stream need not be held to its end to be read backwards. Encoded text is in decoders.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

# "1" stands for i as often as for l, so both become i, in the rules as in the text.
_DIGITS: Final = {
    "l": "i", "1": "i", "0": "o", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "6": "g",
    "9": "g", "2": "z", "@": "a", "$": "s", "€": "e",
}  # fmt: skip
LEET_SIGNS: Final = "0123456789@$€!|"
LEET: Final[Mapping[int, str]] = {
    ord(sign): letter for sign, letter in {**_DIGITS, "!": "i", "|": "i"}.items()
}
_MIXED: Final = re.compile(r"[^\W\d_][0-9!|@$€]|[0-9!|@$€][^\W\d_]")
# In a run "!" and "|" separate more often than they spell: "b o m b!".
IN_RUN: Final[Mapping[int, str]] = {ord(sign): letter for sign, letter in _DIGITS.items()}
_RUN: Final = re.compile(r"(?<![^\W_])[^\W_](?:[\W_]{1,4}[^\W_](?![^\W_]))+")
# A run whose last character begins a longer word, and so is not in the run.
_BROKEN_RUN: Final = re.compile(
    r"(?<![^\W_])[^\W_](?:[\W_]{1,4}[^\W_](?![^\W_]))*[\W_]{1,4}[^\W_](?=[^\W_])"
)
_OPEN_RUN: Final = re.compile(r"(?<![^\W_])[^\W_](?:[\W_]{1,4}[^\W_](?![^\W_]))*[\W_]{0,4}\Z")
_ROT13: Final = str.maketrans("abcdefghijklmnopqrstuvwxyz", "nopqrstuvwxyzabcdefghijklm")


class _LettersOnly(dict[int, str | None]):
    """Code point to its letter after leet mapping, or to nothing."""

    def __init__(self, mapping: Mapping[int, str]) -> None:
        super().__init__()
        self._mapping = mapping

    def __missing__(self, point: int) -> str | None:
        mapped = self._mapping.get(point, chr(point))
        found = mapped if mapped.isalpha() else None
        self[point] = found
        return found


_ALL_LETTERS: Final = _LettersOnly(LEET)
_RUN_LETTERS: Final = _LettersOnly(IN_RUN)


def leet(plain: str) -> str:
    """Canonical text with leet signs read as letters, character for character."""
    return plain.translate(LEET)


def has_leet(plain: str) -> bool:
    """Whether some word mixes letters with leet signs; numbers alone are numbers."""
    return any(sign in plain for sign in LEET_SIGNS) and _MIXED.search(plain) is not None


def rot13(plain: str) -> str:
    """Canonical text with its ASCII letters turned by thirteen."""
    return plain.translate(_ROT13)


def letters(plain: str) -> str:
    """The letters of canonical text, leet signs read as letters, nothing between them."""
    return plain.translate(_ALL_LETTERS)


def letter_places(plain: str) -> list[int]:
    """For each character of :func:`letters`, where it stands in ``plain``."""
    return [place for place, char in enumerate(plain) if _ALL_LETTERS[ord(char)] is not None]


def find_runs(plain: str) -> list[tuple[int, int]]:
    """Where runs of two or more single characters stand."""
    return [match.span() for match in _RUN.finditer(plain.translate(IN_RUN))]


def find_broken_runs(plain: str) -> list[tuple[int, int]]:
    """Where runs would end if the word that follows them ended after its first character."""
    return [match.span() for match in _BROKEN_RUN.finditer(plain.translate(IN_RUN))]


def open_run(plain: str) -> int | None:
    """Where a run that may still go on starts, or ``None``."""
    match = _OPEN_RUN.search(plain.translate(IN_RUN))
    return None if match is None else match.start()


def run_letters(plain: str) -> str:
    """The letters of a run."""
    return plain.translate(_RUN_LETTERS)


def run_places(plain: str) -> list[int]:
    """For each character of :func:`run_letters`, where it stands in ``plain``."""
    return [place for place, char in enumerate(plain) if _RUN_LETTERS[ord(char)] is not None]
