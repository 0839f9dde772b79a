"""The model child: llama-cpp-python behind the wall, and nothing else."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Sequence
from pathlib import Path

from assistant.engine.child import Desk, begin
from assistant.engine.limits import SLICE
from assistant.engine.llama import Aborted, Llama
from assistant.engine.messages import Done, Failed, Reply, RequestEnvelope
from assistant.engine.model_messages import (
    Absorbed,
    AbsorbRequest,
    CountMessages,
    CountTexts,
    GenerateRequest,
    LoadFailed,
    LoadModel,
    LoadPrefix,
    ModelLoaded,
    PrefixLoaded,
    ProbeDecode,
    SavePrefix,
    SetThreads,
    Slice,
)
from assistant.engine.model_session import ModelSession
from assistant.engine.prefix_state import load_prefix, save_prefix
from assistant.engine.thread_governor import ThreadGovernor
from assistant.errors import AssistantError, ModelInvalid

QUICK = (CountTexts, CountMessages, SetThreads)
"""Answered between two steps of a running generation."""


class ModelChild:
    """Answers requests one after the other."""

    def __init__(self, desk: Desk, session: ModelSession, digest: str) -> None:
        self._desk = desk
        self._session = session
        self._digest = digest
        self._state = bytearray()

    def serve(self) -> None:
        """Answer until the front goes away."""
        while True:
            envelope = self._desk.jobs.take()
            if envelope is not None:
                self.answer(envelope)

    def quick(self) -> None:
        """Answer what is cheap and waiting; called between steps."""
        while self._desk.jobs.waiting():
            envelope = self._desk.jobs.take_if(*QUICK)
            if envelope is None:
                return
            self._try(envelope)

    def _nothing_waits(self) -> bool:
        """Whether background work may go on; what is cheap is answered at once."""
        self.quick()
        return not self._desk.jobs.waiting()

    def answer(self, envelope: RequestEnvelope) -> None:
        """Run one request, as the current one that can be cancelled."""
        abort = self._session.llama.abort
        abort.clear()
        if not self._desk.jobs.begin(envelope.id):
            abort.set()
        try:
            self._try(envelope)
        finally:
            self._desk.jobs.end()
            abort.clear()

    def _try(self, envelope: RequestEnvelope) -> None:
        try:
            self._dispatch(envelope)
        except Aborted:
            self._desk.reply(envelope.id, Failed("cancelled"))
        except AssistantError as error:
            self._desk.reply(envelope.id, Failed(type(error).__name__))

    def _dispatch(self, envelope: RequestEnvelope) -> None:
        session, body = self._session, envelope.body

        def reply(answer: Reply) -> None:
            self._desk.reply(envelope.id, answer)

        match body:
            case GenerateRequest():
                session.generate(body, reply)
            case AbsorbRequest():
                complete = session.absorb(body.history, self._nothing_waits)
                reply(Absorbed(session.main.tokens, complete))
            case CountTexts():
                reply(session.count_texts(body.texts))
            case CountMessages():
                reply(session.count_messages(body.messages))
            case SetThreads():
                session.fix_threads(body.threads)
                reply(Done())
            case ProbeDecode():
                reply(session.probe(body.tokens))
            case SavePrefix():
                # A turn that waits needs the prefix itself; one that was stopped does not.
                stopped = self._desk.jobs.cancelled
                data = save_prefix(session, body.history, self._digest, lambda: not stopped())
                self._send_slices(envelope.id, data)
            case LoadPrefix():
                self._take_slice(envelope.id, body)
            case _:
                reply(Failed("not for this child"))

    def _send_slices(self, request: int, data: bytes) -> None:
        for start in range(0, max(1, len(data)), SLICE):
            part = data[start : start + SLICE]
            self._desk.reply(request, Slice(part, start + SLICE >= len(data)))

    def _take_slice(self, request: int, body: LoadPrefix) -> None:
        self._state += body.data
        if not body.last:
            self._desk.reply(request, Done())
            return
        data, self._state = bytes(self._state), bytearray()
        tokens = load_prefix(self._session, data, self._digest)
        self._desk.reply(request, PrefixLoaded(tokens))


class _LateFlag:
    """Lets the reader thread cancel before and after the model is there."""

    def __init__(self) -> None:
        self.llama: Llama | None = None

    def __call__(self) -> None:
        if self.llama is not None:
            self.llama.abort.set()


def main(arguments: Sequence[str]) -> None:
    """Wall, load, serve. Arguments come from the supervisor."""
    channel = begin(list(arguments))
    cancel = _LateFlag()
    desk = Desk(channel, cancel)
    envelope = desk.jobs.take()
    if envelope is None or not isinstance(envelope.body, LoadModel):
        os._exit(2)
    request, began = envelope.body, time.perf_counter()
    try:
        llama = _load(request)
    except ModelInvalid as refused:
        altered = isinstance(refused, _Altered)
        desk.reply(envelope.id, LoadFailed("altered" if altered else "refused"))
        return
    cancel.llama = llama
    governor = ThreadGovernor(request.threads or default_threads(), llama.set_threads)
    child: list[ModelChild] = []
    session = ModelSession(
        llama, chunk=request.chunk, governor=governor, between=lambda: child[0].quick()
    )
    child.append(ModelChild(desk, session, request.sha256))
    desk.reply(envelope.id, _loaded(session, governor.most, time.perf_counter() - began))
    child[0].serve()


class _Altered(ModelInvalid):
    """The file's digest is another one."""


def _load(request: LoadModel) -> Llama:
    """The file that was hashed is the file that is loaded: both through one descriptor."""
    with os.fdopen(os.dup(request.fd), "rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != request.sha256:
            raise _Altered("The model's file is not the one that was added.")
    os.lseek(request.fd, 0, os.SEEK_SET)
    folder = "/proc/self/fd" if Path("/proc/self/fd").is_dir() else "/dev/fd"
    return Llama(
        f"{folder}/{request.fd}",
        context=request.context,
        limit=request.context_limit,
        threads=request.threads or default_threads(),
        batch=request.chunk,
        flash=request.flash_attention,
        cache=request.cache_type,
        mmap=request.mmap,
    )


def default_threads() -> int:
    """All cores of a small machine, half of a large one (its second threads share cores)."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return cores if cores <= 4 else max(4, cores // 2)


def _loaded(session: ModelSession, threads: int, seconds: float) -> ModelLoaded:
    llama = session.llama
    return ModelLoaded(
        unverified_name=llama.metadata("general.name"),
        unverified_architecture=llama.metadata("general.architecture"),
        context_size=llama.context_size,
        trained_context=llama.trained_context,
        parameters=llama.parameters,
        weight_bytes=llama.weight_bytes,
        template=session.template.way,
        can_shift=llama.can_shift,
        threads=threads,
        seconds=seconds,
    )
