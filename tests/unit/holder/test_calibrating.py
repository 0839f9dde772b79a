"""How the model is run is measured by itself: once, when idle, and never beside a turn."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from assistant.engine import ModelFile
from assistant.engine.calibration import FILE, Calibration, keep, kept
from assistant.holder.calibrating import KEY, TRIES, Calibrating, settle
from assistant.vault import Vault
from tests.scripted_model import ScriptedModel
from tests.vault_world import create

MODEL = ModelFile(Path("model.gguf"), "ab" * 32)
MADE = Calibration(1, 512, flash_attention=True, cache_type="f16", seconds=1.0,
                   seconds_by_default=1.2, tried=5, mmap=False, at=1_700_000_000)  # fmt: skip


@dataclass
class Measured:
    """One measurement that ends when told: ``end`` with its result, or ``stop``."""

    began: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    result: Calibration | None = None

    def run(self) -> Calibration | None:
        self.began.set()
        self.ended.wait(30.0)
        return self.result

    def stop(self) -> None:
        self.ended.set()

    def end(self) -> None:
        self.result = MADE
        self.ended.set()


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with create(tmp_path / "vault")[0] as made:
        yield made


class Bench:
    """A background over a vault, with measurements that wait to be told."""

    def __init__(self, vault: Vault, home: Path, idle: float = 0.0) -> None:
        self.busyness = 0.0
        self.runs = [Measured() for _ in range(TRIES + 2)]
        self.asked = 0
        self.made = Calibrating(
            vault.settings,
            home,
            lambda: MODEL,
            ScriptedModel(),
            measure=self._next,
            idle=idle,
            busyness=lambda: self.busyness,
        )
        self.made.start()

    def _next(self, model: ModelFile) -> Measured:
        assert model == MODEL
        self.asked += 1
        return self.runs[self.asked - 1]


@pytest.fixture
def bench(vault: Vault, tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def build(idle: float = 0.0) -> Bench:
        made.append(Bench(vault, tmp_path, idle))
        return made[-1]

    yield build
    for each in made:
        each.made.stop()


def until(true: Callable[[], bool]) -> None:
    """Wait for something to come true."""
    for _ in range(500):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come true")


def test_when_idle_it_measures_once_and_keeps_it_in_the_vault_and_beside_it(
    bench: Callable[..., Bench], vault: Vault, tmp_path: Path
) -> None:
    first = bench()
    assert first.runs[0].began.wait(30.0)
    first.runs[0].end()
    until(lambda: kept(tmp_path, MODEL) == MADE)
    until(lambda: vault.settings.get(KEY) is not None)
    again = bench()
    time.sleep(0.1)
    assert (first.asked, again.asked) == (1, 0)


def test_a_turn_ends_it_at_once_and_it_begins_again_later(
    bench: Callable[..., Bench], tmp_path: Path
) -> None:
    made = bench()
    assert made.runs[0].began.wait(30.0)
    with made.made.quiet():
        assert made.runs[0].ended.is_set()
        time.sleep(0.1)
        assert made.asked == 1, "it measures while a turn runs"
    assert made.runs[1].began.wait(30.0)
    made.runs[1].end()
    until(lambda: kept(tmp_path, MODEL) == MADE)


def test_nothing_is_measured_before_it_has_been_quiet_for_long(
    bench: Callable[..., Bench],
) -> None:
    made = bench(idle=30.0)
    time.sleep(0.15)
    assert made.asked == 0


def test_beside_a_busy_program_nothing_is_measured_until_it_ends(
    bench: Callable[..., Bench],
) -> None:
    made = bench(idle=0.15)
    made.busyness = 0.9
    time.sleep(0.4)
    assert made.asked == 0
    made.busyness = 0.1
    assert made.runs[0].began.wait(30.0)


def test_who_is_always_interrupted_is_left_alone(
    bench: Callable[..., Bench], tmp_path: Path
) -> None:
    made = bench()
    for run in made.runs[:TRIES]:
        assert run.began.wait(30.0)
        with made.made.quiet():
            pass
    time.sleep(0.1)
    assert made.asked == TRIES
    assert kept(tmp_path, MODEL) is None


def test_locking_ends_it(bench: Callable[..., Bench], tmp_path: Path) -> None:
    made = bench()
    assert made.runs[0].began.wait(30.0)
    made.made.stop()
    assert made.runs[0].ended.is_set()
    time.sleep(0.1)
    assert made.asked == 1
    assert kept(tmp_path, MODEL) is None


def test_a_copy_that_was_removed_comes_back_from_the_vault(vault: Vault, tmp_path: Path) -> None:
    keep(tmp_path, MODEL, MADE)
    assert settle(vault.settings, tmp_path, MODEL) == MADE
    (tmp_path / FILE).unlink()
    assert settle(vault.settings, tmp_path, MODEL) == MADE
    assert kept(tmp_path, MODEL) == MADE


def test_the_newer_of_two_holds(vault: Vault, tmp_path: Path) -> None:
    keep(tmp_path, MODEL, MADE)
    settle(vault.settings, tmp_path, MODEL)
    newer = msgspec.structs.replace(MADE, chunk=128, at=MADE.at + 60)
    keep(tmp_path, MODEL, newer)
    assert settle(vault.settings, tmp_path, MODEL) == newer
    keep(tmp_path, MODEL, MADE)
    assert settle(vault.settings, tmp_path, MODEL) == newer
    assert kept(tmp_path, MODEL) == newer


def test_damaged_text_in_the_vault_counts_for_nothing(vault: Vault, tmp_path: Path) -> None:
    vault.settings.put(KEY, '{"a": 1}')
    assert settle(vault.settings, tmp_path, MODEL) is None
    keep(tmp_path, MODEL, MADE)
    assert settle(vault.settings, tmp_path, MODEL) == MADE
