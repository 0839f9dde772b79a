"""What this room needs from others, declared here and supplied by ``app.py``.

Ids in an ``Index`` are keys made by ``index_key``: one index may hold every kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from assistant.vault.records import (
    Feedback,
    Found,
    ItemKind,
    Preference,
    PreferenceState,
    Turn,
)

if TYPE_CHECKING:
    from assistant.personal.affinity import Nearness

DIMENSIONS = 384
"""Length of every vector: float32, little endian, unit length (all-MiniLM-L6-v2)."""

Count = Callable[[list[str]], list[int]]
"""Tokens of each text, as the chat model counts them."""

Clock = Callable[[], datetime]


def index_key(kind: ItemKind, item_id: str) -> str:
    """The id under which an index holds an item."""
    return f"{kind.value}:{item_id}"


class Embedder(Protocol):
    """Turns texts into vectors, when it is ready."""

    def embed(self, texts: Sequence[str]) -> list[bytes] | None:
        """One vector per text, or None while the model is loading or has died."""
        ...


class Index(Protocol):
    """Nearest neighbours among stored vectors."""

    def query(self, vector: bytes, k: int) -> Sequence[tuple[str, float]]:
        """The ``k`` nearest keys with their cosine, nearest first; empty if not ready."""
        ...


class PreferenceIndex(Protocol):
    """The stored preferences as vectors."""

    def nearness(self, vector: bytes) -> Mapping[str, Nearness]:
        """How near a question with this vector lies to each stored preference."""
        ...


class SearchStore(Protocol):
    """Full-text search with BM25 (vault.search)."""

    def turns(self, text: str, limit: int) -> Sequence[Found]:
        """Finished turns sharing words with ``text``, best first."""
        ...

    def preferences(self, text: str, limit: int) -> Sequence[Found]:
        """Preferences of every state sharing words with ``text``, best first."""
        ...


class PreferenceStore(Protocol):
    """Stored preferences (vault.preferences)."""

    def list(self, *, state: PreferenceState | None = None) -> Sequence[Preference]:
        """All, or those in one state, oldest first; expired ones too."""
        ...


class FeedbackStore(Protocol):
    """Stored acts of feedback (vault.feedback)."""

    def on_turns(self, turn_ids: Iterable[str]) -> Mapping[str, Sequence[Feedback]]:
        """All feedback on each of these turns, undone too; turns without are left out."""
        ...


class TurnStore(Protocol):
    """Stored turns (vault.turns)."""

    def many(self, turn_ids: Iterable[str]) -> Mapping[str, Turn]:
        """The turns that exist among these ids."""
        ...
