"""What both children share: the wall first, then a reader thread and a queue of jobs.

The reader thread exists so that a cancellation is seen while the main thread is in
native code, and so that the process ends by itself when the front is gone.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from assistant.engine.channel import Channel
from assistant.engine.messages import Reply, ReplyEnvelope, RequestEnvelope
from assistant.engine.model_messages import Cancel
from assistant.engine.wall import Openings, put_up
from assistant.errors import AssistantError

BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "import importlib; importlib.import_module(sys.argv[2]).main(sys.argv[3:])"
)
"""What the fresh interpreter runs: works from a source tree, an editable install, a wheel."""


class Jobs:
    """Requests waiting for the main thread, and which of them were cancelled."""

    def __init__(self, on_cancel: Callable[[], None]) -> None:
        self._waiting: deque[RequestEnvelope] = deque()
        self._cancelled: set[int] = set()
        self._current = 0
        self._changed = threading.Condition()
        self._on_cancel = on_cancel

    def put(self, envelope: RequestEnvelope) -> None:
        """Queue a request, or cancel the one it names."""
        with self._changed:
            if not isinstance(envelope.body, Cancel):
                self._waiting.append(envelope)
            elif envelope.body.request == self._current:
                self._on_cancel()
            elif any(job.id == envelope.body.request for job in self._waiting):
                self._cancelled.add(envelope.body.request)
            self._changed.notify()

    def take(self, timeout: float | None = None) -> RequestEnvelope | None:
        """The next request, or None when ``timeout`` seconds passed without one."""
        with self._changed:
            if not self._changed.wait_for(lambda: bool(self._waiting), timeout):
                return None
            return self._waiting.popleft()

    def take_if(self, *kinds: type) -> RequestEnvelope | None:
        """The oldest waiting request of these kinds, without waiting."""
        if not self._waiting:
            return None
        with self._changed:
            for envelope in self._waiting:
                if isinstance(envelope.body, kinds):
                    self._waiting.remove(envelope)
                    return envelope
        return None

    def waiting(self) -> bool:
        """Whether a request waits."""
        return bool(self._waiting)

    def cancelled(self) -> bool:
        """Whether a request that waits was cancelled."""
        return bool(self._cancelled)

    def begin(self, request: int) -> bool:
        """Mark a request as running; False if it was cancelled before it began."""
        with self._changed:
            if request in self._cancelled:
                self._cancelled.discard(request)
                return False
            self._current = request
            return True

    def end(self) -> None:
        """No request is running, so a late cancellation means nothing."""
        with self._changed:
            self._current = 0


class Desk:
    """A child's side of the channel: jobs in, replies out."""

    def __init__(
        self,
        channel: Channel[ReplyEnvelope, RequestEnvelope],
        on_cancel: Callable[[], None] = lambda: None,
    ) -> None:
        self.jobs = Jobs(on_cancel)
        self._channel = channel
        threading.Thread(target=self._read, name="reader", daemon=True).start()

    def reply(self, request: int, body: Reply) -> None:
        """Send a reply; a front that is gone ends this process."""
        try:
            self._channel.send(ReplyEnvelope(request, body))
        except AssistantError:
            os._exit(0)

    def _read(self) -> None:
        while True:
            try:
                self.jobs.put(self._channel.receive())
            except AssistantError:
                # The front is gone or talks nonsense: nothing is left to do here, and
                # the main thread may be deep in native code.
                os._exit(0)


def begin(arguments: list[str]) -> Channel[ReplyEnvelope, RequestEnvelope]:
    """Put up the wall and say what holds. Arguments: channel, model descriptors, folders."""
    descriptor = int(arguments[0])
    models = tuple(int(number) for number in arguments[1].split(",") if number)
    folders = tuple(Path(folder) for folder in arguments[2:])
    report = put_up(Openings(folders, (descriptor,), models))
    channel = Channel[ReplyEnvelope, RequestEnvelope](Connection(descriptor), RequestEnvelope)
    channel.send(ReplyEnvelope(0, report))
    sys.setswitchinterval(0.001)
    return channel
