"""What the rest of the program may expect of the engine, whoever plays it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from assistant.engine.memory_messages import IndexState
from assistant.engine.model_messages import (
    ChatMessage,
    GenerateRequest,
    GenerationEvent,
    ModelLoaded,
)


class Phase(StrEnum):
    """What a child is doing."""

    LOADING = "loading"
    READY = "ready"
    GENERATING = "generating"
    RESTARTING = "restarting"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class EngineState:
    """A child's phase, a sentence of ours about it, and its restarts so far."""

    phase: Phase
    detail: str = ""
    restarts: int = 0


@runtime_checkable
class Model(Protocol):
    """The chat model. Methods may be called from any thread; one generation at a time.

    Everything but ``state``, ``subscribe`` and ``stop`` raises ``ChildDied`` when the
    child ends meanwhile (it is restarted by itself), ``ChildStalled`` when it does not
    answer, ``ProtocolViolation`` when it answers nonsense.
    """

    @property
    def state(self) -> EngineState:
        """What the child is doing."""
        ...

    @property
    def loaded(self) -> ModelLoaded | None:
        """What is loaded, once it is."""
        ...

    def subscribe(self, listener: Callable[[EngineState], None]) -> None:
        """Be told of every change of state, from another thread."""
        ...

    def wait_ready(self, timeout: float) -> ModelLoaded:
        """Wait for the model; raises ``ModelMissing`` or ``ModelInvalid`` if it cannot load."""
        ...

    def generate(self, request: GenerateRequest) -> Iterator[GenerationEvent]:
        """One turn. Raises ``PromptTooLong`` or ``HistoryTooLong`` before any event."""
        ...

    def cancel(self) -> None:
        """Stop the running generation; its iterator ends normally, reason ``cancelled``."""
        ...

    def absorb(self, history: Sequence[ChatMessage]) -> None:
        """Evaluate ``history`` in the background, so that the next turn starts warm."""
        ...

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text alone."""
        ...

    def fit(
        self, history: Sequence[ChatMessage], question: ChatMessage, max_tokens: int
    ) -> tuple[ChatMessage, ...]:
        """``history`` without the oldest turns that do not fit the window.

        Raises ``PromptTooLong`` if system text and question alone do not fit.
        """
        ...

    def stop(self) -> None:
        """Kill the child."""
        ...


@runtime_checkable
class Memory(Protocol):
    """Embedder and vector index. Methods may be called from any thread."""

    @property
    def state(self) -> EngineState:
        """What the child is doing."""
        ...

    def subscribe(self, listener: Callable[[EngineState], None]) -> None:
        """Be told of every change of state, from another thread."""
        ...

    def wait_ready(self, timeout: float) -> None:
        """Wait for the embedder."""
        ...

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """One unit-length float32 little-endian vector per text."""
        ...

    def score(self, sha256: str, adapter: bytes, texts: Sequence[str]) -> list[float]:
        """One logit per text by an adapter of the embedder."""
        ...

    def index_put(self, ids: Sequence[str], vectors: Sequence[bytes]) -> None:
        """Add or replace vectors."""
        ...

    def index_remove(self, ids: Sequence[str]) -> None:
        """Forget ids, whether present or not."""
        ...

    def index_query(self, vector: bytes, k: int) -> list[tuple[str, float]]:
        """The ``k`` nearest ids with their cosine, nearest first."""
        ...

    def index_clear(self) -> None:
        """Forget everything."""
        ...

    def index_count(self) -> IndexState:
        """How much the index holds."""
        ...

    def pause(self, paused: bool) -> None:
        """Hold the background fill back while a turn runs."""
        ...

    def stop(self) -> None:
        """Kill the child."""
        ...
