"""What a file says cannot leave its quotation, for any file and any name."""

from __future__ import annotations

from hypothesis import given, settings

from assistant.conversation.attachments.decoding import DocumentKind
from assistant.conversation.attachments.document import open_document, plain_name
from assistant.conversation.attachments.placing import merged, quoted, rendered, runs
from assistant.conversation.attachments.shelves import MemoryShelf
from assistant.conversation.question import TurnKey
from assistant.engine.document_messages import PdfRead
from tests.generators import DOCUMENT_TEXT as ANY_TEXT
from tests.generators import FILE_NAMES
from tests.unit.holder.shelves import quiet_shelf

# Control characters make a file binary, and that is refused before anything is placed.
_BINARY = dict.fromkeys((*range(9), *range(14, 27), *range(28, 32), 127), " ")
DOCUMENT_TEXT = ANY_TEXT.map(lambda text: text.translate(_BINARY))


def no_pdf(_data: bytes) -> PdfRead:
    raise AssertionError("none of these is a PDF")


def kept(text: str, name: str) -> MemoryShelf:
    shelf = quiet_shelf()
    document = open_document(name, f"x{text}".encode(), no_pdf)
    assert document.kind in DocumentKind
    shelf.keep(TurnKey("turn", "chat"), [document])
    return shelf


@given(text=DOCUMENT_TEXT, name=FILE_NAMES)
@settings(max_examples=100, deadline=None)
def test_every_line_is_a_marker_of_ours_or_quoted(text: str, name: str) -> None:
    (file,) = kept(text, name).files("chat")
    told = rendered(file.parts, {file.id: file})
    own = f"[{plain_name(name)} "
    for line in told.splitlines():
        assert line == "" or line.startswith(">") or (line.startswith(own) and line[-1] == "]")
    assert sum(line.startswith("[") for line in told.splitlines()) == len(runs(file.parts))


@given(text=DOCUMENT_TEXT)
@settings(max_examples=100, deadline=None)
def test_runs_of_parts_say_the_text_once_and_whole(text: str) -> None:
    (file,) = kept(text, "a.txt").files("chat")
    said = "".join(merged(run) for run in runs(file.parts))
    whole = f"x{text}".replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "\ufffd")
    assert "".join(said.split()) == "".join(whole.split())


@given(text=ANY_TEXT)
def test_quoting_changes_no_word(text: str) -> None:
    bare = "\n".join(line[1:] for line in quoted(text).split("\n"))
    assert bare.split() == text.split()
