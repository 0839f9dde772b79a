"""Twelve deterministic ways of writing a text so that a naive filter misses it."""

from __future__ import annotations

import base64
import codecs
from collections.abc import Callable, Mapping
from typing import Final

_HOMOGLYPHS: Final = str.maketrans("aeopcxyiAEOPCXHK", "аеорсхуіАЕОРСХНК")
_LEET: Final = str.maketrans("aeiostlAEIOST", "4310571431057")


def _interleaved(text: str, sign: str) -> str:
    return sign.join(text)


def _full_width(text: str) -> str:
    wide = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}
    return text.translate(wide)


def _tags(text: str) -> str:
    return "".join(chr(0xE0000 + ord(c)) if 0x20 <= ord(c) <= 0x7E else c for c in text)


def _alternating(text: str) -> str:
    return "".join(c.upper() if at % 2 else c.lower() for at, c in enumerate(text))


DISGUISES: Final[Mapping[str, Callable[[str], str]]] = {
    "zero-width": lambda text: _interleaved(text, "\u200b"),
    "homoglyph": lambda text: text.translate(_HOMOGLYPHS),
    "leet": lambda text: text.translate(_LEET),
    "spaced": lambda text: _interleaved(text, " "),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "url": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "rot13": lambda text: codecs.encode(text, "rot13"),
    "reversed": lambda text: text[::-1],
    "tags": _tags,
    "full-width": _full_width,
    "mixed-case": _alternating,
}
