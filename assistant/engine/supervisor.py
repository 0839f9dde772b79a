"""Starts a child, watches it, restarts it with a growing pause, and gives up at last.

One ``Supervisor`` owns one child at a time. Requests are numbered; a reader thread
puts each reply into the queue of its request. When the child dies every waiting
request gets the error, and a keeper thread starts the next child.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import Pipe
from queue import SimpleQueue

from assistant.engine.channel import Channel
from assistant.engine.child_process import ChildPlan, open_all, start_process
from assistant.engine.interfaces import EngineState, Phase
from assistant.engine.messages import Reply, ReplyEnvelope, Request, RequestEnvelope, WallReport
from assistant.engine.model_messages import LoadFailed
from assistant.engine.replies import Conversation
from assistant.engine.wall import front_not_dumpable
from assistant.errors import (
    AssistantError,
    ChildDied,
    ChildStalled,
    ModelInvalid,
    ModelMissing,
    ProtocolViolation,
)

LOADING_DEATHS = 2
"""A child that dies this often while loading has a model it cannot load."""

LOAD_FAILURES: dict[str, AssistantError] = {
    "missing": ModelMissing("The model's file is not there any more."),
    "altered": ModelInvalid("The model's file is not the one that was added."),
    "refused": ModelInvalid("The engine refused the model's file."),
}


@dataclass(slots=True)
class _Running:
    """One living child."""

    process: subprocess.Popen[bytes]
    channel: Channel[RequestEnvelope, ReplyEnvelope]
    queues: dict[int, SimpleQueue[Reply | AssistantError]] = field(default_factory=dict)
    wall: WallReport | None = None
    loaded: bool = False


class Supervisor:
    """Keeps one child alive. All methods may be called from any thread."""

    def __init__(self, plan: ChildPlan, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._plan = plan
        self._clock = clock
        self._lock = threading.Condition()
        self._child: _Running | None = None
        self._state = EngineState(Phase.STOPPED)
        self._next_request = 1
        self._restarts = 0
        self._in_a_row = 0
        self._busy = 0
        self._stopping = True
        self._failure: AssistantError | None = None
        self._loaded: Reply | None = None
        self._listeners: list[Callable[[EngineState], None]] = []
        self._keeper: threading.Thread | None = None

    # --- life ------------------------------------------------------------------------

    def start(self) -> None:
        """Start the child in the background; a second call does nothing."""
        with self._lock:
            if not self._stopping:
                return
            self._stopping, self._failure, self._in_a_row = False, None, 0
            self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)
        self._enter(Phase.LOADING)
        self._keeper.start()

    def stop(self) -> None:
        """Kill the child, so that nothing derived from plaintext is left. Waits for it."""
        with self._lock:
            self._stopping = True
            child, keeper = self._child, self._keeper
            self._lock.notify_all()
        if child is not None:
            # The keeper reads the end of file and closes: a descriptor is never closed
            # under a thread that is reading it.
            child.process.kill()
            child.process.wait()
        if keeper is not None and keeper is not threading.current_thread():
            keeper.join()
        self._enter(Phase.STOPPED)

    @property
    def state(self) -> EngineState:
        """What the child is doing."""
        with self._lock:
            return self._state

    @property
    def pid(self) -> int | None:
        """The child's process id, for ``doctor`` and tests."""
        with self._lock:
            return self._child.process.pid if self._child else None

    @property
    def wall(self) -> WallReport | None:
        """Which layers of the wall hold around the present child."""
        with self._lock:
            return self._child.wall if self._child else None

    def subscribe(self, listener: Callable[[EngineState], None]) -> None:
        """Call ``listener`` on every change of state, from a thread of ours."""
        with self._lock:
            self._listeners.append(listener)

    def wait_loaded(self, timeout: float) -> Reply:
        """The child's answer to the load request.

        Raises what loading failed with, or ``ChildStalled`` after ``timeout`` seconds.
        """
        with self._lock:
            arrived = self._lock.wait_for(
                lambda: self._loaded is not None or self._failure is not None or self._stopping,
                timeout,
            )
            if self._failure is not None:
                raise self._failure
            if self._stopping:
                raise ChildDied("The engine is stopped.")
            if not arrived or self._loaded is None:
                raise ChildStalled("The engine is not ready yet.")
            return self._loaded

    # --- requests --------------------------------------------------------------------

    @contextmanager
    def request(self, body: Request) -> Iterator[Conversation]:
        """Send a request and read its replies inside the block."""
        with self._lock:
            child = self._child
            if child is None or self._loaded is None:
                raise self._failure or ChildDied("The engine is not running.")
            number = self._number()
            queue: SimpleQueue[Reply | AssistantError] = SimpleQueue()
            child.queues[number] = queue
        try:
            self._send(child, RequestEnvelope(number, body))
            yield Conversation(number, queue, child.channel)
        finally:
            child.queues.pop(number, None)

    def ask(self, body: Request, timeout: float) -> Reply:
        """Send a request that has one reply. ``Failed`` becomes ``EngineError``."""
        with self.request(body) as conversation:
            return conversation.next(timeout)

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Show the state as generating inside the block."""
        self._count_busy(1)
        try:
            yield
        finally:
            self._count_busy(-1)

    # --- inside ----------------------------------------------------------------------

    def _send(self, child: _Running, envelope: RequestEnvelope) -> None:
        try:
            child.channel.send(envelope)
        except ChildDied:
            self._not_loaded(child)
            raise

    def _not_loaded(self, child: _Running) -> None:
        """From the moment it is known to be dead, before anyone is told.

        Whoever hears of the death and waits for the next child would otherwise find this
        one's answer to the load request, and ask a child that is gone.
        """
        with self._lock:
            if self._child is child:
                self._loaded = None

    def _number(self) -> int:
        # 1 is the load request's.
        self._next_request = max(2, (self._next_request + 1) % 2**31)
        return self._next_request

    def _count_busy(self, change: int) -> None:
        with self._lock:
            self._busy += change
            phase = self._state.phase
        if phase in {Phase.READY, Phase.GENERATING}:
            self._enter(Phase.GENERATING if self._busy else Phase.READY)

    def _enter(self, phase: Phase, detail: str = "") -> None:
        with self._lock:
            listeners, state = self._change(phase, detail)
        _tell(listeners, state)

    def _change(
        self, phase: Phase, detail: str = ""
    ) -> tuple[Sequence[Callable[[EngineState], None]], EngineState]:
        """Under the lock. Returns whom to tell, once the lock is let go."""
        if self._stopping and phase is not Phase.STOPPED:
            return (), self._state
        if phase is Phase.STOPPED and self._failure is not None:
            phase, detail = Phase.FAILED, self._failure.message
        self._state = EngineState(phase, detail, self._restarts)
        self._lock.notify_all()
        return tuple(self._listeners), self._state

    def _keep(self) -> None:
        """The keeper: one pass for each life of the child."""
        deaths_while_loading = 0
        while not self._stopping:
            loaded = self._live_once()
            with self._lock:
                if self._stopping or self._failure is not None:
                    break
                deaths_while_loading = 0 if loaded else deaths_while_loading + 1
                if deaths_while_loading >= LOADING_DEATHS:
                    self._fail(LOAD_FAILURES["refused"])
                    break
                if self._in_a_row >= len(self._plan.back_off):
                    self._fail(ChildDied("The engine ended too often; it is not restarted."))
                    break
                pause = self._plan.back_off[self._in_a_row]
                self._in_a_row += 1
                self._restarts += 1
            self._enter(Phase.RESTARTING)
            with self._lock:
                self._lock.wait_for(lambda: self._stopping, pause)
        with self._lock:
            self._stopping = True
        self._enter(Phase.STOPPED)

    def _fail(self, error: AssistantError) -> None:
        self._failure = error
        self._state = EngineState(Phase.FAILED, error.message, self._restarts)
        self._lock.notify_all()

    def _live_once(self) -> bool:
        """Start a child, load, read until it ends. Returns whether it had loaded."""
        error: AssistantError = ChildDied("A child process ended while it was needed.")
        try:
            child = self._spawn()
        except ModelMissing as missing:
            with self._lock:
                self._fail(missing)
            return False
        watchdog = threading.Timer(self._plan.load_timeout, child.process.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            while True:
                self._deliver(child, child.channel.receive(), watchdog)
        except ProtocolViolation as violation:
            error = violation
        except AssistantError:
            # The child is gone; every waiting request is told below.
            pass
        finally:
            watchdog.cancel()
            self._not_loaded(child)
            with self._lock:
                self._child = None
            _end(child)
            for queue in list(child.queues.values()):
                queue.put(error)
        return child.loaded

    def _deliver(self, child: _Running, envelope: ReplyEnvelope, watchdog: threading.Timer) -> None:
        if envelope.id == 0:
            if not isinstance(envelope.body, WallReport):
                raise ProtocolViolation("A child answered what was not asked.")
            child.wall = envelope.body
        elif envelope.id == 1:
            watchdog.cancel()
            self._take_load_answer(child, envelope.body)
        else:
            queue = child.queues.get(envelope.id)
            if queue is not None:
                # A late reply to a request nobody waits for any more is dropped.
                self._in_a_row = 0
                queue.put(envelope.body)

    def _take_load_answer(self, child: _Running, body: Reply) -> None:
        if child.loaded:
            raise ProtocolViolation("A child answered the load request twice.")
        if isinstance(body, LoadFailed):
            with self._lock:
                self._fail(LOAD_FAILURES[body.why])
            raise ChildDied("The model did not load.")
        child.loaded = True
        with self._lock:
            # Both at once: who sees the answer sees the state that goes with it.
            if self._child is child:
                self._loaded = body
            listeners, state = self._change(Phase.GENERATING if self._busy else Phase.READY)
        _tell(listeners, state)

    def _spawn(self) -> _Running:
        front_not_dumpable()
        files = open_all(self._plan.open_files)
        ours, theirs = Pipe()
        try:
            process = start_process(self._plan, theirs, files)
            channel = Channel[RequestEnvelope, ReplyEnvelope](ours, ReplyEnvelope)
            child = _Running(process, channel)
            with self._lock:
                self._child = child
                stopping = self._stopping
            if stopping:
                process.kill()
            else:
                self._send_load(child, files)
            return child
        finally:
            theirs.close()
            for descriptor in files:
                os.close(descriptor)

    def _send_load(self, child: _Running, files: Sequence[int]) -> None:
        try:
            child.channel.send(RequestEnvelope(1, self._plan.load(files)))
        except ChildDied:
            # Reading the channel finds the same, and that is where a death is handled.
            return


def _tell(listeners: Sequence[Callable[[EngineState], None]], state: EngineState) -> None:
    for listener in listeners:
        listener(state)


def _end(child: _Running) -> None:
    child.process.kill()
    child.process.wait()
    child.channel.close()
