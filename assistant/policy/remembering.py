"""A scorer that asks about the same passage once.

An answer is judged sentence by sentence, each with the one before it, which was judged then;
and a thousand harmless texts are scored sooner together than one by one.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from assistant.policy.meaning import MeaningScorer

T = TypeVar("T", bytes, float)


class RememberingScorer:
    """Another scorer's answers, the latest ``most`` of each kind kept by the text's digest."""

    def __init__(self, scorer: MeaningScorer, most: int) -> None:
        self._scorer, self._most = scorer, most
        self._vectors: dict[bytes, bytes] = {}
        self._logits: dict[bytes, float] = {}

    @property
    def digest(self) -> str:
        """The other's."""
        return self._scorer.digest

    def embed(self, texts: Sequence[str]) -> Sequence[bytes]:
        """See :class:`~assistant.policy.meaning.MeaningScorer`."""
        return self._answers(self._vectors, "", texts, self._scorer.embed)

    def score(self, sha256: str, texts: Sequence[str]) -> Sequence[float]:
        """See :class:`~assistant.policy.meaning.MeaningScorer`."""
        return self._answers(
            self._logits, sha256, texts, lambda new: self._scorer.score(sha256, new)
        )

    def _answers(
        self,
        kept: dict[bytes, T],
        kind: str,
        texts: Sequence[str],
        ask: Callable[[Sequence[str]], Sequence[T]],
    ) -> list[T]:
        keys = [
            hashlib.sha256(f"{kind} {text}".encode(errors="surrogatepass")).digest()
            for text in texts
        ]
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in kept}
        found = dict(zip(new, ask(list(new.values())), strict=True)) if new else {}
        answers = [found[key] if key in found else kept[key] for key in keys]
        # What is no number is a fault each time it is asked, not an answer to be kept.
        kept |= {k: v for k, v in found.items() if isinstance(v, bytes) or math.isfinite(v)}
        while len(kept) > self._most:
            del kept[next(iter(kept))]
        return answers
