"""The vault thread: a connection to SQLite belongs to the thread that made it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

from assistant.errors import VaultLocked

T = TypeVar("T")
_Job = tuple[Callable[[], Any], "Future[Any]"]


class VaultThread:
    """Runs functions one after the other on a thread of its own."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="vault", daemon=True)
        self._thread.start()

    def call(self, work: Callable[[], T]) -> T:
        """Run ``work`` on the vault thread and return or raise what it does."""
        if threading.current_thread() is self._thread:
            return work()
        future: Future[T] = Future()
        with self._gate:
            if self._closed:
                raise VaultLocked("The vault is locked.")
            self._jobs.put((work, future))
        return future.result()

    def stop(self) -> None:
        """Finish what was asked before, then end the thread."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            work, future = job
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001 - the caller's to handle
                future.set_exception(error)
            # Otherwise the last result and its text stay alive until the next job.
            del job, work, future
