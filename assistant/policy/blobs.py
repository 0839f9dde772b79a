"""Base64 and hexadecimal, read whole or as a stream."""

from __future__ import annotations

import binascii
import re
from typing import Final

from assistant.policy.canonical import Span
from assistant.policy.decoders import NOTHING, Piece, Utf8
from assistant.policy.long_blobs import THREE_BYTES

_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_STANDARD: Final = str.maketrans("-_", "+/")
_BREAK: Final = "CgoK"  # three line feeds: keeps one blob's text from touching the next one's
_VALUE: Final = {**{char: at for at, char in enumerate(_ALPHABET)}, "-": 62, "_": 63}


class Base64:
    """Base64 of either alphabet. A line break inside it counts only where a group is whole.

    ``signs`` are the characters beside letters and digits that belong to it: with all four a
    blob may hold any byte, with none it is found next to any punctuation.
    """

    name = "base64"

    def __init__(self, signs: str) -> None:
        self._signs = signs
        self._members = frozenset(_ALPHABET[:62] + signs)
        cell = f"[A-Za-z0-9{re.escape(signs)}]"
        self._token = re.compile(rf"{cell}{{4,}}+(?:(?:\r?\n|\r){cell}++)*+")
        self._group: list[tuple[str, Span]] = []
        self._length = 0
        self._line_end = ""
        self._bytes = Utf8()

    def decode(self, text: str) -> str:
        """Everything in the text that reads as base64, each blob on a line of its own."""
        tokens: list[str] = self._token.findall(text)
        joined = "".join(tokens)
        if "\n" in joined or "\r" in joined:
            tokens = [
                part
                for token in tokens
                for part in (_lines(token) if "\n" in token or "\r" in token else (token,))
            ]
        whole = [part if not len(part) & 3 else _filled(part) for part in tokens]
        data = _BREAK.join(whole).translate(_STANDARD)
        return binascii.a2b_base64(data).decode("utf-8", "ignore") if whole else ""

    def feed(self, text: str, spans: list[Span]) -> Piece:
        """See :class:`~assistant.policy.decoders.Decoder`."""
        found: list[str] = []
        places: list[Span] = []
        for char, span in zip(text, spans, strict=True):
            if char in self._members:
                self._length += 1
                self._line_end = ""
                self._group.append((char, span))
                if len(self._group) == 4:
                    self._emit(found, places)
            elif self._length and not self._is_line_end(char):
                self._end(found, places, span)
        return "".join(found), places

    def finish(self) -> Piece:
        """See :class:`~assistant.policy.decoders.Decoder`."""
        found: list[str] = []
        places: list[Span] = []
        if self._group:
            self._end(found, places, self._group[-1][1])
        return "".join(found), places

    def pending(self) -> int | None:
        """See :class:`~assistant.policy.decoders.Decoder`."""
        bytes_from = self._bytes.pending()
        if bytes_from is not None:
            return bytes_from
        return self._group[0][1][0] if self._group else None

    def copy(self) -> Base64:
        """See :class:`~assistant.policy.decoders.Decoder`."""
        twin = Base64(self._signs)
        twin._group, twin._length = list(self._group), self._length
        twin._line_end, twin._bytes = self._line_end, self._bytes.copy()
        return twin

    def _is_line_end(self, char: str) -> bool:
        grown = self._line_end + char
        if self._group or self._length < 4 or grown not in ("\r", "\n", "\r\n"):
            return False
        self._line_end = grown
        return True

    def _emit(self, found: list[str], places: list[Span]) -> None:
        group = _filled("".join(char for char, _ in self._group))
        spans = [span for _, span in self._group]
        size = len(spans) * 3 // 4
        self._group.clear()
        data = binascii.a2b_base64(group.translate(_STANDARD))[:size]
        text, where = self._bytes.feed(
            (byte, (spans[at][0], spans[at + 1][1])) for at, byte in enumerate(data)
        )
        found.append(text)
        places.extend(where)

    def _end(self, found: list[str], places: list[Span], span: Span) -> None:
        if self._length >= 4 and self._group:
            self._emit(found, places)
        found.append("\n")
        places.append((span[0], span[0]))
        self._group.clear()
        self._length = 0
        self._line_end = ""
        self._bytes.reset()


def _lines(token: str) -> list[str]:
    """A wrapped blob as one piece as long as its lines hold whole groups."""
    lines = re.split(r"\r?\n|\r", token)
    pieces = []
    start = size = 0
    for at, line in enumerate(lines, start=1):
        size += len(line)
        if size & 3 or at == len(lines):
            if size >= 4:
                pieces.append(line if start == at - 1 else "".join(lines[start:at]))
            start, size = at, 0
    return pieces


def _filled(part: str) -> str:
    """``part`` filled to whole groups with zero bytes, its unused bits cleared.

    Left-over bits would decode to a character of their own, and stand between a word and
    its boundary.
    """
    over = len(part) & 3
    return part[:-1] + _LAST[over][part[-1]] if over else part


_LAST: Final[tuple[dict[str, str], ...]] = (
    {},
    dict.fromkeys(_VALUE, ""),
    {char: _ALPHABET[value & 0x30] + "AA" for char, value in _VALUE.items()},
    {char: _ALPHABET[value & 0x3C] + "A" for char, value in _VALUE.items()},
)
"""For what is over after whole groups of four: what its last character becomes."""

# One text of bytes: words of pairs, at most two separators between them. What no other
# reading could use is never given back (possessive), which is most of the time it takes.
_PAIRS: Final = "[0-9A-Fa-f][0-9A-Fa-f](?:[0-9A-Fa-f][0-9A-Fa-f])*+"
_HEX: Final = re.compile(
    rf"(?=[0-9A-Fa-f\\])(?:(?<![0-9A-Za-z])(?:0[xX])?|\\[xX]){_PAIRS}"
    rf"(?:(?:[^0-9A-Za-z]{{0,2}}\\[xX]|[^0-9A-Za-z]{{1,2}}(?:0[xX])?){_PAIRS})*+"
)
_BETWEEN: Final = "g"  # stands in no text of bytes
_NOT_HEX: Final = bytes(
    byte for byte in range(256) if chr(byte) not in f"0123456789abcdefABCDEF{_BETWEEN}"
)
_THREE_BYTES: Final = re.compile(THREE_BYTES)
_DIGITS: Final = frozenset("0123456789abcdefABCDEF")


class Hexadecimal:
    r"""Hexadecimal bytes: words of them, with ``0x`` or ``\x`` before or not.

    A word counts from its start as far as it is hexadecimal; words at most two separators
    apart read on, anything else between them breaks the text.
    """

    name = "hex"

    def __init__(self) -> None:
        self._digit: tuple[str, Span] | None = None
        self._alive = False  # inside the hexadecimal start of a word
        self._word = ""  # the word so far, as far as it matters
        self._since = ""  # what stood since the last byte, as far as it matters
        self._start = 0  # where in that the reading of the next byte started
        self._any = False
        self._bytes = Utf8()

    @staticmethod
    def decode(text: str) -> str:
        """Everything in the text that reads as hexadecimal bytes."""
        if _THREE_BYTES.search(text) is None:
            return ""
        found = _BETWEEN.join(_HEX.findall(text)).replace("0x", "").replace("0X", "")
        digits = found.encode("ascii", "ignore").translate(None, _NOT_HEX)
        return binascii.unhexlify(digits.replace(b"g", b"0a")).decode("utf-8", "ignore")

    def feed(self, text: str, spans: list[Span]) -> Piece:
        """See :class:`~assistant.policy.decoders.Decoder`."""
        found: list[str] = []
        places: list[Span] = []
        for char, span in zip(text, spans, strict=True):
            self._step(char, span, found, places)
        return "".join(found), places

    def finish(self) -> Piece:
        """See :class:`~assistant.policy.decoders.Decoder`."""
        return NOTHING

    def pending(self) -> int | None:
        """See :class:`~assistant.policy.decoders.Decoder`."""
        bytes_from = self._bytes.pending()
        if bytes_from is not None:
            return bytes_from
        return self._digit[1][0] if self._digit else None

    def copy(self) -> Hexadecimal:
        """See :class:`~assistant.policy.decoders.Decoder`."""
        twin = Hexadecimal()
        twin._digit, twin._alive, twin._word = self._digit, self._alive, self._word
        twin._since, twin._start, twin._any = self._since, self._start, self._any
        twin._bytes = self._bytes.copy()
        return twin

    def _step(self, char: str, span: Span, found: list[str], places: list[Span]) -> None:
        if not _is_word(char):
            self._word, self._alive, self._digit = ("\\" if char == "\\" else ""), False, None
            self._note(char)
            return
        first = self._word in ("", "\\")
        if char in "xX" and self._word in ("\\", "0"):
            self._alive, self._digit = True, None
            self._start = max(len(self._since) - 1, 0)
        elif char not in _DIGITS or not (first or self._alive):
            self._alive, self._digit = False, None
        elif self._digit is None:
            if first:
                self._start = len(self._since)
            self._alive, self._digit = True, (char, span)
        else:
            self._byte(char, span, found, places)
            self._word = (self._word + char)[:3]
            return
        kept = self._word if char in "xX" else self._word.removeprefix("\\")
        self._word = (kept + char)[:3]
        self._note(char)

    def _note(self, char: str) -> None:
        if len(self._since) < _ENOUGH:
            self._since += char
        if not self._alive and (len(self._since) > 3 or any(map(_is_word, self._since))):
            # Whatever byte comes next starts a new text: half a character is waiting in vain.
            self._bytes.reset()

    def _byte(self, char: str, span: Span, found: list[str], places: list[Span]) -> None:
        digit, begun = self._digit or (char, span)
        between = self._since[: self._start]
        if self._any and (len(between) > 2 or any(_is_word(part) for part in between)):
            found.append("\n")
            places.append((begun[0], begun[0]))
            self._bytes.reset()
        text, where = self._bytes.feed([(int(digit + char, 16), (begun[0], span[1]))])
        found.append(text)
        places.extend(where)
        self._digit, self._since, self._start, self._any = None, "", 0, True


_ENOUGH: Final = 8


def _is_word(char: str) -> bool:
    return char.isascii() and char.isalnum()
