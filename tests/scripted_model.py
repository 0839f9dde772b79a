"""First-class fakes of the two engines, with a history of what they were asked.

``ScriptedModel`` answers from a script; ``ScriptedMemory`` embeds by hashed words, so
that texts sharing words are near. Both implement the protocols in
``assistant.engine.interfaces`` and can be told to die.
"""

from __future__ import annotations

import hashlib
import math
import re
import struct
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field

from assistant.engine import (
    CandidateFinished,
    ChatMessage,
    EngineState,
    GenerateRequest,
    GenerationEvent,
    GenerationFinished,
    IndexState,
    ModelLoaded,
    Phase,
    PromptEvaluated,
    PromptProgress,
    TextDelta,
)
from assistant.engine.model_messages import Reason
from assistant.engine.window import kept, oldest_kept
from assistant.errors import AssistantError, ChildDied, PromptTooLong
from tests.recorded_vectors import RECORDED

DIMENSIONS = 384


def words_as_tokens(text: str) -> list[str]:
    """The fake tokeniser: a token is a word with the blanks before it."""
    return re.findall(r"\s*\S+|\s+$", text)


@dataclass
class ScriptedModel:
    """Gives the scripted answers in turn (a list inside: one per candidate).

    ``die_after`` ends the child after that many deltas of the next generation, once.
    ``before_token`` is called before each delta, for tests that need to be in between.
    """

    answers: list[str | list[str]] = field(default_factory=list)
    default_answer: str = "A scripted answer."
    context_size: int = 2048
    parameters: int = 1
    die_after: int | None = None
    fails_with: AssistantError | None = None
    before_token: Callable[[], None] = lambda: None
    requests: list[GenerateRequest] = field(default_factory=list)
    absorbed: list[tuple[ChatMessage, ...]] = field(default_factory=list)
    cancelled: int = 0

    def __post_init__(self) -> None:
        self._state = EngineState(Phase.READY)
        self._cancel = threading.Event()
        self._listeners: list[Callable[[EngineState], None]] = []

    @property
    def state(self) -> EngineState:
        """As the last call left it."""
        return self._state

    @property
    def loaded(self) -> ModelLoaded:
        """A small model's facts."""
        return ModelLoaded(
            unverified_name="Scripted",
            unverified_architecture="script",
            context_size=self.context_size,
            trained_context=self.context_size,
            parameters=self.parameters,
            weight_bytes=1,
            template="chatml",
            can_shift=True,
            threads=1,
            seconds=0.0,
        )

    def subscribe(self, listener: Callable[[EngineState], None]) -> None:
        """Be told of every change of state."""
        self._listeners.append(listener)

    def wait_ready(self, timeout: float) -> ModelLoaded:
        """Ready at once, or fails as told."""
        if self.fails_with is not None:
            raise self.fails_with
        if self._state.phase is Phase.STOPPED:
            raise ChildDied("The engine is stopped.")
        return self.loaded

    def generate(self, request: GenerateRequest) -> Iterator[GenerationEvent]:
        """The next scripted answer, one word at a time, candidates in turn."""
        self.wait_ready(0)
        self.requests.append(request)
        self._cancel.clear()
        prompt = "".join(
            f"<|{message.role}|>{message.content}"
            for message in (*request.history, request.question)
        )
        total = len(words_as_tokens(prompt))
        if total > self.context_size:
            raise PromptTooLong("The question alone is longer than the model's window.")
        self._enter(Phase.GENERATING)
        try:
            yield PromptProgress(total, total)
            yield PromptEvaluated(total, 0, 0.0)
            count = yield from self._candidates(request)
            yield GenerationFinished(prompt, total, count, 0.0, total + count, self.context_size)
        finally:
            if self._state.phase is Phase.GENERATING:
                self._enter(Phase.READY)

    def _candidates(
        self, request: GenerateRequest
    ) -> Generator[TextDelta | CandidateFinished, None, int]:
        scripted = self.answers.pop(0) if self.answers else self.default_answer
        texts = scripted if isinstance(scripted, list) else [scripted] * request.candidates
        count = 0
        for candidate, text in enumerate(texts[: request.candidates]):
            done = 0
            reason: Reason = "stop"
            for word in words_as_tokens(text):
                self.before_token()
                self._perhaps_die(count)
                if self._cancel.is_set():
                    reason = "cancelled"
                    break
                if done >= request.max_tokens:
                    reason = "length"
                    break
                done, count = done + 1, count + 1
                yield TextDelta(candidate, word, 1)
            yield CandidateFinished(candidate, reason, done)
        return count

    def _perhaps_die(self, count: int) -> None:
        if self.die_after is not None and count >= self.die_after:
            self.die_after = None
            self._enter(Phase.RESTARTING)
            self._enter(Phase.READY)
            raise ChildDied("A child process ended while it was needed.")

    def cancel(self) -> None:
        """Stop the running generation."""
        self.cancelled += 1
        self._cancel.set()

    def absorb(self, history: Sequence[ChatMessage]) -> None:
        """Remembered in ``absorbed``."""
        self.absorbed.append(tuple(history))

    def count(self, texts: Sequence[str]) -> list[int]:
        """Words."""
        return [len(words_as_tokens(text)) for text in texts]

    def fit(
        self, history: Sequence[ChatMessage], question: ChatMessage, max_tokens: int
    ) -> tuple[ChatMessage, ...]:
        """As the real client does, counting words."""
        counts = self.count([m.content for m in (*history, question)])
        place = oldest_kept(
            [m.role for m in history],
            counts[:-1],
            fixed=counts[-1],
            size=self.context_size,
            wanted=min(max_tokens, self.context_size // 4),
        )
        if place is None:
            raise PromptTooLong("The question alone is longer than the model's window.")
        return kept(history, place)

    def stop(self) -> None:
        """Stopped for good."""
        self._enter(Phase.STOPPED)

    def _enter(self, phase: Phase) -> None:
        self._state = EngineState(phase)
        for listener in self._listeners:
            listener(self._state)


def hashed_vector(text: str) -> bytes:
    """A unit vector from the words of a text: equal words, equal directions."""
    values = [0.0] * DIMENSIONS
    for word in re.findall(r"\w+", text.casefold()):
        digest = hashlib.sha256(word.encode()).digest()
        values[int.from_bytes(digest[:4], "little") % DIMENSIONS] += 1.0
    length = math.sqrt(sum(value * value for value in values)) or 1.0
    return struct.pack(f"<{DIMENSIONS}f", *(value / length for value in values))


def _dot(left: Sequence[float], right: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True))


@dataclass
class ScriptedMemory:
    """Embeds by hashed words and searches a dictionary. ``texts`` is what was embedded."""

    fails_with: AssistantError | None = None
    texts: list[str] = field(default_factory=list)
    vectors: dict[str, bytes] = field(default_factory=dict)
    pauses: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._state = EngineState(Phase.READY)
        self._listeners: list[Callable[[EngineState], None]] = []

    @property
    def state(self) -> EngineState:
        """Ready until stopped."""
        return self._state

    def subscribe(self, listener: Callable[[EngineState], None]) -> None:
        """Be told of every change of state."""
        self._listeners.append(listener)

    def wait_ready(self, timeout: float) -> None:
        """Ready at once, or fails as told."""
        if self.fails_with is not None:
            raise self.fails_with
        if self._state.phase is Phase.STOPPED:
            raise ChildDied("The memory engine is stopped.")

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """Recorded vectors where there are some, else hashed words."""
        self.wait_ready(0)
        self.texts += texts
        return [RECORDED.get(text) or hashed_vector(text) for text in texts]

    def score(self, sha256: str, adapter: bytes, texts: Sequence[str]) -> list[float]:
        """Never asked: no scripted world has an adapter in force."""
        self.wait_ready(0)
        raise AssertionError(f"{len(texts)} texts for {sha256} of {len(adapter)} bytes")

    def index_put(self, ids: Sequence[str], vectors: Sequence[bytes]) -> None:
        """Into the dictionary."""
        self.wait_ready(0)
        self.vectors.update(zip(ids, vectors, strict=True))

    def index_remove(self, ids: Sequence[str]) -> None:
        """Out of the dictionary."""
        self.wait_ready(0)
        for id_ in ids:
            self.vectors.pop(id_, None)

    def index_query(self, vector: bytes, k: int) -> list[tuple[str, float]]:
        """Every vector compared."""
        self.wait_ready(0)
        wanted = struct.unpack(f"<{DIMENSIONS}f", vector)
        scored = [
            (id_, _dot(wanted, struct.unpack(f"<{DIMENSIONS}f", row)))
            for id_, row in self.vectors.items()
        ]
        return sorted(scored, key=lambda pair: -pair[1])[:k]

    def index_clear(self) -> None:
        """Forget everything."""
        self.vectors.clear()

    def index_count(self) -> IndexState:
        """How many."""
        return IndexState(len(self.vectors), 0, "exact")

    def pause(self, paused: bool) -> None:
        """Remembered in ``pauses``."""
        self.pauses.append(paused)

    def stop(self) -> None:
        """Stopped for good."""
        self._state = EngineState(Phase.STOPPED)
        for listener in self._listeners:
            listener(self._state)
