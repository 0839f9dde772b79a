"""The document child: reads one PDF behind the wall, answers once, and ends.

A PDF is a program for a parser with a long history of faults, so it is parsed where
nothing can be read, written or reached, within limits of memory and time.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

import msgspec

from assistant.engine.document_messages import (
    MAX_PDF_BYTES,
    MEMORY_LIMIT,
    PdfAnswer,
    PdfRead,
    PdfRefused,
    ReadPdf,
)
from assistant.engine.wall import Openings, put_up

if TYPE_CHECKING:
    from pypdf import PdfReader


def main(arguments: Sequence[str]) -> None:
    """Wall, limits, one answer. The first argument is the channel's descriptor."""
    connection = fenced_off(arguments)
    data = connection.recv_bytes(MAX_PDF_BYTES + 1024)
    request = msgspec.msgpack.decode(data, type=ReadPdf)
    connection.send_bytes(msgspec.msgpack.encode(answered(request)))


def fenced_off(arguments: Sequence[str]) -> Connection[Any, Any]:
    """Put up the wall and the limit; what is left is the channel."""
    descriptor = int(arguments[0])
    put_up(Openings((), (descriptor,)))
    _limit_memory()
    return Connection(descriptor)


def _limit_memory() -> None:
    if sys.platform == "win32":
        return  # the time limit is the front's; a limit of memory is not to be had there
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))


def answered(request: ReadPdf) -> PdfAnswer:
    """The pages, or why not. A parser of hostile data may raise anything at all."""
    try:
        # Only behind the wall.
        from pypdf import PdfReader

        reader = PdfReader(io.BytesIO(request.data))
        # Many files are locked for changes only and open with the empty password.
        if reader.is_encrypted and not reader.decrypt(""):
            return PdfRefused("encrypted")
        return _read(reader, request.most_chars)
    except MemoryError:
        return PdfRefused("large")
    except Exception as error:  # noqa: BLE001 - whatever a damaged file does to the parser
        encrypted = type(error).__name__ in {"FileNotDecryptedError", "WrongPasswordError"}
        return PdfRefused("encrypted" if encrypted else "damaged")


def _read(reader: PdfReader, most: int) -> PdfAnswer:
    pages: list[str] = []
    count, room, unread = len(reader.pages), most, 0
    for page in reader.pages:
        if room <= 0:
            break
        try:
            text = page.extract_text()
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - one damaged page does not spoil the others
            text, unread = "", unread + 1
        # What is no text at all cannot cross the channel.
        text = text.encode("utf-8", "replace").decode()
        pages.append(text[:room])
        room -= len(text)
    if not any(page.strip() for page in pages):
        return PdfRefused("damaged" if unread or not count else "scanned")
    return PdfRead(tuple(pages), count, unread)
