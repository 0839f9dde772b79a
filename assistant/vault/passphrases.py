"""A passphrase as bytes, the same from every keyboard."""

from __future__ import annotations

import unicodedata


def passphrase_bytes(text: str) -> bytes:
    """UTF-8 of the text in normal form C, as RFC 8265 (OpaqueString) asks.

    "é" typed as one character or as "e" and an accent is one passphrase. Other spaces
    than U+0020 become one, because which space a keyboard sends is nobody's intention.
    """
    spaced = "".join(" " if unicodedata.category(char) == "Zs" else char for char in text)
    return unicodedata.normalize("NFC", spaced).encode()
