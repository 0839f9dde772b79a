"""Foreign text never reaches a terminal as anything but text."""

from __future__ import annotations

import json
import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.inert import InertStream, inert, inert_line

VECTORS = json.loads(
    (Path(__file__).resolve().parents[1] / "vectors" / "inert.json").read_text("utf-8")
)
HOSTILE = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("\x00\x07\x1b\r\n\t\x7f\x85\x9b\u202e\u2066\u2028\ufeff\ud800\U000e0041"),
    )
)


@pytest.mark.parametrize(("foreign", "shown"), VECTORS)
def test_vectors_are_shown_as_written_down(foreign: str, shown: str) -> None:
    assert inert(foreign) == shown


@given(HOSTILE)
def test_nothing_but_newline_and_tab_of_the_control_characters_survives(text: str) -> None:
    for character in inert(text):
        assert character in "\n\t" or unicodedata.category(character) not in {"Cc", "Cs"}
        assert unicodedata.bidirectional(character) not in {
            "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI",
        }  # fmt: skip


@given(HOSTILE)
def test_lines_break_only_at_newlines_and_the_text_encodes(text: str) -> None:
    shown = inert(text)
    shown.encode("utf-8")
    assert len(shown.splitlines()) == len(shown.removesuffix("\n").split("\n")) * bool(shown)


@given(HOSTILE)
def test_doing_it_twice_changes_nothing(text: str) -> None:
    assert inert(inert(text)) == inert(text)


@given(HOSTILE)
def test_nothing_is_dropped(text: str) -> None:
    assert len(inert(text)) >= len(text.replace("\r\n", "\n"))


@given(st.lists(HOSTILE))
def test_any_chunking_of_a_stream_gives_the_same_text(pieces: list[str]) -> None:
    stream = InertStream()
    streamed = "".join([stream.feed(piece) for piece in pieces]) + stream.finish()
    assert streamed == inert("".join(pieces))


@given(HOSTILE, st.integers(1, 40))
def test_one_line_stays_one_line(text: str, limit: int) -> None:
    assert len(inert_line(text, limit).splitlines()) <= 1


def test_a_line_of_a_megabyte_is_prepared_quickly_and_whole() -> None:
    line = "x\x1b" * 500_000
    began = time.perf_counter()
    assert inert(line) == "x␛" * 500_000
    assert time.perf_counter() - began < 5
