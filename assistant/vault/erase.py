"""Erased means erased: rows, vectors, index entries, what was inferred, free pages.

FTS5's own ``secure-delete`` (set on every table) and SQLite's ``secure_delete`` remove
most; VACUUM afterwards rebuilds every page, because balancing a tree can leave copies
in the unused middle of a page.
"""

# ruff: noqa: S608 - table and column names are constants here, values are bound
from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from assistant.errors import NoSuchItem
from assistant.vault.embeddings import TABLE_OF
from assistant.vault.files import Disk, FolderLock, storage_error
from assistant.vault.header import MAGIC
from assistant.vault.records import Erased, ItemKind, to_microseconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from assistant.vault.database import Database
    from assistant.vault.store import Store

BACKUPS_KEY: Final = "backups"
# Settings under this prefix hold what was learned; "erase what was learned" drops them.
LEARNED_PREFIX: Final = "learned."
# Under this prefix and a conversation's id: the end of the branch that is being read.
BRANCH_PREFIX: Final = "branch."
# Under this prefix and a conversation's id: it is answered without what was learned.
IMPERSONAL_PREFIX: Final = "impersonal."


class Erase:
    """Removes items with everything inferred from them; durable and traceless on return."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def item(self, kind: ItemKind, item_id: str) -> Erased:
        """Erase one preference, feedback or turn; NoSuchItem if it is not there."""
        return self._erase(lambda db: _with_inferred(db, kind, [item_id], required=True))

    def items(self, kind: ItemKind, item_ids: Iterable[str]) -> Erased:
        """Erase several at the price of one; ids that are gone are passed over."""
        wanted = list(item_ids)
        return self._erase(lambda db: _with_inferred(db, kind, wanted))

    def conversation(self, conversation_id: str) -> Erased:
        """Erase a conversation with its turns and everything learned from them."""
        return self._erase(lambda db: _conversation(db, conversation_id))

    def older_than(self, instant: datetime) -> Erased:
        """Erase conversations last used before an instant, as a retention bound wants."""

        def work(db: Database) -> Erased:
            sql = "SELECT id FROM conversations WHERE updated < ?"
            old = [row[0] for row in db.rows(sql, to_microseconds(instant))]
            found = [_conversation(db, each) for each in old]
            return Erased(tuple(item for each in found for item in each.items), tuple(old))

        return self._erase(work)

    def learned_from(self, conversation_id: str) -> Erased:
        """Erase what was learned from a conversation and keep the conversation."""

        def work(db: Database) -> Erased:
            sql = "SELECT id FROM turns WHERE conversation_id = ?"
            turns = [row[0] for row in db.rows(sql, conversation_id)]
            feedback = [r[0] for r in db.rows_of("SELECT id FROM feedback WHERE turn_id IN", turns)]
            inferred = _inferred(db, [*turns, *feedback])
            return Erased(
                _delete(db, ItemKind.PREFERENCE, inferred)
                + _delete(db, ItemKind.FEEDBACK, feedback)
            )

        return self._erase(work)

    def everything_learned(self) -> Erased:
        """Erase all feedback, all preferences not stated by the user, the learned profile."""

        def work(db: Database) -> Erased:
            sql = "SELECT id FROM preferences WHERE source NOT IN ('stated', 'imported')"
            preferences = [row[0] for row in db.rows(sql)]
            feedback = [row[0] for row in db.rows("SELECT id FROM feedback")]
            db.change("DELETE FROM profile WHERE NOT locked")
            pattern = LEARNED_PREFIX + "*"
            db.change("DELETE FROM settings WHERE key GLOB ?", pattern)
            return Erased(
                _delete(db, ItemKind.PREFERENCE, preferences)
                + _delete(db, ItemKind.FEEDBACK, feedback)
            )

        return self._erase(work)

    def backups(self) -> tuple[Path, ...]:
        """Backups this vault wrote that are still where they were written."""
        row = self._store.read(
            lambda db: db.row("SELECT value FROM settings WHERE key = ?", BACKUPS_KEY)
        )
        known = [Path(name) for name in json.loads(row[0])] if row else []
        return tuple(path for path in known if _is_backup(path))

    def _erase(self, work: Callable[[Database], Erased]) -> Erased:
        erased = self._store.write(work)
        if not erased.items and not erased.conversations:
            return erased
        self._store.exclusively(lambda db: db.rows("VACUUM"))
        return erased


def erase_backups(paths: Iterable[Path], disk: Disk | None = None) -> None:
    """Remove backup files, each only if it still is one of ours."""
    for path in paths:
        if _is_backup(path):
            (disk or Disk()).remove(path)


def erase_vault(folder: Path, disk: Disk | None = None) -> None:
    """Remove a whole vault; needs no passphrase. VaultBusy if somebody holds it.

    The key file goes first: without it the database is noise.
    """
    disk = disk or Disk()
    if not folder.is_dir():
        return
    lock = FolderLock(folder)
    try:
        header = folder / "header"
        if header.is_file():
            disk.write_at(header, 0, bytes(header.stat().st_size))
        patterns = ("header", "attempts", "vault-*", "orphan-*", "*.new")
        for path in [path for pattern in patterns for path in folder.glob(pattern)]:
            disk.remove(path)
        disk.sync_folder(folder)
    except OSError as error:
        raise storage_error(error) from error
    finally:
        lock.release()
        (folder / "lock").unlink(missing_ok=True)


def _conversation(db: Database, conversation_id: str) -> Erased:
    sql = "SELECT id FROM turns WHERE conversation_id = ?"
    turns = [row[0] for row in db.rows(sql, conversation_id)]
    erased = _with_inferred(db, ItemKind.TURN, turns)
    db.change("DELETE FROM drafts WHERE conversation_id = ?", conversation_id)
    for prefix in (BRANCH_PREFIX, IMPERSONAL_PREFIX):
        db.change("DELETE FROM settings WHERE key = ?", prefix + conversation_id)
    db.change_one("DELETE FROM conversations WHERE id = ?", conversation_id)
    return Erased(erased.items, (conversation_id,))


def _with_inferred(
    db: Database, kind: ItemKind, ids: list[str], *, required: bool = False
) -> Erased:
    found = [row[0] for row in db.rows_of(f"SELECT id FROM {TABLE_OF[kind]} WHERE id IN", ids)]
    if required and not found:
        raise NoSuchItem("There is no item with that id.")
    feedback: list[str] = []
    if kind is ItemKind.TURN:
        feedback = [r[0] for r in db.rows_of("SELECT id FROM feedback WHERE turn_id IN", found)]
    inferred = [each for each in _inferred(db, [*found, *feedback]) if each not in found]
    items = _delete(db, ItemKind.PREFERENCE, inferred) + _delete(db, ItemKind.FEEDBACK, feedback)
    items += _files(db, kind, found)
    if kind is ItemKind.TURN:
        for turn in found:
            db.change("DELETE FROM turn_used WHERE turn_id = ?", turn)
            _close_up(db, turn)
    return Erased(_delete(db, kind, found) + items)


def _close_up(db: Database, turn: str) -> None:
    """What followed a turn follows its parent; a branch being read ends there.

    A turn that names no parent follows the one just before it, and says so from now on.
    """
    before = (
        "SELECT id FROM turns AS p WHERE p.conversation_id = turns.conversation_id "
        "AND p.position < turns.position ORDER BY p.position DESC LIMIT 1"
    )
    db.change(
        f"UPDATE turns SET parent_id = coalesce(({before}), conversation_id) WHERE parent_id "
        "IS NULL AND conversation_id = (SELECT conversation_id FROM turns WHERE id = ?)", turn,
    )  # fmt: skip
    parent = "(SELECT parent_id FROM turns WHERE id = ?1)"
    db.change(f"UPDATE turns SET parent_id = {parent} WHERE parent_id = ?1", turn)
    db.change(f"UPDATE settings SET value = {parent} WHERE key GLOB ?2 AND value = ?1", turn,
              BRANCH_PREFIX + "*")  # fmt: skip


def _files(db: Database, kind: ItemKind, found: list[str]) -> tuple[tuple[ItemKind, str], ...]:
    """Erase what was attached to these turns, or the parts of these attachments."""
    if kind is ItemKind.TURN:
        files = [r[0] for r in db.rows_of("SELECT id FROM attachments WHERE turn_id IN", found)]
        return _files(db, ItemKind.ATTACHMENT, files) + _delete(db, ItemKind.ATTACHMENT, files)
    if kind is not ItemKind.ATTACHMENT:
        return ()
    parts = [r[0] for r in db.rows_of("SELECT id FROM chunks WHERE attachment_id IN", found)]
    return _delete(db, ItemKind.CHUNK, parts)


def _inferred(db: Database, sources: list[str]) -> list[str]:
    return [r[0] for r in db.rows_of("SELECT id FROM preferences WHERE provenance IN", sources)]


def _delete(db: Database, kind: ItemKind, ids: list[str]) -> tuple[tuple[ItemKind, str], ...]:
    for item in ids:
        vectors = "DELETE FROM embeddings WHERE kind = ? AND item_id = ?"
        db.change(vectors, kind.value, item)
        db.change(f"DELETE FROM {TABLE_OF[kind]} WHERE id = ?", item)
    return tuple((kind, item) for item in ids)


def _is_backup(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False
