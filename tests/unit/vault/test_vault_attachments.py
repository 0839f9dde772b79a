"""Attached files in the vault: kept with their turn, found again, exported, erased."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from assistant.errors import NoSuchItem, UsageError
from assistant.vault.facade import Vault
from assistant.vault.markdown import from_markdown, to_markdown
from assistant.vault.records import Attachment, Embedding, ItemKind, Span, Turn
from assistant.vault.transfer import ExportDocument, ExportScope, from_json, to_json
from tests.vault_world import create, say

TEXT = "The first part speaks of otters.\nThe second of\n<!-- assistant:end -->\nherons."
SPANS = (Span(0, 33, 1, 1), Span(20, len(TEXT), 1, 4))


def attach(vault: Vault, turn: Turn, name: str = "birds.txt") -> Attachment:
    return vault.attachments.add(
        turn.id, name=name, kind="text", size=99, sha256="a" * 64, text=TEXT, spans=SPANS,
        note="It is not UTF-8.",
    )  # fmt: skip


def test_a_file_is_kept_with_its_turn_and_its_parts_with_their_places(tmp_path: Path) -> None:
    vault, _ = create(tmp_path)
    with vault:
        turn = say(vault, "What is in it?", "Otters.")
        kept = attach(vault, turn)
        assert vault.attachments.get(kept.id) == kept
        light = replace(kept, text="")
        assert vault.attachments.of_conversation(turn.conversation_id) == (light,)
        assert vault.attachments.on_turns([turn.id, "gone"]) == {turn.id: (light,)}
        first, second = vault.attachments.chunks([kept.id])
        assert (first.text, second.text) == (TEXT[:33], TEXT[20:])
        assert (second.ordinal, second.first, second.last) == (1, 1, 4)
        assert vault.attachments.chunks_by_id([second.id, "gone"]) == {second.id: second}
        assert vault.attachments.count() == 2
        vault.verify()


def test_a_file_without_a_turn_is_not_kept(tmp_path: Path) -> None:
    vault, _ = create(tmp_path)
    with vault:
        turn = say(vault, "q", "a")
        with pytest.raises(NoSuchItem):
            attach(vault, replace(turn, id="gone"))
        with pytest.raises(NoSuchItem):
            vault.attachments.get("gone")
        assert vault.attachments.count() == 0


def test_parts_are_embedded_like_everything_else(tmp_path: Path) -> None:
    vault, _ = create(tmp_path)
    with vault:
        kept = attach(vault, say(vault, "q", "a"))
        first, second = vault.attachments.chunks([kept.id])
        assert vault.embeddings.missing(ItemKind.CHUNK, "m", 9) == (first.id, second.id)
        vault.embeddings.put([Embedding(ItemKind.CHUNK, first.id, "m", b"v1")])
        vault.embeddings.put([Embedding(ItemKind.CHUNK, second.id, "other", b"v2")])
        assert vault.embeddings.missing(ItemKind.CHUNK, "m", 9) == (second.id,)
        assert vault.attachments.vectors([kept.id], "m") == {first.id: b"v1"}


def test_the_history_search_finds_a_turn_by_its_files_once_each(tmp_path: Path) -> None:
    vault, _ = create(tmp_path)
    with vault:
        turn = say(vault, "What is in it?", "Animals.")
        attach(vault, turn)
        attach(vault, turn, "more.txt")
        say(vault, "Do otters swim?", "They do.")
        hits = vault.search.history("otters")
        assert sorted((hit.turn_id == turn.id, hit.file) for hit in hits) == [
            (False, ""), (True, "birds.txt"), (True, "more.txt"),
        ]  # fmt: skip
        assert any(part.hit and part.text == "otters" for part in hits[-1].parts)
        assert vault.search.history("otters herons swim") == ()


def exported(folder: Path) -> ExportDocument:
    vault, _ = create(folder)
    with vault:
        attach(vault, say(vault, "What is in it?", "Otters."))
        return vault.export(ExportScope())


def test_an_export_holds_the_files_and_comes_back_the_same(tmp_path: Path) -> None:
    document = exported(tmp_path / "one")
    assert from_json(io.BytesIO(to_json(document))) == document
    text = "".join(to_markdown(document))
    assert "**Attached: birds.txt**" in text
    assert from_markdown(io.BytesIO(text.encode())) == document
    other, _ = create(tmp_path / "two")
    with other:
        other.import_document(document)
        other.import_document(document)
        assert other.export(ExportScope()) == document
        assert [hit.file for hit in other.search.history("herons")] == ["birds.txt"]
        other.verify()


@pytest.mark.parametrize("span", [(0, 9999, 1, 1), (-1, 5, 1, 1), (9, 3, 1, 1), (0, 5, 2, 1)])
def test_an_import_with_parts_outside_the_text_is_refused(
    tmp_path: Path, span: tuple[int, int, int, int]
) -> None:
    document = exported(tmp_path / "one")
    (conversation,) = document.conversations
    (turn,) = conversation.turns
    (file,) = turn.attachments
    bent = msgspec.structs.replace(file, spans=(Span(*span),))
    turn = msgspec.structs.replace(turn, attachments=(bent,))
    conversation = msgspec.structs.replace(conversation, turns=(turn,))
    other, _ = create(tmp_path / "two")
    with other, pytest.raises(UsageError):
        other.import_document(msgspec.structs.replace(document, conversations=(conversation,)))
