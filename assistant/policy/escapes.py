"""URL escapes, HTML entities and "+" for spaces, read whole or as a stream."""

from __future__ import annotations

import re
from html.entities import html5
from typing import Final

from assistant.policy.canonical import Span
from assistant.policy.decoders import Piece, Utf8
from assistant.policy.long_blobs import long_percent
from assistant.policy.tables import LONG

# Each choice starts with its sign, so that ``re`` runs to the next sign at full speed.
_ESCAPE: Final = re.compile(
    r"%[0-9A-Fa-f][0-9A-Fa-f](?:%[0-9A-Fa-f][0-9A-Fa-f])*+"
    r"|&(?:#[0-9]{1,7};?|#[xX][0-9A-Fa-f]{1,6};?|[A-Za-z][A-Za-z0-9]{1,30};)"
    r"|\+(?<=[^\W_]\+)(?=[^\W_])"
)
_SPLIT: Final = re.compile(f"({_ESCAPE.pattern})")
_UNFINISHED: Final = re.compile(
    r"(?:%[0-9A-Fa-f]?|&(?:#[0-9]{0,7}|#[xX][0-9A-Fa-f]{0,6}|[A-Za-z][A-Za-z0-9]{0,30})?|\+)\Z"
)


def _entity(found: str) -> str:
    name = found[1:].rstrip(";")
    if not name.startswith("#"):
        return html5.get(name + ";", found)
    base = 16 if name[1] in "xX" else 10
    point = int(name[2:] if base == 16 else name[1:], base)
    return chr(point) if 0 < point <= 0x10FFFF and not 0xD800 <= point <= 0xDFFF else ""


def _unescape(text: str) -> str:
    if text[0] == "%":
        return bytes.fromhex(text.replace("%", "")).decode("utf-8", "ignore")
    return " " if text == "+" else _entity(text)


def _encodable(text: str) -> bool:
    """Whether there is no half of a surrogate pair in it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _percent_only(text: str) -> str:
    # All but the escapes is valid, so the whole reads as its runs of escapes do one by one.
    data = text.encode()
    read = long_percent(data)
    return "" if read == data else read.decode("utf-8", "ignore")


class _Readings(dict[str, str]):
    """Each escape once: a long text repeats them."""

    def __missing__(self, escape: str) -> str:
        self[escape] = _unescape(escape)
        return self[escape]


class Escapes:
    """URL escapes, HTML entities, and "+" between words."""

    name = "escaped"

    def __init__(self, before: str = "") -> None:
        """``before`` is the character that stood in front of the text."""
        self._text = ""
        self._spans: list[Span] = []
        self._before = before
        self._bytes = Utf8()

    @staticmethod
    def decode(text: str) -> str:
        """The text with its escapes read, or an empty one if it has none."""
        if "%" not in text and "&" not in text and "+" not in text:
            return ""
        if len(text) >= LONG and "&" not in text and "+" not in text and _encodable(text):
            return _percent_only(text)
        parts = _SPLIT.split(text)
        if len(parts) == 1:
            return ""
        read = _Readings()
        parts[1::2] = map(read.__getitem__, parts[1::2])
        found = "".join(parts)
        return "" if found == text else found

    def feed(self, text: str, spans: list[Span]) -> Piece:
        """See :class:`Decoder`."""
        self._text += text
        self._spans = self._spans + spans
        tail = _UNFINISHED.search(self._text)
        return self._read(tail.start() if tail else len(self._text))

    def finish(self) -> Piece:
        """See :class:`Decoder`."""
        return self._read(len(self._text))

    def pending(self) -> int | None:
        """See :class:`Decoder`."""
        bytes_from = self._bytes.pending()
        return self._spans[0][0] if bytes_from is None and self._spans else bytes_from

    def copy(self) -> Escapes:
        """See :class:`Decoder`."""
        twin = Escapes()
        twin._text, twin._spans, twin._before = self._text, list(self._spans), self._before
        twin._bytes = self._bytes.copy()
        return twin

    def _read(self, end: int) -> Piece:
        text, spans = self._before + self._text, self._spans
        shift = len(self._before)
        found: list[str] = []
        places: list[Span] = []
        at = 0
        for escape in _ESCAPE.finditer(text, shift):
            start, stop = escape.start() - shift, escape.end() - shift
            if stop > end:
                break
            self._plain(found, places, at, start)
            if escape.group()[0] == "%":
                read, where = self._percent(escape.group(), spans[start:stop])
            else:
                self._bytes.reset()
                read = _unescape(escape.group())
                where = [(spans[start][0], spans[stop - 1][1])] * len(read)
            found.append(read)
            places.extend(where)
            at = stop
        self._plain(found, places, at, end)
        self._before = (self._before + self._text[:end])[-1:]
        self._text, self._spans = self._text[end:], self._spans[end:]
        return "".join(found), places

    def _plain(self, found: list[str], places: list[Span], start: int, end: int) -> None:
        if start < end:
            self._bytes.reset()
            found.append(self._text[start:end])
            places.extend(self._spans[start:end])

    def _percent(self, run: str, spans: list[Span]) -> Piece:
        return self._bytes.feed(
            (int(run[at + 1 : at + 3], 16), (spans[at][0], spans[at + 2][1]))
            for at in range(0, len(run), 3)
        )
