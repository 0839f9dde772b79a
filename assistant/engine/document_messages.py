"""What the front and the document child say to each other: one question, one answer."""

from __future__ import annotations

from typing import Literal

import msgspec

MAX_PDF_BYTES = 20 * 1024 * 1024
MEMORY_LIMIT = 1 << 30
"""Address space of the document child, in bytes."""
MAX_ANSWER_BYTES = 16 * 1024 * 1024


class ReadPdf(msgspec.Struct, frozen=True, tag="read_pdf"):
    """The unverified file, and how many characters of it are wanted at most."""

    data: bytes
    most_chars: int


class PdfRead(msgspec.Struct, frozen=True, tag="pdf_read"):
    """The text of each page, of ``count`` in all; ``unread`` pages could not be read."""

    pages: tuple[str, ...]
    count: int
    unread: int = 0


class PdfRefused(msgspec.Struct, frozen=True, tag="pdf_refused"):
    """Why there is no text."""

    why: Literal["encrypted", "scanned", "damaged", "large"]


PdfAnswer = PdfRead | PdfRefused
