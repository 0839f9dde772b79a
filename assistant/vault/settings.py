"""Small stores: settings, drafts, the style profile's values, the policy memory."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from assistant.vault.records import (
    PolicyMemory,
    ProfileValue,
    from_microseconds,
    to_microseconds,
)

if TYPE_CHECKING:
    from assistant.vault.store import Store


class Settings:
    """Text by key; what the text means is the caller's."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, key: str) -> str | None:
        """The value, or None where none was set."""
        row = self._store.read(lambda db: db.row("SELECT value FROM settings WHERE key = ?", key))
        return None if row is None else str(row[0])

    def put(self, key: str, value: str) -> None:
        """Set a value."""
        sql = (
            "INSERT INTO settings(key, value) VALUES (?, ?) "
            "ON CONFLICT(key) DO UPDATE SET value = excluded.value"
        )
        self._store.write(lambda db: db.change(sql, key, value))

    def delete(self, key: str) -> None:
        """Unset it; one that was not set is no error."""
        self._store.write(lambda db: db.change("DELETE FROM settings WHERE key = ?", key))

    def all(self) -> dict[str, str]:
        """Every setting."""
        return dict(self._store.read(lambda db: db.rows("SELECT key, value FROM settings")))


class Drafts:
    """What was typed and not sent, by conversation."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, conversation_id: str) -> str:
        """The draft, or the empty text."""
        sql = "SELECT text FROM drafts WHERE conversation_id = ?"
        row = self._store.read(lambda db: db.row(sql, conversation_id))
        return "" if row is None else str(row[0])

    def put(self, conversation_id: str, text: str) -> None:
        """Keep a draft; the empty text drops it."""
        if not text:
            drop = "DELETE FROM drafts WHERE conversation_id = ?"
            self._store.write(lambda db: db.change(drop, conversation_id))
            return
        sql = (
            "INSERT INTO drafts(conversation_id, text) VALUES (?, ?) "
            "ON CONFLICT(conversation_id) DO UPDATE SET text = excluded.text"
        )
        self._store.write(lambda db: db.change(sql, conversation_id, text))


class Profile:
    """Values of the style profile that the user set or locked."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def list(self) -> tuple[ProfileValue, ...]:
        """All dimensions that were set or locked."""
        sql = "SELECT dimension, value, locked FROM profile ORDER BY dimension"
        rows = self._store.read(lambda db: db.rows(sql))
        return tuple(ProfileValue(name, value, bool(locked)) for name, value, locked in rows)

    def put(self, value: ProfileValue) -> None:
        """Set or lock a dimension."""
        sql = (
            "INSERT INTO profile(dimension, value, locked) VALUES (?, ?, ?) ON CONFLICT"
            "(dimension) DO UPDATE SET value = excluded.value, locked = excluded.locked"
        )
        self._store.write(
            lambda db: db.change(sql, value.dimension, value.value, int(value.locked))
        )

    def delete(self, dimension: str) -> None:
        """Leave a dimension to what is learned."""
        sql = "DELETE FROM profile WHERE dimension = ?"
        self._store.write(lambda db: db.change(sql, dimension))


class PolicyStateStore:
    """The vault's own copy of the policy floors; the higher of the two copies wins."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def read(self) -> PolicyMemory:
        """Floors as the JSON they were given as ("{}" at first) and the clock's high mark."""
        floors, clock = self._store.read(
            lambda db: db.row("SELECT floors, clock FROM policy_state")
        ) or ("{}", None)
        return PolicyMemory(floors, None if clock is None else from_microseconds(clock))

    def put_floors(self, floors: str) -> None:
        """Keep the floors (JSON, already merged by the caller)."""
        self._store.write(lambda db: db.change("UPDATE policy_state SET floors = ?", floors))

    def advance_clock(self, seen: datetime) -> None:
        """Raise the clock's high mark; an earlier instant changes nothing."""
        sql = "UPDATE policy_state SET clock = max(coalesce(clock, ?1), ?1)"
        self._store.write(lambda db: db.change(sql, to_microseconds(seen)))
