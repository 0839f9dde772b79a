"""A PDF is parsed behind the wall, within limits; whatever it does, the cure is named."""

from __future__ import annotations

import sys
import time
import zlib

import pytest

from assistant.engine.document_client import read_pdf
from assistant.errors import AttachmentRefused
from tests.pdf_files import locked_pdf, pdf, pdf_of_stream

BAD = "tests.faults.bad_documents"


def refusal(data: bytes, **more: object) -> str:
    with pytest.raises(AttachmentRefused) as refused:
        read_pdf(data, most_chars=10_000, **more)  # type: ignore[arg-type]
    assert refused.value.hint
    return refused.value.message


def test_text_comes_page_by_page() -> None:
    read = read_pdf(pdf(["Hello (you).", "Two\nlines"]), most_chars=10_000)
    assert (read.pages, read.count, read.unread) == (("Hello (you).", "Two\nlines"), 2, 0)


def test_no_more_than_wanted_is_handed_over() -> None:
    read = read_pdf(pdf(["a" * 50, "b" * 50, "c"]), most_chars=60)
    assert (read.pages, read.count) == (("a" * 50, "b" * 10), 3)


def test_locked_scanned_and_damaged_files_are_told_apart() -> None:
    whole = pdf(["Some text"])
    assert "password" in refusal(locked_pdf("secret"))
    assert "pictures" in refusal(pdf(["", ""]))
    no_pages = whole.replace(b"/Kids", b"/")
    for data in (whole[:200], b"%PDF-1.4", b"%PDF-1.4" + bytes(1000), no_pages):
        assert "damaged" in refusal(data)


def test_a_page_tree_that_bites_its_tail_ends() -> None:
    refusal(pdf(["text"]).replace(b"/Kids [3 0 R]", b"/Kids [2 0 R]"))


def test_a_bomb_of_compressed_zeros_does_not_get_its_memory() -> None:
    bomb = zlib.compress(bytes(400 << 20), 9)
    began = time.monotonic()
    refusal(pdf_of_stream(zlib.compress(bomb), b"/Filter [/FlateDecode /FlateDecode]"))
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("data", "word"),
    [(b"rubbish", "damaged"), (b"die", "damaged"), (b"huge", "damaged"), (b"hang", "too long")],
)
def test_a_child_that_hangs_dies_or_lies_is_a_refusal(data: bytes, word: str) -> None:
    began = time.monotonic()
    assert word in refusal(data, seconds=2.0, module=BAD)
    assert time.monotonic() - began < 10


@pytest.mark.skipif(sys.platform != "linux", reason="the wall is Linux's")
def test_the_child_can_write_reach_and_read_nothing() -> None:
    read = read_pdf(b"try", most_chars=0, module="tests.faults.prying_document")
    assert set(read.pages) <= {"refused"}
    assert len(read.pages) == 4
