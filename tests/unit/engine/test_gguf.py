"""A model file is foreign: no byte of it may crash, stall or fill the front."""

from __future__ import annotations

import struct
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.engine.gguf import read_header
from assistant.errors import ModelInvalid, ModelMissing
from tests.unit.engine.gguf_files import ARRAY, STRING, UINT32, gguf, pair, tensor, text

HUGE = 2**63


def _read(folder: Path, data: bytes) -> object:
    path = folder / "model.gguf"
    path.write_bytes(data)
    return read_header(path)


def test_a_sound_header_is_read_and_its_strings_come_back_raw(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(gguf())
    header = read_header(path)
    assert header.unverified_text("general.architecture") == "llama"
    assert header.unverified_text("general.name") == "A \x1b[31mtest\u202e model"
    assert (header.tensors, header.size) == (1, path.stat().st_size)


def test_the_default_model_is_sound(chat_model_path: Path) -> None:
    assert read_header(chat_model_path).unverified_text("general.architecture") == "llama"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GGU",
        b"PK\x03\x04" + b"\0" * 100,
        b"FUGG" + gguf()[4:],
        gguf(version=1),
        gguf(version=99),
        gguf(counts=(0, 3)),
        gguf(counts=(HUGE, 3)),
        gguf(counts=(1, HUGE)),
        gguf([pair("k", STRING, struct.pack("<Q", HUGE))]),
        gguf([struct.pack("<Q", HUGE) + b"k"]),
        gguf([pair("k", ARRAY, struct.pack("<IQ", UINT32, HUGE))]),
        gguf([pair("k", ARRAY, struct.pack("<IQ", UINT32, 2**24))]),
        gguf([pair("k", ARRAY, struct.pack("<IQ", ARRAY, 1))]),
        gguf([pair("k", 77, b"")]),
        gguf([pair("general.alignment", UINT32, struct.pack("<I", 0))]),
        gguf([pair("general.alignment", UINT32, struct.pack("<I", 2**31))]),
        gguf(tensors=[tensor("w", [2**40, 2**40])]),
        gguf(tensors=[tensor("w", [4], offset=2**50)]),
        gguf(tensors=[tensor("w", [1] * 9)]),
        gguf(tensors=[tensor("w", [4000])]),
        gguf(data=b""),
    ],
)
def test_a_broken_or_absurd_header_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ModelInvalid):
        _read(tmp_path, data)


def test_every_truncation_of_a_sound_file_is_refused(tmp_path: Path) -> None:
    data = gguf()
    for length in range(len(data)):
        if length < len(data):
            with pytest.raises(ModelInvalid):
                _read(tmp_path, data[:length])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_an_altered_header_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    altered = bytearray(gguf())
    for _ in range(data.draw(st.integers(1, 4))):
        altered[data.draw(st.integers(0, len(altered) - 1))] = data.draw(st.integers(0, 255))
    try:
        _read(tmp_path, bytes(altered))
    except ModelInvalid:
        return


def test_absurd_counts_cost_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(gguf([pair("k", STRING, struct.pack("<Q", 4 * 1024 * 1024))]))
    tracemalloc.start()
    try:
        with pytest.raises(ModelInvalid):
            read_header(path)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_a_long_value_is_read_over_and_a_text_that_is_no_utf8_is_replaced(tmp_path: Path) -> None:
    pairs = [
        pair("template", STRING, text("x" * 10_000)),
        pair("general.name", STRING, text(b"\xff\xfe")),
    ]
    path = tmp_path / "model.gguf"
    path.write_bytes(gguf(pairs))
    header = read_header(path)
    assert header.unverified_text("template") == ""
    assert header.unverified_text("general.name") == "\ufffd\ufffd"


def test_a_file_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing):
        read_header(tmp_path / "nothing.gguf")
    with pytest.raises(ModelMissing):
        read_header(tmp_path)
