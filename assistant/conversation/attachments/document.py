"""A file made ready: its text, its kind, its parts. What a turn and the vault work with."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from assistant.conversation.attachments.chunking import PAGE_BREAK, Part, cut
from assistant.conversation.attachments.decoding import (
    Decoded,
    DocumentKind,
    decode_text,
    is_pdf,
    kind_of,
    shortened,
)
from assistant.conversation.attachments.reading import MAX_NAME, require_size
from assistant.engine.document_messages import PdfRead
from assistant.errors import AttachmentRefused

ReadPdf = Callable[[bytes], PdfRead]


@dataclass(frozen=True, slots=True)
class Document:
    """A file as attached. ``size`` in bytes; ``sha256`` of its bytes; ``note`` for a person."""

    name: str
    kind: DocumentKind
    size: int
    sha256: str
    text: str
    parts: tuple[Part, ...]
    note: str = ""


def open_document(name: str, unverified_data: bytes, read: ReadPdf) -> Document:
    """Make a file's bytes a document; ``read`` parses a PDF somewhere safe.

    Raises AttachmentRefused, with the cure, for what holds no readable text.
    """
    data = require_size(unverified_data)
    if is_pdf(data):
        kind, decoded = DocumentKind.PDF, _pdf_text(read(data))
    else:
        decoded = decode_text(data)
        kind = kind_of(decoded.text, name)
    parts = cut(decoded.text, kind)
    if not parts:
        raise AttachmentRefused("There is no text in the file.", hint="Attach one with text.")
    sha256 = hashlib.sha256(data).hexdigest()
    return Document(plain_name(name), kind, len(data), sha256, decoded.text, parts, decoded.note)


def plain_name(name: str) -> str:
    """The last part of a name, on one line, without what a citation is marked with."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    plain = "".join(c if c.isprintable() and c not in "[]<>|`" else "_" for c in last).strip()
    if len(plain) > MAX_NAME:
        plain = plain[: MAX_NAME - 12] + "…" + plain[-11:]
    return plain or "file"


def _pdf_text(pdf: PdfRead) -> Decoded:
    # A page's own form feeds would be taken for the end of it.
    pages = [page.replace(PAGE_BREAK, " ").replace("\x00", "\ufffd") for page in pdf.pages]
    notes = []
    if pdf.unread:
        notes.append(f"{pdf.unread} of its {pdf.count} pages could not be read.")
    if len(pages) < pdf.count:
        notes.append(f"Only its first {len(pages)} of {pdf.count} pages are used.")
    return shortened(PAGE_BREAK.join(pages), " ".join(notes))
