"""The front's side of the memory child."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from assistant.engine.child_process import ChildPlan
from assistant.engine.interfaces import EngineState, Phase
from assistant.engine.limits import SLICE
from assistant.engine.memory_messages import (
    AdapterWanted,
    CountIndex,
    Embed,
    Embedded,
    EmbedderLoaded,
    IndexClear,
    IndexHits,
    IndexPut,
    IndexQuery,
    IndexRemove,
    IndexState,
    LoadAdapter,
    LoadEmbedder,
    Scored,
    ScoreTexts,
    SetPaused,
)
from assistant.engine.messages import Done, Reply, Request, WallReport
from assistant.engine.supervisor import Supervisor
from assistant.errors import ChildDied, ProtocolViolation

TIMEOUT = 60.0
READY = 60.0
MAX_TEXTS = 256
"""Texts in one request; more are sent in several, so that none waits long behind them."""

Answer = TypeVar("Answer", bound=Reply)


@dataclass(frozen=True, slots=True)
class EmbedderFolder:
    """An embedding model on disk: a folder and the digest of each file in it."""

    path: Path
    sha256: Mapping[str, str] = field(default_factory=dict)
    id: str = ""

    @property
    def digest(self) -> str:
        """One SHA-256 for the model: of the list of its files and their digests."""
        listed = json.dumps(dict(self.sha256), sort_keys=True)
        return hashlib.sha256(listed.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class MemorySettings:
    """``chroma_from`` items on, Chroma is filled and asked; below, search is exact.

    ``library`` runs sentence-transformers where a faster pass would do.
    """

    chroma_from: int = 1
    library: bool = False


DEFAULT_SETTINGS = MemorySettings()


class MemoryClient:
    """A supervised memory child. Implements ``interfaces.Memory``.

    After a restart the index is empty: whoever fills it subscribes to the state and
    fills it again when ``restarts`` has grown.
    """

    def __init__(self, settings: MemorySettings = DEFAULT_SETTINGS) -> None:
        self._settings = settings
        self._supervisor: Supervisor | None = None
        self._listeners: list[Callable[[EngineState], None]] = []

    def start(self, embedder: EmbedderFolder) -> None:
        """Start loading; returns at once."""
        self.stop()
        request = LoadEmbedder(
            str(embedder.path),
            dict(embedder.sha256),
            self._settings.chroma_from,
            self._settings.library,
        )
        plan = ChildPlan("assistant.engine.child_memory", (embedder.path,), (), lambda _: request)
        self._supervisor = Supervisor(plan)
        for listener in self._listeners:
            self._supervisor.subscribe(listener)
        self._supervisor.start()

    def stop(self) -> None:
        """Kill the child; nothing it held remains."""
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is not None:
            supervisor.stop()

    @property
    def state(self) -> EngineState:
        """What the child is doing."""
        return self._supervisor.state if self._supervisor else EngineState(Phase.STOPPED)

    @property
    def pid(self) -> int | None:
        """The child's process id."""
        return self._supervisor.pid if self._supervisor else None

    @property
    def wall(self) -> WallReport | None:
        """Which layers of the wall hold."""
        return self._supervisor.wall if self._supervisor else None

    def subscribe(self, listener: Callable[[EngineState], None]) -> None:
        """Be told of every change of state, from a thread of ours."""
        self._listeners.append(listener)
        if self._supervisor is not None:
            self._supervisor.subscribe(listener)

    def wait_ready(self, timeout: float) -> None:
        """Wait for the embedder; raises as ``ModelClient.wait_ready`` does."""
        loaded = self._child().wait_loaded(timeout)
        if not isinstance(loaded, EmbedderLoaded):
            raise ProtocolViolation("The memory child answered the load request wrongly.")

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """One unit-length float32 little-endian vector per text."""
        vectors: list[bytes] = []
        for start in range(0, len(texts), MAX_TEXTS):
            part = tuple(texts[start : start + MAX_TEXTS])
            answer = self._ask(Embed(part), Embedded)
            if len(answer.vectors) != len(part):
                raise ProtocolViolation("The memory child sent another number of vectors.")
            vectors += answer.vectors
        return vectors

    def score(self, sha256: str, adapter: bytes, texts: Sequence[str]) -> list[float]:
        """One logit per text by an adapter; it is sent where the child lacks it.

        Raises ``EngineError`` when the child cannot use it, ``ProtocolViolation`` when it
        answers otherwise.
        """
        logits: list[float] = []
        for start in range(0, len(texts), MAX_TEXTS):
            part = tuple(texts[start : start + MAX_TEXTS])
            answer = self._reply(ScoreTexts(sha256, part))
            if isinstance(answer, AdapterWanted):
                self._ask(LoadAdapter(sha256, adapter), Done)
                answer = self._reply(ScoreTexts(sha256, part))
            if not isinstance(answer, Scored) or len(answer.logits) != len(part):
                raise ProtocolViolation("The memory child did not score the texts.")
            logits += answer.logits
        return logits

    def index_put(self, ids: Sequence[str], vectors: Sequence[bytes]) -> None:
        """Add or replace vectors, in slices that leave room for queries between them."""
        step = max(1, SLICE // (len(vectors[0]) if vectors else 1))
        for start in range(0, len(ids), step):
            part = IndexPut(
                tuple(ids[start : start + step]), b"".join(vectors[start : start + step])
            )
            self._ask(part, Done)

    def index_remove(self, ids: Sequence[str]) -> None:
        """Forget ids, whether present or not."""
        self._ask(IndexRemove(tuple(ids)), Done)

    def index_query(self, vector: bytes, k: int) -> list[tuple[str, float]]:
        """The ``k`` nearest ids with their cosine, nearest first."""
        return list(self._ask(IndexQuery(vector, k), IndexHits).hits)

    def index_clear(self) -> None:
        """Forget everything."""
        self._ask(IndexClear(), Done)

    def index_count(self) -> IndexState:
        """How much the index holds, and who answers queries."""
        return self._ask(CountIndex(), IndexState)

    def pause(self, paused: bool) -> None:
        """Hold the background fill back while a turn runs; no error if the child is gone."""
        try:
            self._child().ask(SetPaused(paused), TIMEOUT)
        except ChildDied:
            # A dead child does no background work.
            return

    def _child(self) -> Supervisor:
        if self._supervisor is None:
            raise ChildDied("The memory engine is not running.")
        return self._supervisor

    def _reply(self, body: Request) -> Reply:
        child = self._child()
        child.wait_loaded(READY)
        return child.ask(body, TIMEOUT)

    def _ask(self, body: Request, kind: type[Answer]) -> Answer:
        answer = self._reply(body)
        if not isinstance(answer, kind):
            raise ProtocolViolation("The memory child answered something else.")
        return answer
