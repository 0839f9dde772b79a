"""Requests that the packaged chat model made up: what people ask, in nobody's template.

SmolLM2-135M-Instruct (Apache-2.0) was given the opening of a user's turn and wrote the turn
itself (the idea of Xu et al., "Magpie", 2024), at temperature 0.95, sometimes after a first
word such as "How" or "Write". Lines over 260 characters and those that name a harm were
dropped. Clumsy ones stay: people are clumsy, too, and templates never are.
"""

from __future__ import annotations

from pathlib import Path


def requests() -> list[str]:
    """Some thousands of different harmless requests, clumsy ones among them."""
    lines = Path(__file__).with_suffix(".txt").read_text("utf-8").splitlines()
    return list(dict.fromkeys(lines))
