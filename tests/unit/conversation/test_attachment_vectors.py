"""Fixed texts with their parts and how they are quoted: `why` renders stored ones the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assistant.conversation.attachments.document import open_document
from assistant.conversation.attachments.placing import PLACED_VERSION, rendered
from assistant.conversation.question import TurnKey
from assistant.engine.document_messages import PdfRead
from tests.unit.holder.shelves import quiet_shelf

VECTORS = json.loads(
    (Path(__file__).resolve().parents[2] / "vectors" / "attachment_parts.json").read_text()
)


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: str(case["kind"]))
def test_a_text_is_cut_and_quoted_as_it_was(case: dict[str, Any]) -> None:
    pages = tuple(case["pages"])
    data = b"%PDF-" if case["kind"] == "pdf" else pages[0].encode()
    document = open_document(case["name"], data, lambda _: PdfRead(pages, len(pages)))
    assert document.kind == case["kind"]
    assert [[p.start, p.end, p.first, p.last] for p in document.parts] == case["parts"]
    shelf = quiet_shelf()
    shelf.keep(TurnKey("turn", "chat"), [document])
    (file,) = shelf.files("chat")
    assert rendered(file.parts, {file.id: file}) == case["rendered"]


def test_the_vectors_are_of_the_version_that_is_stored_with_turns() -> None:
    assert VECTORS["version"] == PLACED_VERSION
