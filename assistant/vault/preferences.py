"""Preferences: short sentences, stated or proposed, with where they came from."""

# ruff: noqa: S608 - table and column names are constants here, values are bound
from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from assistant.errors import NoSuchItem
from assistant.vault.records import (
    Preference,
    PreferenceSource,
    PreferenceState,
    Scope,
    from_microseconds,
    to_microseconds,
)

if TYPE_CHECKING:
    from assistant.vault.store import Store

_COLUMNS = (
    "id, text, scope, scope_ref, source, provenance, state, domain, created, updated, expires, uses"
)


class Preferences:
    """Store of preferences. ``delete`` is vault.erase.item: it must leave no trace."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(
        self,
        text: str,
        *,
        scope: Scope = Scope.ALWAYS,
        scope_ref: str = "",
        source: PreferenceSource = PreferenceSource.STATED,
        provenance: str | None = None,
        state: PreferenceState = PreferenceState.ACTIVE,
        domain: str = "",
        expires: datetime | None = None,
    ) -> Preference:
        """Add one; ``provenance`` is the turn or feedback it was learned from."""
        now = self._store.now()
        preference = Preference(
            self._store.new_id(),
            text,
            scope,
            scope_ref,
            source,
            provenance,
            state,
            domain,
            now,
            now,
            expires,
        )
        self._store.write(lambda db: db.insert("preferences", preference))
        return preference

    def get(self, preference_id: str) -> Preference:
        """The preference, or NoSuchItem."""
        sql = f"SELECT {_COLUMNS} FROM preferences WHERE id = ?"
        row = self._store.read(lambda db: db.row(sql, preference_id))
        if row is None:
            raise NoSuchItem("There is no preference with that id.")
        return _preference(row)

    def many(self, preference_ids: Iterable[str]) -> dict[str, Preference]:
        """The preferences that exist among these ids."""
        sql = f"SELECT {_COLUMNS} FROM preferences WHERE id IN"
        found = self._store.read(lambda db: db.rows_of(sql, list(preference_ids)))
        return {row[0]: _preference(row) for row in found}

    def list(self, *, state: PreferenceState | None = None) -> tuple[Preference, ...]:
        """All, or those in one state, oldest first; expired ones too."""
        sql = f"SELECT {_COLUMNS} FROM preferences WHERE ?1 IS NULL OR state = ?1 ORDER BY n"
        wanted = None if state is None else state.value
        rows = self._store.read(lambda db: db.rows(sql, wanted))
        return tuple(_preference(row) for row in rows)

    def reword(self, preference_id: str, text: str) -> None:
        """Give it another text. Its embeddings go: they are of the old text."""
        now = to_microseconds(self._store.now())
        sql = "UPDATE preferences SET text = ?, updated = ? WHERE id = ?"
        drop = "DELETE FROM embeddings WHERE kind = 'preference' AND item_id = ?"

        def save(db: Any) -> None:
            db.change_one(sql, text, now, preference_id)
            db.change(drop, preference_id)

        self._store.write(save)

    def set_state(self, preference_id: str, state: PreferenceState) -> None:
        """Accept, reject, disable or enable it."""
        self._set(preference_id, "state", state.value)

    def set_scope(self, preference_id: str, scope: Scope, scope_ref: str = "") -> None:
        """Change how far it reaches."""
        now = to_microseconds(self._store.now())
        sql = "UPDATE preferences SET scope = ?, scope_ref = ?, updated = ? WHERE id = ?"
        self._store.write(lambda db: db.change_one(sql, scope.value, scope_ref, now, preference_id))

    def set_domain(self, preference_id: str, domain: str) -> None:
        """Put it in another domain."""
        self._set(preference_id, "domain", domain)

    def set_expiry(self, preference_id: str, expires: datetime | None) -> None:
        """Let it end at an instant, or never."""
        self._set(preference_id, "expires", None if expires is None else to_microseconds(expires))

    def count_use(self, preference_ids: Iterable[str]) -> None:
        """Count one more use of each; ids that are gone are passed over."""
        ids = tuple(preference_ids)

        def save(db: Any) -> None:
            for identity in ids:
                db.change("UPDATE preferences SET uses = uses + 1 WHERE id = ?", identity)

        if ids:
            self._store.write(save)

    def add_uses(self, preference_id: str, uses: int) -> None:
        """Count so many uses more, as of others merged into it."""
        sql = "UPDATE preferences SET uses = uses + ? WHERE id = ?"
        self._store.write(lambda db: db.change_one(sql, uses, preference_id))

    def _set(self, preference_id: str, column: str, value: str | int | None) -> None:
        now = to_microseconds(self._store.now())
        sql = f"UPDATE preferences SET {column} = ?, updated = ? WHERE id = ?"
        self._store.write(lambda db: db.change_one(sql, value, now, preference_id))


def _preference(row: tuple[Any, ...]) -> Preference:
    values = list(row)
    values[2], values[4] = Scope(values[2]), PreferenceSource(values[4])
    values[6] = PreferenceState(values[6])
    values[8], values[9] = from_microseconds(values[8]), from_microseconds(values[9])
    values[10] = None if values[10] is None else from_microseconds(values[10])
    return Preference(*values)
