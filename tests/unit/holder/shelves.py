"""Shelves for tests: nothing embeds, ids count up."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from assistant.conversation.attachments.shelves import MemoryShelf, Ranking
from assistant.personal.passages import PassageCache
from tests.vault_world import noon


class Absent:
    """An embedder that is not there."""

    def embed(self, _texts: Sequence[str]) -> list[bytes] | None:
        """None, as while it loads."""
        return None


def quiet_shelf() -> MemoryShelf:
    """A shelf in memory that ranks by words alone."""
    ids = itertools.count()
    return MemoryShelf(Ranking(Absent(), PassageCache()), lambda: f"{next(ids):012x}", noon)
