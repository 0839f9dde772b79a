"""A document child as a hostile PDF would have it: behind the real wall, trying to get out."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from assistant.engine.child_document import fenced_off
from assistant.engine.document_messages import PdfRead


def main(arguments: Sequence[str]) -> None:
    """Tries each way out and answers with what came of it."""
    connection = fenced_off(arguments)
    connection.recv_bytes()
    ways = (_reaches_out, _writes, _reads_the_parent, _runs_a_program)
    pages = tuple(_tried(way) for way in ways)
    connection.send_bytes(msgspec.msgpack.encode(PdfRead(pages, len(pages))))


def _tried(way: Callable[[], object]) -> str:
    try:
        way()
    except (OSError, ValueError):
        return "refused"
    return way.__name__


def _reaches_out() -> None:
    socket.socket(socket.AF_INET, socket.SOCK_STREAM)


def _writes() -> None:
    Path("/tmp/prying_document").write_text("here")


def _reads_the_parent() -> None:
    Path("/proc", str(os.getppid()), "mem").read_bytes()


def _runs_a_program() -> None:
    subprocess.run(["/bin/true"], check=False)
