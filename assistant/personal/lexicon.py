"""The word lists of ``lexicon.txt``, read once at import (about a millisecond)."""

from __future__ import annotations

from importlib.resources import files


def _lists(text: str) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    current: set[str] = set()
    for line in text.splitlines():
        if line.startswith("["):
            current = found.setdefault(line.strip("[]"), set())
        elif not line.startswith("#"):
            current.update(line.split())
    return {name: frozenset(words) for name, words in found.items()}


LISTS = _lists(files("assistant.personal").joinpath("lexicon.txt").read_text("utf-8"))
"""Lower-case words by the name of their list; domains are named "domain …"."""
