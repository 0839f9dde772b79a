"""How to run a model on this machine, measured: threads, batch, attention, mapping, cache.

The vault keeps the result (``holder.calibrating``). A plain copy lies in the home, because
the model loads while the passphrase is typed and nothing in the vault can be read then. It
says how fast this machine is and nothing about a person; altered, it can make the program
slow and no more. It counts for one model, one build of llama.cpp and one processor: for any
other, the defaults hold until it is measured again.
"""

from __future__ import annotations

import hashlib
import importlib.machinery
import os
import platform
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import msgspec

from assistant.engine.model_client import DEFAULT_SETTINGS, ModelClient, ModelFile, ModelSettings
from assistant.engine.model_messages import (
    ChatMessage,
    GenerateRequest,
    GenerationFinished,
    PromptEvaluated,
    Sampling,
)
from assistant.errors import AssistantError, ChildDied

FILE = "calibration.json"
MAX_BYTES = 64 * 1024
MOST_KEPT = 16
LOADING = 120.0
LONGEST = 10.0
"""Seconds after which nothing more is tried."""
WORTH = 0.95
"""Another way must take at most this share of the time of the best one so far."""
_READ, _WRITTEN = 256, 32
"""Tokens of a trial, in the proportion of a turn with some history."""


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What was chosen, and what a trial took with it and with the defaults, in seconds.

    ``at``: when, in seconds since 1970; 0 where that was not noted.
    """

    threads: int
    chunk: int
    flash_attention: bool
    cache_type: Literal["f16", "q8_0"]
    seconds: float
    seconds_by_default: float
    tried: int
    mmap: bool = True
    at: int = 0

    @property
    def settings(self) -> ModelSettings:
        """As the client takes them; numbers out of range are the defaults."""
        threads = self.threads if 0 <= self.threads <= 512 else 0
        chunk = self.chunk if 32 <= self.chunk <= 2048 else DEFAULT_SETTINGS.chunk
        return replace(
            DEFAULT_SETTINGS, threads=threads, chunk=chunk,
            flash_attention=self.flash_attention, cache_type=self.cache_type, mmap=self.mmap,
        )  # fmt: skip

    @property
    def gain(self) -> float:
        """How many times the default's speed."""
        return self.seconds_by_default / max(self.seconds, 1e-9)


class Measuring:
    """One calibration; another thread may stop it.

    Each way runs in a child of its own, one difference at a time. What is better than the
    defaults is held against them once more before it is believed: a neighbour that woke up
    during one trial would otherwise choose for months. A cache in eight bits changes answers
    a little, so it is tried only where that was asked for.
    """

    def __init__(
        self,
        model: ModelFile,
        *,
        quantised_cache: bool = False,
        clock: Callable[[], float] = time.perf_counter,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._model, self._quantised, self._clock = model, quantised_cache, clock
        self._wall = wall
        self._stopped = False
        self._client: ModelClient | None = None
        self._changing = threading.Lock()

    def stop(self) -> None:
        """End it at once; ``run`` then returns None."""
        with self._changing:
            self._stopped = True
            if self._client is not None:
                self._client.stop()

    def run(self) -> Calibration | None:
        """Measure; None where it was stopped.

        Raises what loading the model by default raises; a way that does not load is passed
        over.
        """
        try:
            return self._chosen()
        except AssistantError:
            if self._stopped:
                return None
            raise

    def _chosen(self) -> Calibration | None:
        began, best, tried = self._clock(), DEFAULT_SETTINGS, 1
        least = by_default = self._trial(best)
        for change in _changes(quantised_cache=self._quantised):
            if self._stopped or self._clock() - began > LONGEST:
                break
            settings = change(best)
            seconds = self._tried(settings)
            if seconds is None:
                continue
            tried += 1
            if seconds < WORTH * least:
                best, least = settings, seconds
        if best != DEFAULT_SETTINGS and not self._stopped:
            by_default = min(by_default, self._trial(DEFAULT_SETTINGS))
            if self._trial(best) >= WORTH * by_default:
                best, least = DEFAULT_SETTINGS, by_default
        if self._stopped:
            return None
        return Calibration(
            best.threads, best.chunk, best.flash_attention, best.cache_type,
            round(least, 3), round(by_default, 3), tried, best.mmap, int(self._wall()),
        )  # fmt: skip

    def _tried(self, settings: ModelSettings) -> float | None:
        try:
            return self._trial(settings)
        except AssistantError:
            return None

    def _trial(self, settings: ModelSettings) -> float:
        """Seconds for reading a prompt and writing a little: the better of two."""
        client = ModelClient()
        with self._changing:
            if self._stopped:
                raise ChildDied("The measurement was stopped.")
            self._client = client
            client.start(self._model, settings)
        try:
            client.set_threads(client.wait_ready(LOADING).threads)
            return min(_seconds(client, word) for word in ("river", "stone"))
        finally:
            client.stop()


def calibrate(
    model: ModelFile,
    *,
    quantised_cache: bool = False,
    clock: Callable[[], float] = time.perf_counter,
) -> Calibration:
    """Measure now and to the end; see ``Measuring``."""
    made = Measuring(model, quantised_cache=quantised_cache, clock=clock).run()
    if made is None:
        raise AssertionError("nobody could stop it")
    return made


def kept(home: Path, model: ModelFile) -> Calibration | None:
    """What was measured for this model on this machine with this build, or None."""
    return decoded(_read(home)).get(fingerprint(model))


def keep(home: Path, model: ModelFile, calibration: Calibration) -> None:
    """Write it down, privately and atomically; OSError where that fails."""
    data = with_one_more(_read(home), fingerprint(model), calibration)
    temporary = home / f"{FILE}.new"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    temporary.replace(home / FILE)


def with_one_more(data: bytes, mine: str, calibration: Calibration) -> bytes:
    """The kept ones with this one as the newest; the oldest are forgotten."""
    others = [pair for pair in decoded(data).items() if pair[0] != mine]
    return msgspec.json.encode(dict([*others[-MOST_KEPT + 1 :], (mine, calibration)]))


def settings_for(home: Path, model: ModelFile) -> ModelSettings:
    """Measured settings, or the defaults."""
    found = kept(home, model)
    return found.settings if found is not None else DEFAULT_SETTINGS


def told(home: Path, model: ModelFile) -> str:
    """How a model is run, in words, and whether that was measured."""
    found, settings = kept(home, model), settings_for(home, model)
    since = "not measured yet"
    if found is not None:
        since = f"measured here, {found.tried} ways tried, {found.gain:.2f}× the default's speed"
    return (
        f"{settings.threads or 'all useful'} threads, batches of {settings.chunk}, "
        f"flash attention {'on' if settings.flash_attention else 'off'}, "
        f"cache {settings.cache_type}, file {'mapped' if settings.mmap else 'read'} ({since})"
    )


def fingerprint(model: ModelFile) -> str:
    """A digest of model, build and processor; not secret, and not reversible to a name."""
    parts = [model.sha256, _processor(), str(os.cpu_count()), platform.machine(), *_build()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _seconds(client: ModelClient, word: str) -> float:
    request = GenerateRequest(
        (), ChatMessage("user", f"{word} " * _READ), max_tokens=_WRITTEN,
        sampling=Sampling(temperature=0.0), exact=True,
    )  # fmt: skip
    read = written = 0.0
    for event in client.generate(request):
        if isinstance(event, PromptEvaluated):
            read = event.seconds
        elif isinstance(event, GenerationFinished):
            # Per token: an answer that ends early is no faster for it.
            written = event.decode_seconds / max(1, event.generated_tokens) * _WRITTEN
    return read + written


def _changes(*, quantised_cache: bool) -> Iterator[Callable[[ModelSettings], ModelSettings]]:
    """The likeliest gains first: time may run out."""
    cores = os.cpu_count() or 1
    yield lambda best: replace(best, chunk=512)
    yield lambda best: replace(best, flash_attention=False)
    yield lambda best: replace(best, mmap=False)
    if quantised_cache:
        yield lambda best: replace(best, cache_type="q8_0", flash_attention=True)
    if cores > 2:
        yield lambda best: replace(best, threads=cores)
        yield lambda best: replace(best, threads=cores // 2)
    yield lambda best: replace(best, chunk=128)


def _read(home: Path) -> bytes:
    try:
        with (home / FILE).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError:
        return b""


def decoded(data: bytes) -> dict[str, Calibration]:
    """What was kept, by fingerprint; nothing where it is damaged or too long."""
    try:
        if len(data) > MAX_BYTES:
            return {}
        return msgspec.json.decode(data, type=dict[str, Calibration])
    except (ValueError, msgspec.MsgspecError, RecursionError):
        return {}


def _processor() -> str:
    try:
        with Path("/proc/cpuinfo").open("rb") as file:
            lines = file.read(MAX_BYTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def _build() -> list[str]:
    """The compiled libraries by name and size, without importing them."""
    found = importlib.machinery.PathFinder.find_spec("llama_cpp")
    folders = [] if found is None else [Path(p) for p in found.submodule_search_locations or ()]
    files = sorted(file for folder in folders for file in (folder / "lib").glob("*"))
    return [f"{file.name} {file.stat().st_size}" for file in files if file.is_file()]
