"""Foreign text made harmless before any face shows it.

Foreign is everything a person, a model, a file, a bundle or another program wrote.
A terminal obeys control characters (clipboard writes, titles, clearing the screen) and
reorders text at bidirectional overrides (Trojan Source, CVE-2021-42574); both become
symbols one can see. Nothing is dropped, so that nothing can hide.
"""

from __future__ import annotations

import re

# Bidirectional embeddings, overrides and isolates, by the names of Unicode UAX 9.
_BIDI = {
    0x202A: "LRE", 0x202B: "RLE", 0x202C: "PDF", 0x202D: "LRO", 0x202E: "RLO",
    0x2066: "LRI", 0x2067: "RLI", 0x2068: "FSI", 0x2069: "PDI",
    0x200E: "LRM", 0x200F: "RLM", 0x061C: "ALM",
}  # fmt: skip

# Invisible characters that can carry a hidden message or break a line behind our back.
_INVISIBLE = {
    0x00AD: "SHY", 0x180E: "MVS", 0x200B: "ZWSP", 0x2028: "LS", 0x2029: "PS",
    0x2060: "WJ", 0xFEFF: "BOM", 0xFFF9: "IAA", 0xFFFA: "IAS", 0xFFFB: "IAT",
}  # fmt: skip

_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
_TAG_END = 0xE007F


def _symbol(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"  # a lone surrogate cannot be written to a terminal at all
    if 0xE0020 <= code < _TAG_END:
        return f"‹tag {chr(code - 0xE0000)}›"
    name = _BIDI.get(code) or _INVISIBLE.get(code) or f"U+{code:04X}"
    return f"‹{name}›"


def inert(text: str) -> str:
    """``text`` with every control and bidirectional character as a visible symbol.

    Keeps newlines and tabs; ``\\r\\n`` becomes a newline. Promises: the result has no
    other control character, splits into lines only at newlines, encodes as UTF-8, and
    ``inert(inert(x)) == inert(x)``. Linear in the length of the text.
    """
    return _UNSAFE.sub(_symbol, text.replace("\r\n", "\n"))


def inert_line(text: str, limit: int = 0) -> str:
    """``inert`` on one line: newlines and tabs become spaces, cut at ``limit`` if given."""
    if limit and len(text) > limit:
        text = text[: limit - 1] + "…"
    return inert(text).replace("\n", " ").replace("\t", " ")


class InertStream:
    """``inert`` for text that arrives in pieces: any chunking gives the same result."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str) -> str:
        """The inert text to append; a final carriage return waits for what follows it."""
        text = self._held + text
        self._held = "\r" if text.endswith("\r") else ""
        return inert(text[: len(text) - len(self._held)])

    def finish(self) -> str:
        """What was held back."""
        held, self._held = self._held, ""
        return inert(held)
