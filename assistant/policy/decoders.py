"""What every decoder of hidden text shares: spans, UTF-8, and what a decoder is.

The decoders are in escapes.py and blobs.py. Each exists twice: ``decode`` over a whole text,
in C where that is possible, and ``feed``/``finish`` character by character with the span
every decoded character came from. Both follow the same rule, and a property test holds them
together. Decoded text is only ever matched, never shown, so bytes that are not UTF-8 are
dropped without a word.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from typing import Final, Protocol

from assistant.policy.canonical import FOLDS, Span
from assistant.policy.tables import Table

Piece = tuple[str, list[Span]]
NOTHING: Final[Piece] = ("", [])


class Decoder(Protocol):
    """One way of encoding text, read as a stream."""

    name: str

    def feed(self, text: str, spans: list[Span]) -> Piece:
        """What ``text`` completes, with the span of the source each character came from."""

    def finish(self) -> Piece:
        """What the end of the text completes."""

    def pending(self) -> int | None:
        """Where the oldest source not decoded yet starts."""

    def copy(self) -> Decoder:
        """An independent one in the same state."""


class Utf8:
    """Bytes to characters, with spans: UTF-8, what is not UTF-8 left out."""

    __slots__ = ("_decoder", "_spans")

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("ignore")
        self._spans: list[Span] = []

    def feed(self, data: Iterable[tuple[int, Span]]) -> Piece:
        found: list[str] = []
        places: list[Span] = []
        for byte, span in data:
            self._spans.append(span)
            char = self._decoder.decode(bytes((byte,)))
            if char:
                found.append(char)
                # A broken start in front belongs to nothing; the last bytes are the character.
                width = len(char.encode())
                places.extend([(self._spans[-width][0], span[1])] * len(char))
            if not self._decoder.getstate()[0]:
                self._spans.clear()
        return "".join(found), places

    def reset(self) -> None:
        self._decoder.reset()
        self._spans.clear()

    def pending(self) -> int | None:
        return self._spans[0][0] if self._spans else None

    def copy(self) -> Utf8:
        twin = Utf8()
        twin._decoder.setstate(self._decoder.getstate())
        twin._spans = list(self._spans)
        return twin


class _CasedFolds(dict[int, str]):
    """As the plain fold, but encoded text keeps its case and its lines."""

    def __missing__(self, point: int) -> str:
        folded = FOLDS[point]
        char = chr(point)
        if point < 128:
            folded = char
        elif 0xE0020 <= point <= 0xE007E:
            folded = chr(point - 0xE0000)
        elif 0xFF01 <= point <= 0xFF5E:
            folded = chr(point - 0xFEE0)
        self[point] = folded
        return folded


_CASED: Final = _CasedFolds()
_CASED_TABLE: Final = Table(_CASED)


def cased(text: str) -> str:
    """``text`` with invisible characters dropped and full-width ones narrowed, case kept."""
    return _CASED_TABLE.translate(text)


def cased_with_spans(text: str, spans: list[Span]) -> Piece:
    """The same, with the span of each character."""
    pairs = [
        (part, span) for char, span in zip(text, spans, strict=True) for part in _CASED[ord(char)]
    ]
    return "".join(part for part, _ in pairs), [span for _, span in pairs]
