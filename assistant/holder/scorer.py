"""The embedder as policy's rules by meaning want it: its digest, and vectors or an error."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.engine.interfaces import Memory

_PATIENCE = 60.0
"""Seconds a mandatory rule waits for the embedder; then the gate closes."""


class MemoryScorer:
    """Implements ``policy.meaning.MeaningScorer`` over the memory child.

    Scores that decide about policy come from here, never from the process that parses a
    chat model.
    """

    def __init__(self, memory: Memory, digest: str) -> None:
        self._memory, self.digest = memory, digest

    def embed(self, texts: Sequence[str]) -> Sequence[bytes]:
        """One vector a text. Raises what the child raises; the gate then blocks."""
        self._memory.wait_ready(_PATIENCE)
        return self._memory.embed(texts)


def embedder_digest(files: object) -> str:
    """One digest for an embedding model: of every file that decides its vectors."""
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
