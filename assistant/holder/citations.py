"""What was read of attached files for stored answers: ids are kept, all else looked up.

An erased file shows as "[erased]", in the account and in the prompt rendered anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from assistant.conversation.attachments.citing import marker, place, source
from assistant.conversation.attachments.placing import HEAD, rendered
from assistant.conversation.attachments.shelves import excerpt, kept_files
from assistant.conversation.events import AttachedFile, Source, UsedItem
from assistant.conversation.ledger import turn_notes
from assistant.policy import Where
from assistant.vault.records import Attachment, Chunk, ItemKind, Turn
from assistant.vault.records import UsedItem as StoredItem

if TYPE_CHECKING:
    from assistant.policy import Gate
    from assistant.vault import Vault

ERASED = "[erased]"


class Citations:
    """Reads what the vault still has of the files that turns used."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def used(self, stored: Iterable[StoredItem]) -> dict[str, UsedItem]:
        """The parts of files among what a turn used, by id, erased ones left out."""
        scores = {u.item_id: u.score for u in stored if u.kind is ItemKind.CHUNK}
        chunks, files = self._found(scores)
        return {
            c.id: UsedItem(ItemKind.CHUNK.value, c.id, c.text, scores[c.id],
                           _marker(files[c.attachment_id], c))
            for c in chunks.values()
        }  # fmt: skip

    def prompt(self, ids: Sequence[str], gate: Gate) -> str:
        """The text that stood beside the question, rendered anew; "" for none."""
        if not ids:
            return ""
        chunks, files = self._found(ids)
        kept = {file.id: file for file in kept_files(list(files.values()), ())}
        told = []
        for here, run in groupby(ids, key=chunks.__contains__):
            parts = [excerpt(chunks[identity]) for identity in run if here]
            text = rendered(parts, kept, lambda text: gate.redact(text, Where.INPUT))
            told.append(text if here else ERASED)
        return "\n\n".join((HEAD, *told))

    def sources(self, turns: Sequence[Turn]) -> dict[str, tuple[Source, ...]]:
        """The sources of each answer that has any."""
        stored = self._vault.turns.used_by(turn.id for turn in turns)
        ids = [u.item_id for used in stored.values() for u in used if u.kind is ItemKind.CHUNK]
        chunks, files = self._found(ids)
        found: dict[str, tuple[Source, ...]] = {}
        for turn in turns:
            used = [u.item_id for u in stored.get(turn.id, ()) if u.kind is ItemKind.CHUNK]
            held = [chunks[identity] for identity in used if identity in chunks]
            if held and turn.answer:
                found[turn.id] = tuple(_sources(held, files, _whole(turn)))
        return found

    def names(self, turns: Sequence[Turn]) -> dict[str, tuple[str, ...]]:
        """The names of the files that came with each turn."""
        found = self._vault.attachments.on_turns(turn.id for turn in turns)
        return {turn: tuple(file.name for file in files) for turn, files in found.items()}

    def account(self, turn: Turn) -> tuple[AttachedFile, ...]:
        """What became of each file of the conversation in this turn."""
        conversation = self._vault.attachments.of_conversation(turn.conversation_id)
        files = {file.id: file for file in conversation}
        return tuple(_account(note, files.get(str(note.get("id")))) for note in _notes(turn))

    def _found(self, ids: Iterable[str]) -> tuple[dict[str, Chunk], dict[str, Attachment]]:
        chunks = self._vault.attachments.chunks_by_id(ids)
        files = self._vault.attachments.many(c.attachment_id for c in chunks.values())
        return chunks, files


def _marker(file: Attachment, chunk: Chunk) -> str:
    return marker(file.name, place(file.kind, chunk.first, chunk.last))


def _sources(
    chunks: Sequence[Chunk], files: dict[str, Attachment], whole: frozenset[str]
) -> Iterable[Source]:
    for identity, group in groupby(chunks, key=lambda c: c.attachment_id):
        file, spans = files[identity], [(c.first, c.last) for c in group]
        yield source(file.name, file.kind, spans, whole=identity in whole)


def _notes(turn: Turn) -> list[dict[str, Any]]:
    notes: Any = turn_notes(turn).get("files", [])
    return [note for note in notes if isinstance(note, dict)]


def _whole(turn: Turn) -> frozenset[str]:
    """The files that were read whole."""
    return frozenset(str(n.get("id")) for n in _notes(turn) if n.get("parts") == n.get("of"))


def _account(note: dict[str, Any], file: Attachment | None) -> AttachedFile:
    parts, of = int(note.get("parts", 0)), int(note.get("of", 0))
    return AttachedFile(
        str(note.get("id", "")), file.name if file else ERASED, file.kind if file else "",
        file.size if file else 0, int(note.get("tokens", 0)),
        "none" if not parts else "whole" if parts == of else "parts", parts, of,
        int(note.get("blocked", 0)), bool(note.get("new")), file.note if file else "",
    )  # fmt: skip
