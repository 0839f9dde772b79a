"""The embedder as policy's rules by meaning want it: its digest, and vectors or an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from assistant.errors import ChildDied, PolicyInvalid

if TYPE_CHECKING:
    from assistant.engine.interfaces import Memory

T = TypeVar("T")

_PATIENCE = 60.0
"""Seconds a mandatory rule waits for the embedder; then the gate closes."""


class MemoryScorer:
    """Implements ``policy.meaning.MeaningScorer`` over the memory child.

    Scores that decide about policy come from here, never from the process that parses a
    chat model. ``adapters`` are the verified bundles' own, by digest; the child gets one
    when it is first asked for, and again after a restart.
    """

    def __init__(
        self, memory: Memory, digest: str, adapters: Mapping[str, bytes] | None = None
    ) -> None:
        self._memory, self.digest = memory, digest
        self._adapters = adapters or {}

    def holding(self, adapters: Mapping[str, bytes]) -> MemoryScorer:
        """The same embedder with these adapters."""
        return MemoryScorer(self._memory, self.digest, adapters)

    def embed(self, texts: Sequence[str]) -> Sequence[bytes]:
        """One vector a text. Raises what the child raises; the gate then blocks."""
        return self._asked(lambda: self._memory.embed(texts))

    def score(self, sha256: str, texts: Sequence[str]) -> Sequence[float]:
        """One logit a text by an adapter. Raises as above, and for an unknown adapter."""
        adapter = self._adapters.get(sha256)
        if adapter is None:
            raise PolicyInvalid("An adapter of the policy is not there.")
        return self._asked(lambda: self._memory.score(sha256, adapter, texts))

    def _asked(self, act: Callable[[], T]) -> T:
        """What the child says. One that died is restarted, and asked once more."""
        self._memory.wait_ready(_PATIENCE)
        try:
            return act()
        except ChildDied:
            self._memory.wait_ready(_PATIENCE)
            return act()
