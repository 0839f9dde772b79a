"""Whether a long text can hold a match at all, asked of RE2 in one pass over its bytes.

Aho-Corasick reads 100 MB a second, RE2's automaton ten times that, and nearly every view of a
long text holds nothing. What passes the sieve is looked for as ever; the sieve itself finds
nothing and forgets nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final

import re2

from assistant.policy.search import Patterns, Terms, compiled_pattern

LONG_WINDOW: Final = 4_000
"""Characters from which the sieve is worth its call."""
_MOST: Final = 20_000
"""Characters of terms above which its automaton would not stay small."""


class Sieve:
    """Holds back the texts in which no term and no pattern can match."""

    def __init__(self, terms: Terms, patterns: Patterns | None = None) -> None:
        self._terms, self._patterns = terms, patterns

    def holds_back(
        self, text: str, turns: Sequence[bytes | None] = (None,), least: int = LONG_WINDOW
    ) -> bool:
        """Whether ``text`` holds no match, read through each of the byte tables ``turns``.

        False where it is not known: a text of fewer than ``least`` characters, many rules,
        or half a surrogate pair.
        """
        if len(text) < least or self._any is None:
            return False
        try:
            data = text.encode()
        except UnicodeEncodeError:
            return False
        read = (data if turn is None else data.translate(turn) for turn in turns)
        return all(self._any.search(each) is None for each in read)

    @cached_property
    def _any(self) -> Any:
        forms = self._terms.forms
        sources = [f"(?:{source})" for source in self._patterns.sources] if self._patterns else []
        sources += [re2.escape(form) for form in forms]
        if not sources or sum(map(len, forms)) > _MOST:
            return None
        return compiled_pattern("|".join(sources))
