"""How to run a model on this machine, measured: threads, batch, attention, cache type.

The result lies in the home and not in the vault, because the model loads while the
passphrase is typed. It says how fast this machine is and nothing about a person; altered,
it can make the program slow and no more. It counts for one model, one build of llama.cpp
and one processor: for any other, the defaults hold until it is measured again.
"""

from __future__ import annotations

import hashlib
import importlib.machinery
import os
import platform
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
from assistant.errors import AssistantError

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


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was chosen, and what a trial took with it and with the defaults, in seconds."""

    threads: int
    chunk: int
    flash_attention: bool
    cache_type: Literal["f16", "q8_0"]
    seconds: float
    seconds_by_default: float
    tried: int

    @property
    def settings(self) -> ModelSettings:
        """As the client takes them; numbers out of range are the defaults."""
        threads = self.threads if 0 <= self.threads <= 512 else 0
        chunk = self.chunk if 32 <= self.chunk <= 2048 else DEFAULT_SETTINGS.chunk
        return replace(
            DEFAULT_SETTINGS, threads=threads, chunk=chunk,
            flash_attention=self.flash_attention, cache_type=self.cache_type,
        )  # fmt: skip


def calibrate(
    model: ModelFile,
    *,
    quantised_cache: bool = False,
    clock: Callable[[], float] = time.perf_counter,
) -> Calibration:
    """Try ways to run the model, each in a child of its own, one difference at a time.

    A cache in eight bits changes answers a little, so it is tried only where that was
    asked for. Raises what loading the model by default raises; a way that does not load
    is passed over.
    """
    began = clock()
    best = DEFAULT_SETTINGS
    least = by_default = _trial(model, best)
    tried = 1
    for change in _changes(quantised_cache=quantised_cache):
        if clock() - began > LONGEST:
            break
        settings = change(best)
        try:
            seconds = _trial(model, settings)
        except AssistantError:
            continue
        tried += 1
        if seconds < WORTH * least:
            best, least = settings, seconds
    return Calibration(
        best.threads, best.chunk, best.flash_attention, best.cache_type,
        round(least, 3), round(by_default, 3), tried,
    )  # fmt: skip


def kept(home: Path, model: ModelFile) -> Calibration | None:
    """What was measured for this model on this machine with this build, or None."""
    return _all(home).get(fingerprint(model))


def keep(home: Path, model: ModelFile, calibration: Calibration) -> None:
    """Write it down, privately and atomically; OSError where that fails."""
    mine = fingerprint(model)
    others = [pair for pair in _all(home).items() if pair[0] != mine]
    data = msgspec.json.encode(dict([*others[-MOST_KEPT + 1 :], (mine, calibration)]))
    temporary = home / f"{FILE}.new"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    temporary.replace(home / FILE)


def settings_for(home: Path, model: ModelFile) -> ModelSettings:
    """Measured settings, or the defaults."""
    found = kept(home, model)
    return found.settings if found is not None else DEFAULT_SETTINGS


def fingerprint(model: ModelFile) -> str:
    """A digest of model, build and processor; not secret, and not reversible to a name."""
    parts = [model.sha256, _processor(), str(os.cpu_count()), platform.machine(), *_build()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _trial(model: ModelFile, settings: ModelSettings) -> float:
    """Seconds for reading a prompt and writing a little: the better of two."""
    client = ModelClient()
    client.start(model, settings)
    try:
        client.wait_ready(LOADING)
        client.set_threads(client.wait_ready(LOADING).threads)
        return min(_seconds(client, word) for word in ("river", "stone"))
    finally:
        client.stop()


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
    if quantised_cache:
        yield lambda best: replace(best, cache_type="q8_0", flash_attention=True)
    if cores > 2:
        yield lambda best: replace(best, threads=cores)
        yield lambda best: replace(best, threads=cores // 2)
    yield lambda best: replace(best, chunk=128)


def _all(home: Path) -> dict[str, Calibration]:
    try:
        with (home / FILE).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            return {}
        return msgspec.json.decode(data, type=dict[str, Calibration])
    except (OSError, ValueError, msgspec.MsgspecError, RecursionError):
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
