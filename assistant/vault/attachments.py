"""Files attached to questions: their text, and the parts that are recalled one by one.

An attachment belongs to a turn and goes with it. Neither the file's path nor its bytes
are kept, only its name, its text and the digest of what was read.
"""

# ruff: noqa: S608 - table and column names are constants here, values are bound
from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from assistant.errors import NoSuchItem
from assistant.vault.records import Attachment, Chunk, Span, from_microseconds

if TYPE_CHECKING:
    from assistant.vault.database import Database
    from assistant.vault.store import Store

_COLUMNS = "id, turn_id, name, kind, size, sha256, note, text, created"
_LIGHT = _COLUMNS.replace("text", "'' AS text")
_CHUNK = "id, attachment_id, ordinal, start, stop, first, last, text"


class Attachments:
    """Store of attachments. Erasing is in vault.erase, because it must reach further."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(
        self,
        turn_id: str,
        *,
        name: str,
        kind: str,
        size: int,
        sha256: str,
        text: str,
        spans: Iterable[Span],
        note: str = "",
    ) -> Attachment:
        """Keep a file with its parts, in one commit; ``size`` in bytes.

        Raises NoSuchItem if there is no such turn.
        """
        attachment = Attachment(
            self._store.new_id(), turn_id, name, kind, size, sha256, note, text, self._store.now()
        )
        numbered = [(self._store.new_id(), span) for span in spans]

        def save(db: Database) -> None:
            if db.row("SELECT 1 FROM turns WHERE id = ?", turn_id) is None:
                raise NoSuchItem("There is no turn with that id.")
            add_attachment(db, attachment, numbered)

        self._store.write(save)
        return attachment

    def get(self, attachment_id: str) -> Attachment:
        """The attachment with its text, or NoSuchItem."""
        sql = f"SELECT {_COLUMNS} FROM attachments WHERE id = ?"
        row = self._store.read(lambda db: db.row(sql, attachment_id))
        if row is None:
            raise NoSuchItem("There is no attached file with that id.")
        return _attachment(row)

    def of_conversation(self, conversation_id: str) -> tuple[Attachment, ...]:
        """What was attached in a conversation, oldest first, without the texts."""
        sql = (
            f"SELECT {_LIGHT} FROM attachments WHERE turn_id IN "
            "(SELECT id FROM turns WHERE conversation_id = ?) ORDER BY n"
        )
        rows = self._store.read(lambda db: db.rows(sql, conversation_id))
        return tuple(_attachment(row) for row in rows)

    def many(self, attachment_ids: Iterable[str]) -> dict[str, Attachment]:
        """The attachments that exist among these ids, without the texts."""
        sql = f"SELECT {_LIGHT} FROM attachments WHERE id IN"
        ids = list(dict.fromkeys(attachment_ids))
        rows = self._store.read(lambda db: db.rows_of(sql, ids))
        return {row[0]: _attachment(row) for row in rows}

    def on_turns(self, turn_ids: Iterable[str]) -> dict[str, tuple[Attachment, ...]]:
        """What was attached to each of these turns, without the texts.

        Turns without any are left out.
        """
        sql = f"SELECT n, {_LIGHT} FROM attachments WHERE turn_id IN"
        found: dict[str, tuple[Attachment, ...]] = {}
        rows = self._store.read(lambda db: db.rows_of(sql, list(turn_ids)))
        for row in sorted(rows, key=lambda row: int(row[0])):
            one = _attachment(row[1:])
            found[one.turn_id] = (*found.get(one.turn_id, ()), one)
        return found

    def chunks(self, attachment_ids: Iterable[str]) -> tuple[Chunk, ...]:
        """The parts of these attachments, in their order."""
        sql = f"SELECT n, {_CHUNK} FROM chunks WHERE attachment_id IN"
        rows = self._store.read(lambda db: db.rows_of(sql, list(attachment_ids)))
        return tuple(Chunk(*row[1:]) for row in sorted(rows, key=lambda row: int(row[0])))

    def chunks_by_id(self, chunk_ids: Iterable[str]) -> dict[str, Chunk]:
        """The parts that still exist among these ids."""
        sql = f"SELECT {_CHUNK} FROM chunks WHERE id IN"
        rows = self._store.read(lambda db: db.rows_of(sql, list(chunk_ids)))
        return {row[0]: Chunk(*row) for row in rows}

    def vectors(self, attachment_ids: Iterable[str], model_digest: str) -> dict[str, bytes]:
        """The vectors of one model by part, of those parts that have one."""
        ids = [chunk.id for chunk in self.chunks(attachment_ids)]
        columns = "item_id, vector, model_digest"
        sql = f"SELECT {columns} FROM embeddings WHERE kind = 'chunk' AND item_id IN"
        rows = self._store.read(lambda db: db.rows_of(sql, ids))
        return {item: vector for item, vector, digest in rows if digest == model_digest}

    def count(self) -> int:
        """How many parts there are in all."""
        return int(self._store.read(lambda db: db.value("SELECT count(*) FROM chunks")))


def add_attachment(
    db: Database, attachment: Attachment, numbered: Iterable[tuple[str, Span]]
) -> None:
    """Insert an attachment with its parts, each with its id. For add and import."""
    db.insert("attachments", attachment)
    for ordinal, (identity, span) in enumerate(numbered):
        text = attachment.text[span.start : span.stop]
        chunk = Chunk(
            identity, attachment.id, ordinal, span.start, span.stop, span.first, span.last, text
        )
        db.insert("chunks", chunk)


def _attachment(row: tuple[Any, ...]) -> Attachment:
    identity, turn, name, kind, size, sha256, note, text, created = row
    instant = from_microseconds(created)
    return Attachment(identity, turn, name, kind, size, sha256, note, text, instant)
