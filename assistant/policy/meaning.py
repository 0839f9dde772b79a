"""Rules that match by meaning: calibrated heads over one shared embedding.

Text is scored by sentence and in overlapping windows of at most two hundred tokens, because
the embedding model reads no further than 256; the highest score decides. Text in a language
the rule does not state is not scored, and the decision says so. A scorer that fails, or an
embedding model other than the one the head was calibrated on, is a fault: the gate closes.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from assistant.errors import PolicyInvalid
from assistant.policy.document import Head, Meaning
from assistant.policy.effective import EffectiveRule
from assistant.policy.languages import language_of
from assistant.policy.model import Effect
from assistant.policy.readings import readable_views

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_TOKENS: Final = 200
MAX_PASSAGES: Final = 400
_SENTENCE: Final = re.compile(r"[^.!?\n]*(?:[.!?]+(?=\s)|\n|\Z|[.!?])")


class MeaningScorer(Protocol):
    """Embeds texts; the memory child behind it is the app's business."""

    @property
    def digest(self) -> str:
        """The digest of the embedding model, tokenizer and pooling included."""

    def embed(self, texts: Sequence[str]) -> Sequence[bytes]:
        """One vector a text: float32, little-endian, of length one. May raise."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What a meaning rule said about a text; ``score`` is ``None`` where it may not judge."""

    rule: EffectiveRule
    effect: Effect
    score: float | None


class MeaningStage:
    """The meaning rules of one place."""

    def __init__(self, rules: Sequence[EffectiveRule], scorer: MeaningScorer | None) -> None:
        self._rules = [(r, r.rule.match.meaning) for r in rules if r.rule.match.meaning]
        self._scorer = scorer
        self._heads: list[_LoadedHead] | None = None
        self.empty = not self._rules

    def judge(self, text: str) -> list[Scored]:
        """What each rule says about ``text``; only what is at least in its grey band.

        Raises whatever the scorer raises, and :class:`PolicyInvalid` when a head cannot be
        used: the gate turns both into a block.
        """
        if self.empty or not text.strip():
            return []
        heads = self._loaded()
        readings = readable_views(text)
        # A hidden reading counts as found only where it reads as English.
        language = "en" if len(readings) > 1 else language_of(text)
        scored: list[Scored | None] = [
            _unscored(rule, meaning)
            for rule, meaning in self._rules
            if not _speaks(meaning, language)
        ]
        able = [
            (rule, meaning, head)
            for (rule, meaning), head in zip(self._rules, heads, strict=True)
            if _speaks(meaning, language)
        ]
        if able:
            vectors = self._vectors(readings)
            scored += [_graded(rule, meaning, head.score(vectors)) for rule, meaning, head in able]
        return [found for found in scored if found is not None]

    def _vectors(self, readings: Sequence[str]) -> NDArray[np.float32]:
        import numpy as np

        if self._scorer is None:
            raise PolicyInvalid("A rule by meaning is in force and nothing can embed text.")
        parts = dict.fromkeys(part for reading in readings for part in passages(reading))
        raw = self._scorer.embed(list(parts)[:MAX_PASSAGES])
        return np.stack([np.frombuffer(vector, dtype="<f4") for vector in raw])

    def _loaded(self) -> list[_LoadedHead]:
        if self._heads is None:
            if self._scorer is None:
                raise PolicyInvalid("A rule by meaning is in force and nothing can embed text.")
            self._heads = [_load(meaning.head, self._scorer.digest) for _, meaning in self._rules]
        return self._heads


class _LoadedHead:
    """A head with its weights as arrays."""

    def __init__(self, head: Head, weights: NDArray[np.float32]) -> None:
        self.head = head
        self._weights = weights

    def score(self, vectors: NDArray[np.float32]) -> float:
        """The highest score of the vectors, 0 to 1."""
        import numpy as np

        size = self.head.dimensions
        if self.head.kind == "logistic":
            raw = vectors @ self._weights[:size] + self._weights[size]
        else:
            count = (len(self._weights) - 1) // (size + 1)
            support = self._weights[: count * size].reshape(count, size)
            # Both sides have length one, so the squared distance is 2 - 2 x.y.
            kernel = np.exp(-self.head.gamma * (2.0 - 2.0 * (vectors @ support.T)))
            raw = kernel @ self._weights[count * size : -1] + self._weights[-1]
        best: Any = raw.max()
        return float(1.0 / (1.0 + np.exp(-best)))


def _load(head: Head | None, digest: str) -> _LoadedHead:
    import numpy as np

    if head is None:
        raise PolicyInvalid("A rule by meaning was never calibrated.")
    if head.embedder != digest:
        raise PolicyInvalid("A rule by meaning was calibrated on another embedding model.")
    weights = np.frombuffer(base64.b64decode(head.weights), dtype="<f4")
    return _LoadedHead(head, weights)


def passages(text: str) -> list[str]:
    """The whole text if it is short, its sentences, and overlapping windows of a long one."""
    words = text.split()
    windows = _windows(words)
    sentences = [part.strip() for part in _SENTENCE.findall(text) if len(part.split()) > 2]
    whole = [" ".join(words)] if len(windows) == 1 else windows
    return list(dict.fromkeys(whole + [w for part in sentences for w in _windows(part.split())]))


def _windows(words: Sequence[str]) -> list[str]:
    sizes = [1 + len(word) // 4 for word in words]
    found: list[str] = []
    start = 0
    while start < len(words):
        end, tokens = start, 0
        while end < len(words) and (tokens + sizes[end] <= MAX_TOKENS or end == start):
            tokens += sizes[end]
            end += 1
        found.append(" ".join(words[start:end])[: MAX_TOKENS * 6])
        if end == len(words):
            break
        start += max((end - start) // 2, 1)
    return found


def _speaks(meaning: Meaning, language: str) -> bool:
    return not language or language in {name.split("-")[0] for name in meaning.languages}


def _unscored(rule: EffectiveRule, meaning: Meaning) -> Scored:
    return Scored(rule, Effect.of(meaning.unscored), None)


def _graded(rule: EffectiveRule, meaning: Meaning, score: float) -> Scored | None:
    head = meaning.head
    if head is None or score < head.grey:
        return None
    if score >= head.strict:
        return Scored(rule, rule.effect, score)
    return Scored(rule, min(Effect.of(meaning.grey), rule.effect), score)
