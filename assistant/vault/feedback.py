"""Feedback: ratings, scores, edits, choices and notes on an answer."""

# ruff: noqa: S608 - table and column names are constants here, values are bound
from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from assistant.errors import NoSuchItem
from assistant.vault.records import Feedback, FeedbackKind, from_microseconds

if TYPE_CHECKING:
    from assistant.vault.store import Store

_COLUMNS = "id, turn_id, kind, value, reasons, created, undone"


class FeedbackStore:
    """Store of feedback; undoing marks it, vault.erase removes it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(
        self, turn_id: str, kind: FeedbackKind, value: str = "", reasons: Iterable[str] = ()
    ) -> Feedback:
        """Save one act of feedback; NoSuchItem if the turn is not there."""
        feedback = Feedback(
            self._store.new_id(), turn_id, kind, value, tuple(reasons), self._store.now()
        )

        def save(db: Any) -> None:
            if db.row("SELECT 1 FROM turns WHERE id = ?", turn_id) is None:
                raise NoSuchItem("There is no turn with that id.")
            db.insert("feedback", feedback)

        self._store.write(save)
        return feedback

    def get(self, feedback_id: str) -> Feedback:
        """The feedback, or NoSuchItem."""
        sql = f"SELECT {_COLUMNS} FROM feedback WHERE id = ?"
        row = self._store.read(lambda db: db.row(sql, feedback_id))
        if row is None:
            raise NoSuchItem("There is no feedback with that id.")
        return _feedback(row)

    def list(
        self, *, turn_id: str | None = None, with_undone: bool = False
    ) -> tuple[Feedback, ...]:
        """All, or one turn's, oldest first."""
        sql = (
            f"SELECT {_COLUMNS} FROM feedback WHERE (?1 IS NULL OR turn_id = ?1) "
            "AND (?2 OR NOT undone) ORDER BY n"
        )
        rows = self._store.read(lambda db: db.rows(sql, turn_id, int(with_undone)))
        return tuple(_feedback(row) for row in rows)

    def latest(self, limit: int) -> tuple[Feedback, ...]:
        """The newest acts that stand, at most so many, oldest first."""
        sql = f"SELECT {_COLUMNS} FROM feedback WHERE NOT undone ORDER BY n DESC LIMIT ?"
        rows = self._store.read(lambda db: db.rows(sql, limit))
        return tuple(_feedback(row) for row in reversed(rows))

    def on_turns(self, turn_ids: Iterable[str]) -> dict[str, tuple[Feedback, ...]]:
        """All feedback on each of these turns, undone too; turns without are left out."""
        sql = f"SELECT {_COLUMNS} FROM feedback WHERE turn_id IN"
        found: dict[str, tuple[Feedback, ...]] = {}
        for row in self._store.read(lambda db: db.rows_of(sql, list(turn_ids))):
            found[row[1]] = (*found.get(row[1], ()), _feedback(row))
        return found

    def undo(self, feedback_id: str, *, undone: bool = True) -> None:
        """Take it back, or take that back."""
        sql = "UPDATE feedback SET undone = ? WHERE id = ?"
        self._store.write(lambda db: db.change_one(sql, int(undone), feedback_id))


def _feedback(row: tuple[Any, ...]) -> Feedback:
    identity, turn_id, kind, value, reasons, created, undone = row
    return Feedback(
        identity,
        turn_id,
        FeedbackKind(kind),
        value,
        tuple(json.loads(reasons)),
        from_microseconds(created),
        bool(undone),
    )
