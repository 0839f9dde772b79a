"""The front's side of the model child."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from assistant.engine.child_process import ChildPlan
from assistant.engine.interfaces import EngineState, Phase
from assistant.engine.limits import SLICE
from assistant.engine.messages import Done, Reply, Request, WallReport
from assistant.engine.model_messages import (
    Absorbed,
    AbsorbRequest,
    Cancel,
    CandidateFinished,
    ChatMessage,
    CountMessages,
    Counts,
    CountTexts,
    DecodeProbed,
    GenerateRequest,
    GenerationEvent,
    GenerationFinished,
    LoadModel,
    LoadPrefix,
    ModelLoaded,
    PrefixLoaded,
    ProbeDecode,
    PromptEvaluated,
    PromptProgress,
    SavePrefix,
    SetThreads,
    Slice,
    TextDelta,
    WindowExceeded,
)
from assistant.engine.replies import Conversation
from assistant.engine.supervisor import Supervisor
from assistant.engine.window import kept, oldest_kept
from assistant.errors import (
    ChildDied,
    HistoryTooLong,
    PromptTooLong,
    ProtocolViolation,
)

STALL = 120.0
"""A child that says nothing for so long during a turn is taken for stuck, in seconds."""

QUICK = 30.0
COUNTED = 64
"""Messages that are counted at once."""
MAX_STATE = 2 * 1024**3


Answer = TypeVar("Answer", bound=Reply)


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A chat model on disk: a GGUF and the digest it must have at every load."""

    path: Path
    sha256: str
    id: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """How to run it; 0 lets the child choose. See ``calibration``."""

    context: int = 0
    context_limit: int = 8192
    threads: int = 0
    chunk: int = 256
    flash_attention: bool = True
    cache_type: Literal["f16", "q8_0"] = "f16"
    mmap: bool = True


DEFAULT_SETTINGS = ModelSettings()


class ModelClient:
    """A supervised model child. Implements ``interfaces.Model``."""

    def __init__(self, settings: ModelSettings = DEFAULT_SETTINGS) -> None:
        self._settings = settings
        self._supervisor: Supervisor | None = None
        self._loaded: ModelLoaded | None = None
        self._listeners: list[Callable[[EngineState], None]] = []
        self._turn = threading.Lock()
        self._running: Conversation | None = None
        self._running_lock = threading.Lock()
        self._starting = self._cancelled = False

    @property
    def settings(self) -> ModelSettings:
        """How the model is run."""
        return self._settings

    # --- life --------------------------------------------------------------------------

    def start(self, model: ModelFile, settings: ModelSettings | None = None) -> None:
        """Start loading; returns at once. Replaces a model that runs already.

        Without ``settings`` those of the last start are used.
        """
        self.stop()
        settings = self._settings = settings or self._settings

        def load(descriptors: Sequence[int]) -> LoadModel:
            return LoadModel(
                descriptors[0],
                model.sha256,
                settings.context,
                settings.context_limit,
                settings.threads,
                settings.chunk,
                settings.flash_attention,
                settings.cache_type,
                settings.mmap,
            )

        plan = ChildPlan("assistant.engine.child_model", (), (model.path,), load)
        self._supervisor = Supervisor(plan)
        for listener in self._listeners:
            self._supervisor.subscribe(listener)
        self._supervisor.start()

    def stop(self) -> None:
        """Kill the child; nothing it held remains."""
        supervisor, self._supervisor, self._loaded = self._supervisor, None, None
        if supervisor is not None:
            supervisor.stop()

    @property
    def state(self) -> EngineState:
        """What the child is doing."""
        return self._supervisor.state if self._supervisor else EngineState(Phase.STOPPED)

    @property
    def loaded(self) -> ModelLoaded | None:
        """What is loaded, once ``wait_ready`` has returned."""
        return self._loaded

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

    def wait_ready(self, timeout: float) -> ModelLoaded:
        """Wait until the model answers.

        Raises ``ModelMissing`` or ``ModelInvalid`` if it never will, ``ChildStalled``
        after ``timeout`` seconds.
        """
        loaded = self._child().wait_loaded(timeout)
        if not isinstance(loaded, ModelLoaded):
            raise ProtocolViolation("The model child answered the load request wrongly.")
        self._loaded = loaded
        return loaded

    # --- a turn ------------------------------------------------------------------------

    def generate(self, request: GenerateRequest) -> Iterator[GenerationEvent]:
        """One turn, event by event; ``GenerationFinished`` is the last one.

        Closing the iterator early cancels. Raises ``PromptTooLong`` when system text and
        question alone exceed the window, ``HistoryTooLong`` when the history does.
        """
        with self._turn:
            with self._running_lock:
                self._starting, self._cancelled = True, False
            try:
                yield from self._turn_events(request)
            finally:
                with self._running_lock:
                    self._starting = False

    def _turn_events(self, request: GenerateRequest) -> Iterator[GenerationEvent]:
        self.wait_ready(STALL)
        supervisor = self._child()
        with supervisor.busy(), supervisor.request(request) as conversation:
            with self._running_lock:
                self._running = conversation
                if self._cancelled:
                    # Asked for while the model was still loading.
                    _send_cancel(conversation)
            finished = False
            try:
                while not finished:
                    event = _event(conversation.next(STALL))
                    finished = isinstance(event, GenerationFinished)
                    yield event
            finally:
                with self._running_lock:
                    self._running = None
                if not finished:
                    _abandon(conversation)

    def cancel(self) -> None:
        """Stop the running generation, if there is one, wherever it is."""
        with self._running_lock:
            if self._running is not None:
                _send_cancel(self._running)
            elif self._starting:
                self._cancelled = True

    def absorb(self, history: Sequence[ChatMessage]) -> None:
        """Have ``history`` evaluated in the background; errors are of no consequence."""
        threading.Thread(
            target=self._absorb, args=(tuple(history),), name="absorb", daemon=True
        ).start()

    def _absorb(self, history: tuple[ChatMessage, ...]) -> None:
        try:
            self.absorb_now(history)
        except Exception:  # noqa: BLE001 - the next turn evaluates whatever is missing
            return

    def absorb_now(self, history: Sequence[ChatMessage]) -> Absorbed:
        """Evaluate ``history`` into the main sequence and wait for it."""
        return self._ask(AbsorbRequest(tuple(history)), Absorbed, STALL)

    # --- counting ----------------------------------------------------------------------

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text alone."""
        return list(self._ask(CountTexts(tuple(texts)), Counts, QUICK).tokens)

    def count_messages(self, messages: Sequence[ChatMessage]) -> list[int]:
        """Tokens each message adds to a prompt, with what the template puts after it."""
        return list(self._ask(CountMessages(tuple(messages)), Counts, QUICK).tokens)

    def fit(
        self, history: Sequence[ChatMessage], question: ChatMessage, max_tokens: int
    ) -> tuple[ChatMessage, ...]:
        """``history`` without the oldest turns that leave no room for the answer.

        A quarter of the window is freed at once when turns must go, and the cache is
        shifted, not read again. Raises ``PromptTooLong``.
        """
        size = self.wait_ready(STALL).context_size
        history = self._enough(history, question, size)
        counts = self.count_messages((*history, question))
        place = oldest_kept(
            [message.role for message in history],
            counts[:-1],
            fixed=counts[-1],
            size=size,
            wanted=min(max_tokens, size // 4),
        )
        if place is None:
            raise PromptTooLong("The question alone is longer than the model's window.")
        return kept(history, place)

    def _enough(
        self, history: Sequence[ChatMessage], question: ChatMessage, size: int
    ) -> Sequence[ChatMessage]:
        """System text and as many of the newest turns as are certain to fill the window.

        What is older is dropped whatever it counts, so a long conversation costs no more
        to count than one that fills the window.
        """
        if len(history) <= COUNTED:
            return history
        first = next((i for i, m in enumerate(history) if m.role != "system"), len(history))
        turns = [i for i in range(first, len(history)) if history[i].role == "user"]
        end, filled = len(history), 0
        while end > first and filled <= size:
            start = next((i for i in reversed(turns) if i <= end - COUNTED), first)
            counts = self.count_messages((*history[:first], *history[start:end], question))
            filled += sum(counts[first:-1])
            end = start
        return (*history[:first], *history[end:])

    # --- state, speed ------------------------------------------------------------------

    def save_prefix(self, history: Sequence[ChatMessage]) -> bytes:
        """The KV state of ``history``, evaluated first if need be. As secret as its text.

        b"" where a turn that waited for it was stopped: its person comes first.
        """
        parts: list[bytes] = []
        with self._child().request(SavePrefix(tuple(history))) as conversation:
            while True:
                part = _expect(conversation.next(STALL), Slice)
                parts.append(part.data)
                if part.last:
                    return b"".join(parts)
                if sum(map(len, parts)) > MAX_STATE:
                    raise ProtocolViolation("A child sent a state without end.")

    def load_prefix(self, data: bytes) -> int:
        """Take over a saved state; returns its tokens, 0 if it is not for this model."""
        parts = [data[start : start + SLICE] for start in range(0, len(data), SLICE)] or [b""]
        for part in parts[:-1]:
            self._ask_done(LoadPrefix(part, last=False))
        return self._ask(LoadPrefix(parts[-1], last=True), PrefixLoaded, QUICK).tokens

    def begin_with(self, read: Callable[[], bytes | None]) -> int:
        """Take over the state that ``read`` returns before any turn that comes later.

        Returns its tokens; 0 where there is none or it is not for this model and build.
        """
        with self._turn:
            self.wait_ready(STALL)
            data = read()
            return self.load_prefix(data) if data else 0

    def probe_decode(self, tokens: int = 8) -> DecodeProbed:
        """Decode a little in the child: proof that this build runs here, for ``doctor``."""
        return self._ask(ProbeDecode(tokens), DecodeProbed, STALL)

    def set_threads(self, threads: int) -> None:
        """Use exactly this many threads; 0 lets the child's governor choose."""
        self._ask_done(SetThreads(threads))

    # --- inside ------------------------------------------------------------------------

    def _child(self) -> Supervisor:
        if self._supervisor is None:
            raise ChildDied("The engine is not running.")
        return self._supervisor

    def _ask_done(self, body: Request) -> None:
        self._ask(body, Done, QUICK)

    def _ask(self, body: Request, kind: type[Answer], timeout: float) -> Answer:
        child = self._child()
        child.wait_loaded(STALL)
        return _expect(child.ask(body, timeout), kind)


def _expect(reply: Reply, kind: type[Answer]) -> Answer:
    if not isinstance(reply, kind):
        raise ProtocolViolation("A child answered with something else than was asked.")
    return reply


def _event(reply: Reply) -> GenerationEvent:
    if isinstance(reply, WindowExceeded):
        if reply.question_tokens >= reply.context_size:
            raise PromptTooLong("The question alone is longer than the model's window.")
        raise HistoryTooLong("The conversation is longer than the model's window.")
    if isinstance(
        reply,
        PromptProgress | PromptEvaluated | TextDelta | CandidateFinished | GenerationFinished,
    ):
        return reply
    raise ProtocolViolation("A child answered a turn with something else.")


def _send_cancel(conversation: Conversation) -> None:
    try:
        conversation.send(Cancel(conversation.number))
    except ChildDied:
        # It ended by itself; the turn's own reader says so.
        return


def _abandon(conversation: Conversation) -> None:
    """The listener went away: stop the work; late events are dropped by the supervisor."""
    _send_cancel(conversation)
