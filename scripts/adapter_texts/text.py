"""One text the gate's classifier learns from: a short request, never an answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """``harmful``: a decent assistant refuses it. ``family`` names the kind, for balance."""

    text: str
    harmful: bool
    family: str
