"""Conversations: the threads that turns belong to."""

# ruff: noqa: S608 - table and column names are constants here, values are bound
from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Final

from assistant.errors import NoSuchItem
from assistant.vault.records import Conversation, from_microseconds

if TYPE_CHECKING:
    from assistant.vault.store import Store

_COLUMNS = "id, title, created, updated, pinned, folder, forked_from"

TITLES_READ: Final = 20_000
"""Titles a search looks through: bounded, and more than anybody writes in years."""


class Conversations:
    """Store of conversations. ``delete`` is in vault.erase, because it must reach further."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def start(
        self, title: str = "", *, folder: str = "", forked_from: str | None = None
    ) -> Conversation:
        """Add an empty conversation."""
        now = self._store.now()
        conversation = Conversation(
            self._store.new_id(), title, now, now, folder=folder, forked_from=forked_from
        )
        self._store.write(lambda db: db.insert("conversations", conversation))
        return conversation

    def get(self, conversation_id: str) -> Conversation:
        """The conversation, or NoSuchItem."""
        sql = f"SELECT {_COLUMNS} FROM conversations WHERE id = ?"
        row = self._store.read(lambda db: db.row(sql, conversation_id))
        if row is None:
            raise NoSuchItem("There is no conversation with that id.")
        return _conversation(row)

    def latest(self) -> Conversation | None:
        """The one used last, or None."""
        found = self.list(limit=1, pinned_first=False)
        return found[0] if found else None

    def list(
        self, *, limit: int = 1000, folder: str | None = None, pinned_first: bool = True
    ) -> tuple[Conversation, ...]:
        """Conversations, the one used last first, pinned ones on top."""
        order = "pinned DESC, updated DESC" if pinned_first else "updated DESC"
        sql = (
            f"SELECT {_COLUMNS} FROM conversations WHERE ?1 IS NULL OR folder = ?1 "
            f"ORDER BY {order}, n DESC LIMIT ?2"
        )
        rows = self._store.read(lambda db: db.rows(sql, folder, limit))
        return tuple(_conversation(row) for row in rows)

    def titled(
        self, terms: Sequence[str], *, limit: int, without: Collection[str] = ()
    ) -> tuple[Conversation, ...]:
        """Those whose title holds all ``terms`` (casefolded), the one used last first.

        Looks through the latest ``TITLES_READ``. No terms find nothing, and the ids in
        ``without`` are left out.
        """
        sql = f"SELECT {_COLUMNS} FROM conversations ORDER BY updated DESC, n DESC LIMIT ?"
        found = []
        for row in self._store.read(lambda db: db.rows(sql, TITLES_READ)) if terms else ():
            title = row[1].casefold()
            if row[0] not in without and all(term in title for term in terms):
                found.append(_conversation(row))
                if len(found) == limit:
                    break
        return tuple(found)

    def rename(self, conversation_id: str, title: str) -> None:
        """Give it another title."""
        self._set(conversation_id, "title", title)

    def pin(self, conversation_id: str, pinned: bool) -> None:
        """Keep it on top of the list, or no longer."""
        self._set(conversation_id, "pinned", int(pinned))

    def move(self, conversation_id: str, folder: str) -> None:
        """Put it in a folder; the empty name is none."""
        self._set(conversation_id, "folder", folder)

    def _set(self, conversation_id: str, column: str, value: str | int) -> None:
        sql = f"UPDATE conversations SET {column} = ? WHERE id = ?"
        self._store.write(lambda db: db.change_one(sql, value, conversation_id))


def _conversation(row: tuple[Any, ...]) -> Conversation:
    identity, title, created, updated, pinned, folder, forked_from = row
    return Conversation(
        identity,
        title,
        from_microseconds(created),
        from_microseconds(updated),
        bool(pinned),
        folder,
        forked_from,
    )
