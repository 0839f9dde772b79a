"""A file at the edge: what may be read, as which text, in which parts."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from assistant.conversation.attachments.chunking import PAGE_BREAK, tokens_about
from assistant.conversation.attachments.decoding import MAX_CHARS, DocumentKind, decode_text
from assistant.conversation.attachments.document import Document, open_document, plain_name
from assistant.conversation.attachments.reading import MAX_FILE_BYTES, read_file
from assistant.engine.document_messages import PdfRead
from assistant.errors import AttachmentRefused


def opened(name: str, data: bytes, pdf: PdfRead | None = None) -> Document:
    def read(_data: bytes) -> PdfRead:
        assert pdf is not None
        return pdf

    return open_document(name, data, read)


def test_a_regular_file_is_read_under_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_bytes(b"Buy milk.")
    found = read_file(tmp_path / "notes.txt")
    assert (found.name, found.data) == ("notes.txt", b"Buy milk.")


def test_what_is_no_regular_file_is_refused_unopened(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("text")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").touch()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        for name, word in {
            "link": "link", "pipe": "pipe", ".": "folder", "missing": "no file",
            "/dev/zero": "device", "socket": "device", "empty": "empty", "a\0b": "cannot be read",
        }.items():  # fmt: skip
            with pytest.raises(AttachmentRefused, match=word) as refused:
                read_file(tmp_path / name)
            assert refused.value.hint, name


def test_a_file_above_the_limit_is_refused_and_never_read_whole(tmp_path: Path) -> None:
    with (tmp_path / "huge.txt").open("wb") as file:
        file.truncate(MAX_FILE_BYTES * 1000)
    with pytest.raises(AttachmentRefused, match="20 MB"):
        read_file(tmp_path / "huge.txt")


@pytest.mark.parametrize(
    ("data", "text", "note"),
    [
        (b"caf\xc3\xa9", "café", ""),
        (b"\xef\xbb\xbfcaf\xc3\xa9\r\nau lait\rnoir", "café\nau lait\nnoir", ""),
        ("naïve".encode("utf-16"), "naïve", ""),
        ("\ufeffnaïve".encode("utf-16-be"), "naïve", ""),
        ("\ufeffnaïve".encode("utf-32-le"), "naïve", ""),
        ("plain words here".encode("utf-16-le"), "plain words here", "UTF-16"),
        (b"caf\xe9 \x80 5", "café € 5", "Latin-1"),
        ("é".encode() * 40 + b"\xff", "é" * 40 + "\ufffd", "1 broken"),
    ],
)
def test_the_encoding_is_found_and_doubts_are_said(data: bytes, text: str, note: str) -> None:
    found = decode_text(data)
    assert found.text == text
    assert note in found.note
    assert bool(note) == bool(found.note)


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04rest", b"\x89PNG\r\n\x1a\n", b"\x7fELF\x02", bytes(range(256)) * 4,
        b"\x00\x01\x02\x03" * 9, b"text \x01\x02\x03\x04 text", b" \n\t ",
        b"\xff\xfe\x00\xd8\x00\x00",
    ],
)  # fmt: skip
def test_what_is_not_text_is_refused_with_the_cure(data: bytes) -> None:
    with pytest.raises(AttachmentRefused) as refused:
        opened("x.txt", data)
    assert refused.value.hint


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("a.txt", "A letter.\n\nDear Ada, it rains.", DocumentKind.TEXT),
        ("a.txt", "# Title\n\n- one\n- two\n\nSee [here](http://x).", DocumentKind.MARKDOWN),
        ("a.md", "Just words.", DocumentKind.MARKDOWN),
        ("a.txt", "#!/bin/sh\necho hi", DocumentKind.CODE),
        ("a.txt", "int main() {\n  return 0;\n}\n", DocumentKind.CODE),
        ("a.py", "x = 1", DocumentKind.CODE),
    ],
)
def test_the_kind_is_found_in_the_content_before_the_name(
    name: str, text: str, kind: DocumentKind
) -> None:
    assert opened(name, text.encode()).kind is kind


def test_a_pdf_is_one_by_its_content_and_its_parts_know_their_page() -> None:
    pages = ("First page.", "Second page.\fstill second.", "", "Fourth.")
    found = opened("report.txt", b"%PDF-1.7 ...", PdfRead(pages, 6, 1))
    assert found.kind is DocumentKind.PDF
    assert [(found.text[p.start : p.end].strip(PAGE_BREAK), p.first) for p in found.parts] == [
        ("First page.", 1), ("Second page. still second.", 2), ("Fourth.", 4),
    ]  # fmt: skip
    assert "1 of its 6 pages could not be read" in found.note
    assert "first 4 of 6 pages" in found.note


def test_a_text_beyond_the_limit_is_cut_and_it_is_said() -> None:
    found = opened("long.txt", b"word " * (MAX_CHARS // 5 + 10))
    assert len(found.text) == MAX_CHARS
    assert "Only its first 2,000,000 of 2,000,050 characters" in found.note


def test_a_heading_begins_a_part_and_a_code_block_stays_whole() -> None:
    prose = "It rains in the valley and the river is high today. " * 8
    code = "```python\n" + "\n\n".join(f"value_{n} = {n}" for n in range(20)) + "\n```\n"
    text = f"# One\n\n{prose}\n\n# Two\n\n{code}\n# Three\n\n{prose}\n"
    found = opened("a.md", text.encode())
    texts = [found.text[p.start : p.end] for p in found.parts]
    assert sum("# Two\n" in t for t in texts) >= 1
    assert any(code in t for t in texts)
    assert all(tokens_about(t) < 400 for t in texts)


def test_lines_of_a_part_are_those_a_person_counts() -> None:
    lines = [f"line {n} says something of its own, at some length." for n in range(1, 101)]
    found = opened("a.txt", "\n".join(lines).encode())
    for part in found.parts:
        said = found.text[part.start : part.end].strip().split("\n")
        assert lines[part.first - 1].endswith(said[0])
        assert lines[part.last - 1] == said[-1]


def test_a_name_is_one_line_that_cannot_forge_a_mark() -> None:
    assert plain_name("../../etc/pass\nwd] [x p. 1].txt") == "pass_wd_ _x p. 1_.txt"
    assert plain_name("C:\\papers\\a.pdf") == "a.pdf"
    assert plain_name("\u202egnp.exe") == "_gnp.exe"
    assert len(plain_name("n" * 500 + ".pdf")) <= 120
    assert plain_name("/") == "file"
