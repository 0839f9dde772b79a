"""The views of canonical text, each with its own match rule.

Every matcher answers two questions about a piece of canonical text: which rules match in it,
and where the oldest match that the next characters could still complete would start. The
second is what lets a stream go on without ever showing the beginning of a listed term.

``window[:context]`` is what stood before and was already let go; it only decides about word
boundaries. ``final`` says that nothing follows; otherwise what touches the end is undecided.
The first view, the text as it is, is here; disguised spellings are in ``disguise_match``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from assistant.policy import views
from assistant.policy.canonical import is_boundary
from assistant.policy.search import Hit, Patterns, Terms
from assistant.policy.sieve import Sieve


class ViewMatcher(Protocol):
    """One view of canonical text with its match rule."""

    def find(self, window: str, context: int, *, final: bool) -> list[Hit]:
        """The matches in ``window[context:]``."""

    def live(self, window: str, context: int) -> Live:
        """Of a text that goes on: the matches that are certain; where the oldest possible
        unfinished match starts (the length if there is none); and what would match if the
        text ended there, but does not because a word goes on. A stream must not pause between
        such a thing and the character that undoes it: what is on the screen at that moment
        would be the listed term."""


@dataclass(frozen=True, slots=True)
class Live:
    """What a matcher says about the window of a stream: see :class:`ViewMatcher`."""

    hits: list[Hit]
    fragile: list[tuple[int, int]]
    oldest: int


class Plain:
    """Canonical text as it is, forwards, backwards and in ROT13; terms at word boundaries."""

    def __init__(self, terms: Terms, patterns: Patterns, shortest: int = 0) -> None:
        self._terms, self._patterns, self._shortest = terms, patterns, shortest
        self._sieve = Sieve(terms, patterns)

    def find(self, window: str, context: int, *, final: bool) -> list[Hit]:
        """See :class:`ViewMatcher`."""
        if self._sieve.holds_back(window, (None, views.ROT13_BYTES)):
            return []
        found = [
            hit
            for hit in self._terms.scan(window)
            if hit.start >= context and _bounded(window, hit.start, hit.end, final=final)
        ]
        for turned, name in ((window, ""), (views.rot13(window), "rot13")):
            found += self._by_patterns(turned, name, context, final=final)
        return self._long_enough(found, window)

    def live(self, window: str, context: int) -> Live:
        """See :class:`ViewMatcher`."""
        size = len(window)
        found: list[Hit] = []
        fragile: list[tuple[int, int]] = []
        start = size
        for hit in self._terms.scan(window):
            if hit.start >= context and hit.end < size:
                fragile.append((hit.start, hit.end))
                if _bounded(window, hit.start, hit.end, final=False):
                    found.append(hit)
        for turned, name in ((window, ""), (views.rot13(window), "rot13")):
            begun, complete = self._patterns.oldest(turned, context)
            start = min(start, begun)
            if complete:
                found += self._by_patterns(turned, name, context, final=False)
                fragile += self._patterns.fragile(turned, context)
        for at in range(context, start):
            if self._terms.viable(window[at:]) and (
                at == 0 or is_boundary(window[at - 1], window[at])
            ):
                start = at
                break
        return Live(self._long_enough(found, window), fragile, start)

    def _by_patterns(self, turned: str, name: str, context: int, *, final: bool) -> list[Hit]:
        return [
            Hit(hit.start, hit.end, hit.rule, _turned_name(name, hit.view))
            for hit in self._patterns.scan(turned, context)
            if final or hit.end < len(turned)
        ]

    def _long_enough(self, hits: list[Hit], window: str) -> list[Hit]:
        if not self._shortest:
            return hits
        texts = ((hit, window[hit.start : hit.end]) for hit in hits)
        return [hit for hit, text in texts if len(text) >= self._shortest or not text.isascii()]


def _turned_name(turn: str, view: str) -> str:
    if not turn:
        return view
    return turn if view == "plain" else f"{turn}+{view}"


def _bounded(window: str, start: int, end: int, *, final: bool) -> bool:
    if start > 0 and not is_boundary(window[start - 1], window[start]):
        return False
    return final if end == len(window) else is_boundary(window[end - 1], window[end])
