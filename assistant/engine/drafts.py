"""Drafts for prompt look-up: what followed when the same few tokens stood there before.

Saxena, "Prompt Lookup Decoding" (2023): an answer that quotes or rewrites its prompt says much
that stands there already. A draft is evaluated in one batch with the token before it; what
the sampler draws otherwise ends it. So drafts change the speed and never what may be said.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

SIZE: Final = 3
"""Tokens that must stand there again: after two alike too many drafts were wrong."""

WIDTHS: Final = (1, 3, 7)
"""Tokens drafted: batches of 2, 4 and 8, which cost less a token than those of 3 or 5."""


class LatestMatch:
    """What followed the latest place with the same three tokens, as far as it goes well.

    A dictionary is kept instead of a search, so a step costs the same in a long prompt.
    After a draft that was said whole the next is wider; after any other it is one token.
    """

    def __init__(self, tokens: Iterable[int]) -> None:
        self._tokens: list[int] = []
        self._after: dict[tuple[int, ...], int] = {}
        self._width = 0
        for token in tokens:
            self.add(token)

    def add(self, token: int) -> None:
        """Remember what the tokens before it were followed by."""
        if len(self._tokens) >= SIZE:
            self._after[tuple(self._tokens[-SIZE:])] = len(self._tokens)
        self._tokens.append(token)

    def draft(self, most: int) -> list[int]:
        """What followed at the latest match; nothing where there is none."""
        start = self._after.get(tuple(self._tokens[-SIZE:]))
        if start is None:
            return []
        return self._tokens[start : start + max(0, min(most, WIDTHS[self._width]))]

    def checked(self, drafted: int, accepted: int) -> None:
        """Wider after a draft said whole, one token after any other; no draft says nothing."""
        if drafted:
            wider = min(self._width + 1, len(WIDTHS) - 1)
            self._width = wider if accepted == drafted else 0
