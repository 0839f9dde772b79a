"""How a model is run on this machine: measured, kept for it alone, harmless if altered."""

from __future__ import annotations

import itertools
import stat
import threading
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from assistant.engine import ModelClient, ModelFile, ModelSettings
from assistant.engine.calibration import (
    FILE,
    Calibration,
    Measuring,
    calibrate,
    fingerprint,
    keep,
    kept,
    settings_for,
)
from assistant.errors import ModelMissing
from tests.unit.engine.turns import ask

MADE = Calibration(1, 128, flash_attention=False, cache_type="f16", seconds=1.0,
                   seconds_by_default=1.2, tried=5)  # fmt: skip
MODEL = ModelFile(Path("model.gguf"), "ab" * 32)
VECTOR = Path(__file__).parents[2] / "vectors" / "calibration.json"
LATER = VECTOR.with_name("calibration-2.json")


def test_what_was_measured_is_used_for_this_model_and_no_other(tmp_path: Path) -> None:
    assert settings_for(tmp_path, MODEL) == ModelSettings()
    keep(tmp_path, MODEL, MADE)
    assert settings_for(tmp_path, MODEL) == ModelSettings(
        threads=1, chunk=128, flash_attention=False
    )
    assert kept(tmp_path, replace(MODEL, sha256="cd" * 32)) is None
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_a_second_measurement_replaces_the_first_and_old_ones_are_forgotten(tmp_path: Path) -> None:
    for number in range(40):
        keep(tmp_path, replace(MODEL, sha256=f"{number:064x}"), MADE)
        keep(tmp_path, MODEL, msgspec.structs.replace(MADE, tried=number))
    found = kept(tmp_path, MODEL)
    assert found is not None
    assert found.tried == 39
    assert len(msgspec.json.decode((tmp_path / FILE).read_bytes())) == 16


def test_the_format_is_the_one_of_the_vector() -> None:
    assert msgspec.json.decode(VECTOR.read_bytes(), type=dict[str, Calibration]) == {
        "ab" * 32: MADE
    }
    assert msgspec.json.encode({"ab" * 32: MADE}) == VECTOR.read_bytes().strip()
    later = msgspec.structs.replace(MADE, mmap=False, at=1_700_000_000)
    assert msgspec.json.decode(LATER.read_bytes(), type=dict[str, Calibration]) == {
        "ab" * 32: later
    }
    assert msgspec.json.encode({"ab" * 32: later}) == LATER.read_bytes().strip()


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{", b"[1]", b'{"a": 1}', b"\xff", b"[" * 5000,
        msgspec.json.encode({"x": MADE}) + b" " * 70_000,
    ],
    ids=["empty", "cut", "list", "number", "no text", "deep", "long"],
)  # fmt: skip
def test_a_damaged_file_means_the_defaults(tmp_path: Path, data: bytes) -> None:
    (tmp_path / FILE).write_bytes(data)
    assert settings_for(tmp_path, MODEL) == ModelSettings()
    keep(tmp_path, MODEL, MADE)
    assert kept(tmp_path, MODEL) == MADE


def test_altered_numbers_can_make_it_slow_and_no_more(tmp_path: Path) -> None:
    keep(tmp_path, MODEL, msgspec.structs.replace(MADE, threads=-3, chunk=10**9))
    found = settings_for(tmp_path, MODEL)
    assert (found.threads, found.chunk) == (0, ModelSettings().chunk)


def test_measuring_stops_when_its_time_is_over(model_file: ModelFile) -> None:
    # Every look at this clock takes six seconds.
    clock = itertools.count(0, 6)
    made = calibrate(model_file, clock=lambda: float(next(clock)))
    assert made.tried == 2
    assert 0 < made.seconds <= made.seconds_by_default


def test_a_measurement_can_be_stopped_in_the_middle(model_file: ModelFile) -> None:
    measuring = Measuring(model_file)
    timer = threading.Timer(0.3, measuring.stop)
    timer.start()
    assert measuring.run() is None
    timer.join()


def test_a_model_that_is_not_there_is_said_and_not_measured(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing):
        calibrate(ModelFile(tmp_path / "none.gguf", "ab" * 32))


def test_the_model_answers_with_every_setting_that_may_be_chosen(model_file: ModelFile) -> None:
    settings = ModelSettings(threads=1, chunk=128, cache_type="q8_0")
    client = ModelClient()
    client.start(model_file, settings)
    try:
        assert client.wait_ready(60).threads == 1
        assert ask(client, "Say hello.", tokens=8).text
        assert client.settings == settings
    finally:
        client.stop()


def test_the_fingerprint_is_of_this_machine_and_names_nothing(model_file: ModelFile) -> None:
    assert fingerprint(model_file) == fingerprint(model_file)
    assert len(bytes.fromhex(fingerprint(model_file))) == 32
