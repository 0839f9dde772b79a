"""The front's side of the document child: started for one PDF, killed after it."""

from __future__ import annotations

import subprocess
import threading
from multiprocessing import Pipe

import msgspec

from assistant.engine.child_process import start_module
from assistant.engine.document_messages import (
    MAX_ANSWER_BYTES,
    MAX_PDF_BYTES,
    PdfAnswer,
    PdfRead,
    ReadPdf,
)
from assistant.engine.wall import front_not_dumpable
from assistant.errors import AttachmentRefused

SECONDS = 30.0
"""How long a PDF may take to read."""

MODULE = "assistant.engine.child_document"

_REFUSALS = {
    "encrypted": (
        "The PDF is locked with a password.",
        "Save a copy without the password and attach that.",
    ),
    "scanned": (
        "The PDF holds pictures of pages and no text.",
        "Run it through text recognition (OCR) first.",
    ),
    "damaged": ("The PDF is damaged.", "Open it in a viewer and save it again."),
    "large": (
        "The PDF needs more memory than is allowed.",
        "Attach the pages that matter as a file of their own.",
    ),
}
_SLOW = (
    "The PDF took too long to read.",
    "Attach the pages that matter as a file of their own.",
)


def read_pdf(
    data: bytes, *, most_chars: int, seconds: float = SECONDS, module: str = MODULE
) -> PdfRead:
    """The text of a PDF, page by page, read in a walled child within limits.

    Raises AttachmentRefused, with the cure, for a PDF that is locked, damaged, without
    text, too slow or too large. ``module`` is the child to run.
    """
    if len(data) > MAX_PDF_BYTES:
        raise _refused("large")
    front_not_dumpable()
    ours, theirs = Pipe()
    try:
        process = start_module(module, theirs)
    finally:
        theirs.close()
    late = threading.Event()
    watchdog = threading.Timer(seconds, _end, (process, late))
    watchdog.start()
    try:
        with ours:
            ours.send_bytes(msgspec.msgpack.encode(ReadPdf(data, most_chars)))
            answer = msgspec.msgpack.decode(ours.recv_bytes(MAX_ANSWER_BYTES), type=PdfAnswer)
    except (OSError, EOFError, ValueError, msgspec.MsgspecError) as error:
        # It died, was killed for being late, or said what is no answer.
        if late.is_set():
            raise AttachmentRefused(_SLOW[0], hint=_SLOW[1]) from error
        raise _refused("damaged") from error
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()
    if not isinstance(answer, PdfRead):
        raise _refused(answer.why)
    return answer


def _end(process: subprocess.Popen[bytes], late: threading.Event) -> None:
    late.set()
    process.kill()


def _refused(why: str) -> AttachmentRefused:
    message, hint = _REFUSALS[why]
    return AttachmentRefused(message, hint=hint)
