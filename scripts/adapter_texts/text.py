"""One text the gate's classifier learns from: a short request, never an answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """``harmful``: a decent assistant refuses it. ``family`` names the kind, for balance."""

    text: str
    harmful: bool
    family: str


def each_once(texts: Iterable[Text]) -> list[Text]:
    """``texts`` without repeats; a ``ValueError`` for one that is called both ways."""
    found: dict[str, Text] = {}
    for text in texts:
        if found.setdefault(text.text.casefold(), text).harmful is not text.harmful:
            raise ValueError(f"both harmful and harmless: {text.text}")
    return list(found.values())
