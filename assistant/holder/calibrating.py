"""Measuring how the model runs best here, by itself, when nobody is waiting.

Once for each model, build and processor: when the vault has been open without a turn for a
minute. A turn that begins ends it at once, and it is tried again later. What came of it is
kept in the vault, with a plain copy in the home for the start before the unlock (see
``engine.calibration``), and holds from the next start on: the model is not loaded anew in
the middle of an evening.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from assistant.engine.calibration import (
    Calibration,
    Measuring,
    decoded,
    fingerprint,
    keep,
    kept,
    with_one_more,
)
from assistant.engine.interfaces import EngineState, Phase
from assistant.errors import AssistantError

if TYPE_CHECKING:
    from assistant.engine import ModelFile

IDLE = 60.0
"""Seconds without a turn after which it begins."""
TRIES = 3
"""So often it is begun; who is always interrupted keeps the defaults until the next start."""
BUSY = 0.5
"""Beside other programs that use so much of the machine nothing true is measured: it waits."""
KEY = "engine.calibration"


def busyness() -> float:
    """How much of this machine is in use, over a minute: 1.0 is all of it, 0.0 unknown."""
    return os.getloadavg()[0] / (os.cpu_count() or 1) if hasattr(os, "getloadavg") else 0.0


class KeptSettings(Protocol):
    """Text by key (vault.settings)."""

    def get(self, key: str) -> str | None:
        """The value, or None."""
        ...

    def put(self, key: str, value: str) -> None:
        """Set it."""
        ...


class Watched(Protocol):
    """A child as it is seen from here."""

    @property
    def state(self) -> EngineState:
        """What it is doing."""
        ...

    def subscribe(self, listener: Callable[[EngineState], None]) -> None:
        """Be told of every change."""
        ...


class Run(Protocol):
    """One measurement."""

    def run(self) -> Calibration | None:
        """To its end; None where it was stopped."""
        ...

    def stop(self) -> None:
        """End it."""
        ...


def settle(settings: KeptSettings, home: Path, model: ModelFile) -> Calibration | None:
    """Make the vault's result and the plain copy the same: the newer one holds."""
    mine, data = fingerprint(model), (settings.get(KEY) or "{}").encode()
    inside, outside = decoded(data).get(mine), kept(home, model)
    newest = max(filter(None, (inside, outside)), key=lambda one: one.at, default=None)
    if newest is not None and newest != inside:
        settings.put(KEY, with_one_more(data, mine, newest).decode())
    if newest is not None and newest != outside:
        keep(home, model, newest)
    return newest


class Calibrating:
    """The background of one open vault. ``model`` is asked which is in use now, or None."""

    def __init__(
        self,
        settings: KeptSettings,
        home: Path,
        model: Callable[[], ModelFile | None],
        engine: Watched,
        *,
        measure: Callable[[ModelFile], Run] = Measuring,
        idle: float = IDLE,
        busyness: Callable[[], float] = busyness,
    ) -> None:
        self._settings, self._home, self._model = settings, home, model
        self._engine, self._measure, self._idle = engine, measure, idle
        self._busyness = busyness
        self._changed = threading.Condition()
        self._turns = self._tries = 0
        self._stopped = False
        self._quiet_since = time.monotonic()
        self._running: Run | None = None
        self._done: set[str] = set()

    def start(self) -> None:
        """Begin to wait for a quiet minute, until ``stop``."""
        self._engine.subscribe(self._heard)
        threading.Thread(target=self._watch, name="calibrating", daemon=True).start()

    def stop(self) -> None:
        """The vault is being locked: end the thread, and at once what is being measured."""
        with self._changed:
            self._stopped = True
            self._end_run()

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """While a turn runs: what is being measured ends at once."""
        with self._changed:
            self._turns += 1
            self._end_run()
        try:
            yield
        finally:
            with self._changed:
                self._turns -= 1
                self._quiet_since = time.monotonic()
                self._changed.notify_all()

    def _end_run(self) -> None:
        if self._running is not None:
            self._running.stop()
        self._changed.notify_all()

    def _heard(self, _state: EngineState) -> None:
        with self._changed:
            self._changed.notify_all()

    def _watch(self) -> None:
        try:
            self._is_known(self._model())
            while (model := self._due()) is not None:
                if not self._is_known(model):
                    self._tries += 1
                    self._measured(model)
        except (AssistantError, OSError):
            # Locked meanwhile, no room on the disk, a model that does not load: the defaults.
            return

    def _due(self) -> ModelFile | None:
        """Wait until a model has not been measured and all is quiet; None at the end."""
        with self._changed:
            while not self._stopped:
                model = self._unmeasured()
                if model is None or self._turns or self._engine.state.phase is not Phase.READY:
                    self._changed.wait()
                    continue
                left = self._quiet_since + self._idle - time.monotonic()
                if left > 0:
                    self._changed.wait(left)
                elif self._busyness() > BUSY:
                    self._quiet_since = time.monotonic()
                else:
                    return model
        return None

    def _unmeasured(self) -> ModelFile | None:
        model = self._model()
        done = model is None or self._tries >= TRIES or model.sha256 in self._done
        return None if done else model

    def _is_known(self, model: ModelFile | None) -> bool:
        if model is None or settle(self._settings, self._home, model) is None:
            return False
        self._done.add(model.sha256)
        return True

    def _measured(self, model: ModelFile) -> None:
        run = self._measure(model)
        with self._changed:
            if self._turns or self._stopped:
                return
            self._running = run
        try:
            found = run.run()
        finally:
            with self._changed:
                self._running = None
        if found is not None:
            keep(self._home, model, found)
            self._is_known(model)
            self._tries = 0
