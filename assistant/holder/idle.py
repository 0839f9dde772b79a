"""Locking by itself: when nobody used the vault for long, or the computer slept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from assistant.errors import AssistantError
from assistant.holder.keeping import Keeping
from assistant.holder.parts import Parts
from assistant.holder.settings import SETTINGS, UserSettings

_SLEPT = 5.0
"""Seconds of sleep after which the vault is locked."""
_RETAIN_EVERY = 3600.0
"""Seconds between two looks for what is older than the retention allows."""


class IdleLock:
    """Counts what uses the vault and locks it when that was long ago.

    Now and then it also forgets what is older than the retention in force. ``lock`` is
    called from a thread of its own; ``locked`` ends that thread.
    """

    def __init__(
        self,
        parts: Parts,
        settings: UserSettings,
        keeping: Keeping,
        locked: threading.Event,
        lock: Callable[[str], None],
    ) -> None:
        self._parts, self._settings, self._keeping = parts, settings, keeping
        self._locked, self._lock = locked, lock
        self._busy = 0
        self._last_use = parts.clock()
        self._counting = threading.Lock()

    def start(self) -> None:
        """Begin to watch."""
        threading.Thread(target=self._watch, name="idle-lock", daemon=True).start()

    @contextmanager
    def used(self, *, by_somebody: bool) -> Iterator[None]:
        """While a request runs nothing locks; ``by_somebody``: its end counts as use."""
        with self._counting:
            self._busy += 1
        try:
            yield
        finally:
            with self._counting:
                self._busy -= 1
                if by_somebody:
                    self._last_use = self._parts.clock()

    def _retain(self) -> None:
        """Forget what is older than the retention in force, by kind; a bound is a maximum."""
        days = {
            key: int(self._settings.number(key))
            for key in ("retention_days", "feedback_days", "proposal_days")
        }
        if days["retention_days"] < SETTINGS["retention_days"].high:
            self._keeping.forget_older(days["retention_days"])
        self._keeping.forget_items(days["feedback_days"], days["proposal_days"])

    def _watch(self) -> None:
        retained = -_RETAIN_EVERY
        slept = self._parts.slept()
        limit = float(SETTINGS["idle_minutes"].default) * 60
        while not self._locked.wait(self._parts.watch_every):
            now = self._parts.clock()
            if self._parts.slept() - slept > _SLEPT:
                self._lock("the computer slept")
                return
            if why := self._parts.policy_changed():
                self._lock(why)
                return
            # What cannot be read or erased now is tried again; locking does not wait for it.
            with suppress(AssistantError):
                limit = self._settings.number("idle_minutes") * 60
            if now - retained >= _RETAIN_EVERY:
                retained = now
                with suppress(AssistantError):
                    self._retain()
            with self._counting:
                idle = self._busy == 0 and self._parts.clock() - self._last_use > limit
            if idle:
                self._lock("nobody used it for a while")
