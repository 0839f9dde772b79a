"""Rules that match by meaning: calibrated heads over one shared embedding.

An organisation's rules have a head each; a fine-tuned adapter, a resource of the signed bundle,
is a network of its own over the same embedder. Text is scored by sentence and in overlapping
windows of at most two hundred tokens, because the embedding model reads no further than 256;
the highest score decides. Text in a language the rule does not state is not scored, and the
decision says so. A scorer that fails, an adapter that answers its canaries wrongly, or an
embedding model other than the one a rule was calibrated on, is a fault: the gate closes.
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from assistant.errors import PolicyInvalid
from assistant.policy.canonical import canonical
from assistant.policy.document_match import Adapter, Head, Meaning
from assistant.policy.effective import EffectiveRule
from assistant.policy.languages import language_of
from assistant.policy.model import Effect, Origin
from assistant.policy.readings import readable_views
from assistant.policy.remembering import RememberingScorer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_TOKENS: Final = 200
MAX_PASSAGES: Final = 400
LATELY: Final = 64
FEW: Final = 5
"""A text of more passages is a long one, of which most is not a request."""
CANARIES: Final = 4
"""Examples of each side that an adapter is asked before it is trusted."""
_SENTENCE: Final = re.compile(r"[^.!?\n]*(?:[.!?]+(?=\s)|\n|\Z|[.!?])")


class MeaningScorer(Protocol):
    """Embeds texts; the memory child behind it is the app's business."""

    @property
    def digest(self) -> str:
        """The digest of the embedding model, tokenizer and pooling included."""

    def embed(self, texts: Sequence[str]) -> Sequence[bytes]:
        """One vector a text: float32, little-endian, of length one. May raise."""

    def score(self, sha256: str, texts: Sequence[str]) -> Sequence[float]:
        """One logit a text, by the adapter with that digest. May raise."""


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
        self._heads: list[_Judge] | None = None
        self._lately: dict[bytes, tuple[Scored, ...]] = {}
        self.empty = not self._rules

    def remembering(self) -> RememberingScorer | None:
        """The scorer, for one answer to be judged by: a passage of it is asked about once."""
        return None if self._scorer is None else RememberingScorer(self._scorer, LATELY)

    def judge(
        self, text: str, origin: Origin | None = None, by: MeaningScorer | None = None
    ) -> list[Scored]:
        """What each rule says about ``text``; only what is at least in its grey band.

        With ``origin`` only the rules that judge text from there are asked. What was judged
        lately is not judged again: every turn asks about the turns before it. ``by`` is what
        :meth:`remembering` gave.

        Raises whatever the scorer raises, and :class:`PolicyInvalid` when a head cannot be
        used: the gate turns both into a block.
        """
        asked = [origin is None or found.rule.concerns(origin) for found, _ in self._rules]
        if not any(asked) or not text.strip():
            return []
        scorer, heads = self._loaded()
        # No text is kept, only what was said about it.
        key = hashlib.sha256(f"{origin} {text}".encode(errors="surrogatepass")).digest()
        if key not in self._lately:
            while len(self._lately) >= LATELY:
                self._lately.pop(next(iter(self._lately)), None)
            self._lately[key] = self._judged(text, by or scorer, heads, asked)
        return list(self._lately[key])

    def _judged(
        self, text: str, scorer: MeaningScorer, heads: Sequence[_Judge], asked: Sequence[bool]
    ) -> tuple[Scored, ...]:
        readings = readable_views(text)
        # A hidden reading counts as found only where it reads as English.
        language = "en" if len(readings) > 1 else language_of(text)
        seen = _Seen(scorer, readings)
        scored = [
            head.judge(rule, seen) if _speaks(meaning, language) else _unscored(rule, meaning)
            for (rule, meaning), head, due in zip(self._rules, heads, asked, strict=True)
            if due
        ]
        return tuple(found for found in scored if found is not None)

    def warm(self) -> None:
        """Load every head and ask every adapter its canaries. Raises as :meth:`judge` does."""
        if not self.empty:
            self._loaded()

    def _loaded(self) -> tuple[MeaningScorer, list[_Judge]]:
        if self._scorer is None:
            raise PolicyInvalid("A rule by meaning is in force and nothing can embed text.")
        if self._heads is None:
            self._heads = [_load(meaning, self._scorer) for _, meaning in self._rules]
        return self._scorer, self._heads


class _Seen:
    """One text's passages, embedded or scored once however many rules ask."""

    def __init__(self, scorer: MeaningScorer, readings: Sequence[str]) -> None:
        parts = dict.fromkeys(part for reading in readings for part in passages(reading))
        self._scorer, self._parts = scorer, list(parts)[:MAX_PASSAGES]
        requests = [requests_in(reading) for reading in readings]
        once = dict.fromkeys(part for found in requests for part in found)
        self._requests = list(once)[:MAX_PASSAGES]
        self.many = max(map(len, requests), default=0) > FEW
        self._vectors: NDArray[np.float32] | None = None
        self._highest: dict[str, tuple[float, float]] = {}

    def vectors(self) -> NDArray[np.float32]:
        """A row a passage."""
        import numpy as np

        if self._vectors is None:
            raw = self._scorer.embed(self._parts)
            self._vectors = np.stack([np.frombuffer(vector, dtype="<f4") for vector in raw])
        return self._vectors

    def highest(self, sha256: str) -> tuple[float, float]:
        """The highest score of a passage by an adapter, and the second highest."""
        if not self._requests:
            return 0.0, 0.0  # nothing that can be read, such as zero-width signs alone
        if sha256 not in self._highest:
            logits = sorted(_checked(self._scorer.score(sha256, self._requests)))
            first, second = logits[-1], logits[-2] if len(logits) > 1 else logits[-1]
            self._highest[sha256] = _sigmoid(first), _sigmoid(second)
        return self._highest[sha256]


class _Judge(Protocol):
    """What a rule says about a text."""

    def judge(self, rule: EffectiveRule, seen: _Seen) -> Scored | None:
        """By the highest score of its passages, 0 to 1; None below the grey band."""


class _LoadedAdapter:
    """An adapter that gave the right answers to what its author knows."""

    def __init__(self, meaning: Meaning, adapter: Adapter, scorer: MeaningScorer) -> None:
        self._adapter, self._grey = adapter, Effect.of(meaning.grey)
        bad = [canonical(text) for text in meaning.examples[:CANARIES]]
        good = [canonical(text) for text in meaning.counter_examples[:CANARIES]]
        scores = [_sigmoid(one) for one in _checked(scorer.score(adapter.sha256, bad + good))]
        known = all(score >= adapter.strict for score in scores[: len(bad)])
        if not known or any(score >= adapter.grey for score in scores[len(bad) :]):
            raise PolicyInvalid("An adapter gave a wrong answer to a known example.")

    def judge(self, rule: EffectiveRule, seen: _Seen) -> Scored | None:
        first, second = seen.highest(self._adapter.sha256)
        if not seen.many:
            return _graded(rule, self._adapter, self._grey, first)
        # A long text has as many chances to be misread as it has sentences. Thresholds hold
        # for requests, so there one sentence above strict asks, and two of them stop.
        if first < self._adapter.strict:
            return None
        stops = second >= self._adapter.strict
        return Scored(rule, rule.effect if stops else min(self._grey, rule.effect), first)


class _LoadedHead:
    """A head with its weights as arrays."""

    def __init__(self, head: Head, weights: NDArray[np.float32], grey: Effect) -> None:
        self.head = head
        self._weights = weights
        self._grey = grey

    def judge(self, rule: EffectiveRule, seen: _Seen) -> Scored | None:
        return _graded(rule, self.head, self._grey, self._score(seen))

    def _score(self, seen: _Seen) -> float:
        import numpy as np

        vectors = seen.vectors()
        size = self.head.dimensions
        if self.head.kind == "logistic":
            raw = vectors @ self._weights[:size] + self._weights[size]
        else:
            count = (len(self._weights) - 1) // (size + 1)
            support = self._weights[: count * size].reshape(count, size)
            # Both sides have length one, so the squared distance is 2 - 2 x.y.
            kernel = np.exp(-self.head.gamma * (2.0 - 2.0 * (vectors @ support.T)))
            raw = kernel @ self._weights[count * size : -1] + self._weights[-1]
        return _sigmoid(float(raw.max()))


def _load(meaning: Meaning, scorer: MeaningScorer) -> _Judge:
    head = meaning.adapter or meaning.head
    if head is None:
        raise PolicyInvalid("A rule by meaning was never calibrated.")
    if head.embedder != scorer.digest:
        raise PolicyInvalid("A rule by meaning was calibrated on another embedding model.")
    if isinstance(head, Adapter):
        return _LoadedAdapter(meaning, head, scorer)
    # Here and not above: an adapter needs no numpy in the front process.
    import numpy as np

    weights = np.frombuffer(base64.b64decode(head.weights), dtype="<f4")
    return _LoadedHead(head, weights, Effect.of(meaning.grey))


def _checked(logits: Sequence[float]) -> Sequence[float]:
    # A comparison with NaN is false: it would pass for harmless.
    if not logits or not all(map(math.isfinite, logits)):
        raise PolicyInvalid("An adapter gave no number for a text.")
    return logits


def _sigmoid(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, logit))))


def passages(text: str) -> list[str]:
    """The whole text if it is short, its sentences, and overlapping windows of a long one."""
    words = text.split()
    windows = _windows(words)
    sentences = [part.strip() for part in _SENTENCE.findall(text) if len(part.split()) > 2]
    whole = [" ".join(words)] if len(windows) == 1 else windows
    return list(dict.fromkeys(whole + [w for part in sentences for w in _windows(part.split())]))


def requests_in(text: str) -> list[str]:
    """What an adapter scores: a short text and its sentences, of a long one the sentences.

    It has learned from requests, and a window that holds ten sentences is none.
    """
    found = passages(text)
    if len(found) <= FEW:
        return found
    sentences = [part.split() for part in _SENTENCE.findall(text)]
    parts = dict.fromkeys(w for part in sentences if len(part) > 2 for w in _windows(part))
    return list(parts) or found


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


def _graded(
    rule: EffectiveRule, levels: Head | Adapter, grey: Effect, score: float
) -> Scored | None:
    if score < levels.grey:
        return None
    return Scored(rule, rule.effect if score >= levels.strict else min(grey, rule.effect), score)
