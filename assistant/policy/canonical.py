"""The plain view: one text behind the many ways of writing it.

Each character folds by itself (NFKD, marks stripped, ignorable characters dropped, tag
characters decoded, case folded, look-alikes read as the letter they imitate), so a stream
folds the same however it is cut; only runs of white space need to look back. NFKD with its
marks stripped gives the same as NFKC with its marks stripped, and composes nothing.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from assistant.policy.confusables import READINGS
from assistant.policy.tables import LONG, Table, text_of

Span = tuple[int, int]

# Default_Ignorable_Code_Point of Unicode's DerivedCoreProperties.txt; tags are read below.
_IGNORABLE: Final = (
    (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5),
    (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164),
    (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8),
    (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip
# Scripts written without spaces: a word boundary there is nothing a reader would see.
_UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
    "\uac00-\ud7ff\U00020000-\U0003ffff]"
)
_PUNCTUATION: Final = {
    **dict.fromkeys("‘’‚‛ʼ′`´", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−⁃", "-"),
    "\u2800": " ",
}
_LETTERS: Final = {
    chr(int(code, 16)): reading for reading, codes in READINGS.items() for code in codes.split()
}
_MAX_UNFOLDED: Final = 4
_UNSEEN: Final = frozenset(
    point for low, high in _IGNORABLE for point in range(low, min(high, 0xFFFF) + 1)
)
# Private use, unassigned, and letters without case, marks or parts: most of Unicode.
_PLAIN_KINDS: Final = frozenset({"Co", "Cn", "Cs", "Lo", "So"})


class _Folds(dict[int, str]):
    """Code point to folded text, worked out once for each character met."""

    def __missing__(self, point: int) -> str:
        folded = fold_character(chr(point))
        self[point] = folded
        return folded


def fold_character(char: str) -> str:
    """What one character reads as; empty for one that is not seen."""
    point = ord(char)
    if 0xE0000 <= point <= 0xE0FFF:
        return fold_character(chr(point - 0xE0000)) if 0x20 <= point & 0xFFF <= 0x7E else ""
    if point in _UNSEEN or 0x1BCA0 <= point <= 0x1BCA3 or 0x1D173 <= point <= 0x1D17A:
        return ""
    if char in _PUNCTUATION:
        return _PUNCTUATION[char]
    if char in _LETTERS:
        return _LETTERS[char]
    if unicodedata.category(char) in _PLAIN_KINDS and unicodedata.is_normalized("NFKD", char):
        return char
    folded = "".join(_fold_part(part) for part in unicodedata.normalize("NFKD", char))
    # A few Arabic signs unfold to whole sentences: eighteen times the text to match.
    return folded if len(folded) <= _MAX_UNFOLDED else char


def _fold_part(char: str) -> str:
    if char.isspace():
        return " "
    category = unicodedata.category(char)
    if category in ("Mn", "Me", "Cc"):
        return ""
    if char in _PUNCTUATION:
        return _PUNCTUATION[char]
    if char in _LETTERS:
        return _LETTERS[char]
    return "".join(_LETTERS.get(part, part) for part in char.casefold())


FOLDS: Final = _Folds()
_FOLD_TABLE: Final = Table(FOLDS)


def canonical(text: str) -> str:
    """The plain view of ``text``. Linear; about 2 ms for 1 MB of ASCII."""
    if len(text) >= LONG and not text.isascii():
        return _canonical_of_many(text)
    folded = _FOLD_TABLE.translate(text)
    while "  " in folded:
        folded = folded.replace("  ", " ")
    return folded


def _canonical_of_many(text: str) -> str:
    import numpy as np

    points = _FOLD_TABLE.points(text)
    space = points == ord(" ")
    again = space[1:] & space[:-1]
    if again.any():
        points = points[np.concatenate(([True], ~again))]
    return text_of(points)


class PlainFold:
    """The same as :func:`canonical`, piece by piece and with the span of each character."""

    __slots__ = ("_after_space",)

    def __init__(self) -> None:
        self._after_space = False

    def feed(self, text: str, spans: list[Span]) -> tuple[str, list[Span]]:
        """Fold ``text``, whose characters stand at ``spans``; the folded text and its spans."""
        found: list[str] = []
        places: list[Span] = []
        after_space = self._after_space
        for char, span in zip(text, spans, strict=True):
            for part in FOLDS[ord(char)]:
                if part == " " and after_space:
                    continue
                after_space = part == " "
                found.append(part)
                places.append(span)
        self._after_space = after_space
        return "".join(found), places

    def copy(self) -> PlainFold:
        """An independent one in the same state."""
        twin = PlainFold()
        twin._after_space = self._after_space
        return twin


def is_boundary(left: str, right: str) -> bool:
    """Whether a word may end between two characters of canonical text (empty: an end)."""
    if not left.isalnum() or not right.isalnum():
        return True
    return _UNSPACED.match(left) is not None or _UNSPACED.match(right) is not None


def term_forms(term: str) -> tuple[str, ...]:
    """The canonical forms of an author's term.

    Several, because a few Greek and Cyrillic capitals imitate another Latin letter than their
    small forms do, and a term must match in capitals too.
    """
    forms = (canonical(written).strip() for written in (term, term.upper(), term.title()))
    return tuple(dict.fromkeys(form for form in forms if form))
