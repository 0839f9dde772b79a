"""The views that hide behind the plain one, as pure functions over canonical text.

``leet`` maps digits and signs to the letters they imitate, one for one. ``letters`` keeps
letters only. ``runs`` keeps the letters of runs of single characters ("b.o.m b"). ROT13 and
reversal need no view: the rules themselves are turned instead (see matcher.py), so that a
stream need not be held to its end to be read backwards. Encoded text is in decoders.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from assistant.policy.tables import LONG, SignTable, Table, points_of, text_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

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
_LETTER: Final = re.compile(r"[^\W\d_]")
# In a run "!" and "|" separate more often than they spell: "b o m b!".
IN_RUN: Final[Mapping[int, str]] = {ord(sign): letter for sign, letter in _DIGITS.items()}
_RUN: Final = re.compile(r"(?<![^\W_])[^\W_](?:[\W_]{1,4}[^\W_](?![^\W_]))+")
# A run whose last character begins a longer word, and so is not in the run.
_BROKEN_RUN: Final = re.compile(
    r"(?<![^\W_])[^\W_](?:[\W_]{1,4}[^\W_](?![^\W_]))*[\W_]{1,4}[^\W_](?=[^\W_])"
)
_OPEN_RUN: Final = re.compile(r"(?<![^\W_])[^\W_](?:[\W_]{1,4}[^\W_](?![^\W_]))*[\W_]{0,4}\Z")
_ROT13: Final = SignTable(
    {
        ord(letter): turned
        for letter, turned in zip(
            "abcdefghijklmnopqrstuvwxyz", "nopqrstuvwxyzabcdefghijklm", strict=True
        )
    }
)
_LEET_TABLE: Final = SignTable(LEET)
ROT13_BYTES: Final = _ROT13.bytes
LEET_BYTES: Final = (
    _LEET_TABLE.bytes,
    SignTable({**LEET, ord("!"): " ", ord("|"): " "}).bytes,
)
"""UTF-8 read as :func:`leet` reads it but for "€", an "!" as a letter and as a sign."""
_RUN_TABLE: Final = SignTable(IN_RUN)
_RUN_GAP: Final = 4


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


class _AlphaNumeric(dict[int, str]):
    """Code point to "1" where it counts in a run as a letter or a number, to "0" elsewhere."""

    def __missing__(self, point: int) -> str:
        self[point] = "1" if point in IN_RUN or chr(point).isalnum() else "0"
        return self[point]


class _Kinds(dict[int, str]):
    """Code point to "1" for a leet sign, "a" for a letter, a space for the rest."""

    def __missing__(self, point: int) -> str:
        char = chr(point)
        letter = _LETTER.match(char) is not None
        self[point] = "1" if char in LEET_SIGNS else "a" if letter else " "
        return self[point]


_ALNUM_TABLE: Final = Table(_AlphaNumeric())
_KIND_TABLE: Final = Table(_Kinds())
_ALL_LETTERS: Final = _LettersOnly(LEET)
_LETTER_TABLE: Final = Table(_ALL_LETTERS)
_ASCII_LETTERS: Final = (
    bytes(ord(_ALL_LETTERS[point] or " ") for point in range(128)) + bytes(128),
    bytes(point for point in range(128) if _ALL_LETTERS[point] is None),
)
"""What each byte of ASCII becomes, and the ones that become nothing."""
_RUN_LETTERS: Final = _LettersOnly(IN_RUN)
_SPELLED_TABLE: Final = Table(_RUN_LETTERS)
_RUN_LINES: Final = _LettersOnly(IN_RUN)
_RUN_LINES[ord("\n")] = "\n"
_LINE_TABLE: Final = Table(_RUN_LINES)


def leet(plain: str) -> str:
    """Canonical text with leet signs read as letters, character for character."""
    return _LEET_TABLE.translate(plain)


def has_leet(plain: str) -> bool:
    """Whether some word mixes letters with leet signs; numbers alone are numbers."""
    if not any(sign in plain for sign in LEET_SIGNS):
        return False
    if len(plain) < LONG:
        return _MIXED.search(plain) is not None
    kinds = _KIND_TABLE.translate(plain)
    return "a1" in kinds or "1a" in kinds


def rot13(plain: str) -> str:
    """Canonical text with its ASCII letters turned by thirteen."""
    return _ROT13.translate(plain)


def letters(plain: str) -> str:
    """The letters of canonical text, leet signs read as letters, nothing between them."""
    if len(plain) >= LONG and plain.isascii():
        return plain.encode().translate(*_ASCII_LETTERS).decode()
    return _LETTER_TABLE.translate(plain)


def letter_places(plain: str) -> list[int]:
    """For each character of :func:`letters`, where it stands in ``plain``."""
    return [place for place, char in enumerate(plain) if _ALL_LETTERS[ord(char)] is not None]


def find_runs(plain: str) -> list[tuple[int, int]]:
    """Where runs of two or more single characters stand."""
    if len(plain) >= LONG:
        return LongRuns(plain).places()
    return [match.span() for match in _RUN.finditer(_RUN_TABLE.translate(plain))]


class LongRuns:
    """The runs of a long text, as :data:`_RUN` finds them, all at once."""

    def __init__(self, plain: str) -> None:
        import numpy as np

        self._plain = plain
        marks = np.frombuffer(_ALNUM_TABLE.translate(plain).encode(), np.uint8)
        counts: npt.NDArray[np.bool_] = marks == ord("1")
        edges = np.concatenate(([False], counts, [False]))
        starts = np.flatnonzero(edges[1:-1] & ~edges[:-2])
        single = ~edges[starts + 2] if starts.size else np.zeros(1, np.bool_)
        linked = single[:-1] & single[1:] & (np.diff(starts) <= _RUN_GAP + 1)
        sides = np.diff(np.concatenate(([False], linked, [False])).astype(np.int8))
        self._firsts = starts[np.flatnonzero(sides == 1)]
        self._lasts = starts[np.flatnonzero(sides == -1)] + 1

    def places(self) -> list[tuple[int, int]]:
        """Where each starts and ends."""
        return list(zip(self._firsts.tolist(), self._lasts.tolist(), strict=True))

    def lines(self) -> str:
        """:func:`run_lines` of them."""
        import numpy as np

        sides = np.zeros(len(self._plain) + 1, np.int8)
        sides[self._firsts], sides[self._lasts] = 1, -1
        # What stands behind a run is no part of it and becomes the end of its line.
        inside = np.cumsum(sides, dtype=np.int8).astype(np.bool_)
        inside[self._lasts] = True
        points = np.append(points_of(self._plain), np.uint32(ord("\n")))
        points[self._lasts] = ord("\n")
        return _LINE_TABLE.translate(text_of(points[inside]))


def find_broken_runs(plain: str) -> list[tuple[int, int]]:
    """Where runs would end if the word that follows them ended after its first character."""
    return [match.span() for match in _BROKEN_RUN.finditer(_RUN_TABLE.translate(plain))]


def open_run(plain: str) -> int | None:
    """Where a run that may still go on starts, or ``None``."""
    match = _OPEN_RUN.search(_RUN_TABLE.translate(plain))
    return None if match is None else match.start()


def run_letters(plain: str) -> str:
    """The letters of a run."""
    return _SPELLED_TABLE.translate(plain)


def run_lines(runs: Sequence[str]) -> str:
    """The letters of each run on a line of its own."""
    return _LINE_TABLE.translate("\n".join(runs))


def run_places(plain: str) -> list[int]:
    """For each character of :func:`run_letters`, where it stands in ``plain``."""
    return [place for place, char in enumerate(plain) if _RUN_LETTERS[ord(char)] is not None]
