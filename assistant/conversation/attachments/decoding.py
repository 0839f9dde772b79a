"""Bytes of a file to its text, and what kind of text that is.

The kind is found in the content; the name only decides where the content leaves it open.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath
from typing import Final

from assistant.errors import AttachmentRefused

MAX_CHARS: Final = 2_000_000
"""Text beyond this is left out, and it is said."""


class DocumentKind(StrEnum):
    """What a file is read as."""

    TEXT = "text"
    MARKDOWN = "markdown"
    CODE = "code"
    PDF = "pdf"


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text with newlines as ``\\n``, and what a person must know about the reading."""

    text: str
    note: str = ""


_MARKS: Final = (
    # UTF-32 first: its little-endian mark begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTAINER_HINT: Final = "Save it as PDF or as plain text and attach that."
_SIGNATURES: Final = (
    (b"PK\x03\x04", "It is an archive, or a Word, Excel or OpenDocument file."),
    (b"\xd0\xcf\x11\xe0", "It is an old Office file."),
    (b"\x89PNG", "It is a picture."),
    (b"\xff\xd8\xff", "It is a picture."),
    (b"GIF8", "It is a picture."),
    (b"\x1f\x8b", "It is compressed."),
    (b"\x7fELF", "It is a program."),
    (b"MZ\x90", "It is a program."),
    (b"SQLite format 3\x00", "It is a database."),
)
_CONTROL: Final = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_MOST_CONTROL = 0.01
_SURE = 0.05
"""Up to this share of its special characters may be broken in text still read as UTF-8."""


def is_pdf(data: bytes) -> bool:
    """Whether the content says that it is a PDF, whatever its name."""
    return data.lstrip(b"\xef\xbb\xbf \t\r\n\x00")[:5] == b"%PDF-"


def decode_text(data: bytes) -> Decoded:
    """The text of a file that is no PDF. Raises AttachmentRefused for binary data."""
    for signature, what in _SIGNATURES:
        if data.startswith(signature):
            raise AttachmentRefused(what, hint=_CONTAINER_HINT)
    text, note = _decoded(data)
    sample = text[:100_000]
    if len(_CONTROL.findall(sample)) > _MOST_CONTROL * len(sample):
        raise _binary()
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "\ufffd")
    if not text.strip():
        raise AttachmentRefused("There is no text in the file.", hint="Attach one with text.")
    return shortened(text, note)


def shortened(text: str, note: str = "") -> Decoded:
    """At most ``MAX_CHARS`` of a text, with a word about what was left out."""
    if len(text) <= MAX_CHARS:
        return Decoded(text, note)
    cut = f"Only its first {MAX_CHARS:,} of {len(text):,} characters are used."
    return Decoded(text[:MAX_CHARS], f"{note} {cut}".strip())


def _decoded(data: bytes) -> tuple[str, str]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strictly(data, encoding), ""
    if b"\x00" in data:
        return _strictly(data, _without_mark(data)), "Read as UTF-16, which it does not declare."
    try:
        return data.decode("utf-8"), ""
    except UnicodeDecodeError:
        return _not_quite_utf8(data)


def _strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise AttachmentRefused(
            "The file's encoding is damaged.", hint="Save it again as UTF-8 text."
        ) from error


def _without_mark(data: bytes) -> str:
    """UTF-16 of mostly Latin text has a zero in every second byte; anything else is binary."""
    sample = data[:4096]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if len(data) % 2 == 0 and max(even, odd) > 0.3 * len(sample) / 2 > 10 * min(even, odd):
        return "utf-16-be" if even > odd else "utf-16-le"
    raise _binary()


def _not_quite_utf8(data: bytes) -> tuple[str, str]:
    lenient = data.decode("utf-8", "replace")
    broken = lenient.count("\ufffd")
    special = sum(not character.isascii() for character in lenient)
    if broken <= _SURE * special:
        return lenient, f"{broken} broken characters were replaced."
    note = "It is not UTF-8: read as Latin-1 (Windows-1252), so accents may be wrong."
    try:
        return data.decode("cp1252"), note
    except UnicodeDecodeError:
        return data.decode("latin-1"), note


def _binary() -> AttachmentRefused:
    return AttachmentRefused("The file holds binary data, not text.", hint=_CONTAINER_HINT)


_CODE_NAMES: Final = {
    "py", "pyi", "js", "jsx", "ts", "tsx", "c", "h", "cc", "cpp", "hpp", "cs", "java", "kt", "go",
    "rs", "rb", "php", "pl", "lua", "swift", "scala", "sh", "bash", "zsh", "fish", "ps1", "sql",
    "r", "jl", "hs", "ml", "ex", "erl", "clj", "lisp", "el", "vim", "tf", "json", "yaml", "yml",
    "toml", "ini", "cfg", "xml", "html", "css", "scss", "vue", "make", "cmake", "gradle", "diff",
    "patch",
}  # fmt: skip
_MARKDOWN_NAMES: Final = frozenset({"md", "markdown", "mdown", "mkd", "rst"})
_MARKDOWN: Final = re.compile(
    r"^#{1,6} \S|^```|^ {0,3}[-*+] \S|^\s*\d+\. \S|\[[^\]\n]+\]\([^)\n]+\)|\*\*\S", re.MULTILINE
)
_HEADING: Final = re.compile(r"^#{1,6} \S", re.MULTILINE)
_CODE: Final = re.compile(
    r"[;{}]\s*$|^\s*(?:def|class|import|from \S+ import|func|fn|function|public|private|static"
    r"|#include|package|use|var|let|const|return|if\s*\(|for\s*\(|SELECT|CREATE)\b",
    re.MULTILINE,
)


def kind_of(text: str, name: str) -> DocumentKind:
    """Code, Markdown or plain text: by the content where it is clear, else by the name."""
    sample = text[:20_000]
    lines = max(1, sum(bool(line.strip()) for line in sample.split("\n")))
    ending = PurePath(name).suffix.lower().removeprefix(".")
    if sample.startswith("#!") or len(_CODE.findall(sample)) > 0.4 * lines:
        return DocumentKind.CODE
    if ending in _CODE_NAMES:
        return DocumentKind.CODE
    marked = len(_MARKDOWN.findall(sample))
    if ending in _MARKDOWN_NAMES or (_HEADING.search(sample) and marked > 0.1 * lines):
        return DocumentKind.MARKDOWN
    return DocumentKind.TEXT
