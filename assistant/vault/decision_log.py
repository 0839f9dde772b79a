"""The log of policy decisions: which rule and tier, never text; a chain of hashes."""

# ruff: noqa: S608 - table and column names are constants here, values are bound
from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from assistant.errors import VaultDamaged
from assistant.vault.records import LoggedDecision, from_microseconds, to_microseconds

if TYPE_CHECKING:
    from assistant.vault.store import Store

_COLUMNS = "seq, at, rule, tier, issuer, place, effect, score, shown_view"


class DecisionLog:
    """Append-only; each entry's digest covers the one before it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(
        self,
        *,
        rule: str,
        tier: str,
        issuer: str,
        where: str,
        effect: str,
        score: float | None = None,
        view: str = "",
    ) -> LoggedDecision:
        """Log one decision."""
        at = self._store.now()

        def save(db: Any) -> LoggedDecision:
            last = db.row("SELECT seq, digest FROM decision_log ORDER BY seq DESC LIMIT 1")
            seq, before = (last[0] + 1, last[1]) if last else (1, bytes(32))
            entry = LoggedDecision(seq, at, rule, tier, issuer, where, effect, score, view)
            sql = f"INSERT INTO decision_log({_COLUMNS}, digest) VALUES (?,?,?,?,?,?,?,?,?,?)"
            db.change(sql, *_values(entry), _digest(before, entry))
            return entry

        return self._store.write(save)

    def list(
        self, *, since: datetime | None = None, limit: int = 1000
    ) -> tuple[LoggedDecision, ...]:
        """The newest ``limit`` entries, oldest first."""
        sql = (
            f"SELECT {_COLUMNS} FROM (SELECT * FROM decision_log WHERE at >= ? "
            "ORDER BY seq DESC LIMIT ?) ORDER BY seq"
        )
        start = 0 if since is None else to_microseconds(since)
        rows = self._store.read(lambda db: db.rows(sql, start, limit))
        return tuple(_entry(row) for row in rows)

    def verify(self) -> int:
        """Check the whole chain; returns its length or raises VaultDamaged."""
        sql = f"SELECT {_COLUMNS}, digest FROM decision_log ORDER BY seq"
        before, length = bytes(32), 0
        for row in self._store.read(lambda db: db.rows(sql)):
            entry, length = _entry(row[:-1]), length + 1
            if entry.seq != length or _digest(before, entry) != row[-1]:
                raise VaultDamaged("The log of policy decisions was altered.")
            before = row[-1]
        return length


def _values(entry: LoggedDecision) -> tuple[Any, ...]:
    return (
        entry.seq,
        to_microseconds(entry.at),
        entry.rule,
        entry.tier,
        entry.issuer,
        entry.where,
        entry.effect,
        entry.score,
        entry.view,
    )


def _digest(before: bytes, entry: LoggedDecision) -> bytes:
    text = json.dumps(_values(entry), ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(before + text.encode()).digest()


def _entry(row: tuple[Any, ...]) -> LoggedDecision:
    seq, at, *others = row
    return LoggedDecision(seq, from_microseconds(at), *others)
