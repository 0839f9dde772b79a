"""Embeddings: the vectors live here, encrypted; every index of them is disposable."""

# ruff: noqa: S608 - table and column names are constants here, values are bound
from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from assistant.vault.records import Embedding, ItemKind

if TYPE_CHECKING:
    from assistant.vault.store import Store

_PAGE = 1000
_BEYOND: Final = 2**63 - 1
TABLE_OF: Final = {
    ItemKind.PREFERENCE: "preferences",
    ItemKind.FEEDBACK: "feedback",
    ItemKind.TURN: "turns",
    ItemKind.ATTACHMENT: "attachments",
    ItemKind.CHUNK: "chunks",
}


class Embeddings:
    """Store of vectors (float32, little endian) by item and model digest."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, embeddings: Iterable[Embedding]) -> None:
        """Save or replace vectors, in one commit."""
        found = tuple(embeddings)
        sql = (
            "INSERT INTO embeddings(kind, item_id, model_digest, vector) VALUES (?, ?, ?, ?) "
            "ON CONFLICT(kind, item_id, model_digest) DO UPDATE SET vector = excluded.vector"
        )

        def save(db: Any) -> None:
            for each in found:
                db.change(sql, each.kind.value, each.item_id, each.model_digest, each.vector)

        if found:
            self._store.write(save)

    def all(self, model_digest: str, *, chunks: bool = True) -> Iterator[Embedding]:
        """Every vector of one model, to feed the index at unlock; fetched in pages.

        Those of attached files' parts only with ``chunks``: they are in no index.
        """
        but = "" if chunks else "AND kind <> 'chunk' "
        sql = (
            "SELECT n, kind, item_id, model_digest, vector FROM embeddings "
            f"WHERE n > ? AND model_digest = ? {but}ORDER BY n LIMIT {_PAGE}"
        )
        last = 0
        while True:
            start = last
            rows = self._store.read(lambda db, start=start: db.rows(sql, start, model_digest))  # type: ignore[misc]
            if not rows:
                return
            for _, kind, item_id, digest, vector in rows:
                yield Embedding(ItemKind(kind), item_id, digest, vector)
            last = rows[-1][0]

    def newest_first(
        self, model_digest: str, limit: int, *, before: int | None = None
    ) -> tuple[tuple[Embedding, ...], int]:
        """Vectors of turns and of ratings, the newest first, at most so many.

        With them the number to go on ``before``; 0 where these were the last.
        """
        # The plus keeps SQLite from gathering all of a kind by their index to sort them.
        sql = (
            "SELECT n, kind, item_id, vector FROM embeddings WHERE n < ? AND model_digest = ? "
            "AND +kind IN ('turn', 'feedback') ORDER BY n DESC LIMIT ?"
        )
        start = _BEYOND if before is None else before
        rows = self._store.read(lambda db: db.rows(sql, start, model_digest, limit))
        found = tuple(Embedding(ItemKind(k), item, model_digest, v) for _, k, item, v in rows)
        return found, rows[-1][0] if len(rows) == limit else 0

    def of_kind(self, kind: ItemKind, model_digest: str) -> tuple[Embedding, ...]:
        """Every vector of one kind and model; does not read the others', however many."""
        sql = (
            "SELECT item_id, vector FROM embeddings WHERE kind = ? AND model_digest = ? "
            "ORDER BY item_id"
        )
        rows = self._store.read(lambda db: db.rows(sql, kind.value, model_digest))
        return tuple(Embedding(kind, item, model_digest, vector) for item, vector in rows)

    def missing(
        self, kind: ItemKind, model_digest: str, limit: int, *, after: int = 0
    ) -> tuple[str, ...]:
        """Ids of items without a vector of this model, of those the oldest first.

        ``after``: only items with a larger number than this one of ``newest``, which costs
        what came since and not what there is.
        """
        table = TABLE_OF[kind]
        since = "n > ?4 AND " if after else ""
        # Without an order inside, all ids are read from their index, not from the rows.
        sql = (
            f"SELECT id FROM (SELECT n, id FROM {table} AS item WHERE {since}NOT EXISTS ("
            "SELECT 1 FROM embeddings WHERE kind = ?1 AND item_id = item.id "
            "AND model_digest = ?2) LIMIT ?3) ORDER BY n"
        )
        values = (kind.value, model_digest, limit, *([after] if after else []))
        return tuple(row[0] for row in self._store.read(lambda db: db.rows(sql, *values)))

    def newest(self, kind: ItemKind) -> tuple[int, str]:
        """Number and id of the newest item of a kind; 0 and "" where there is none.

        A number may come again after its item was erased.
        """
        sql = f"SELECT n, id FROM {TABLE_OF[kind]} ORDER BY n DESC LIMIT 1"
        found = self._store.read(lambda db: db.row(sql))
        return (0, "") if found is None else (int(found[0]), str(found[1]))

    def is_there(self, kind: ItemKind, number: int, identity: str) -> bool:
        """Whether the item of this number still is the one of this id."""
        sql = f"SELECT 1 FROM {TABLE_OF[kind]} WHERE n = ? AND id = ?"
        return self._store.read(lambda db: db.row(sql, number, identity)) is not None

    def forget_other_models(self, model_digest: str) -> int:
        """Drop the vectors of every other model; returns how many."""
        sql = "DELETE FROM embeddings WHERE model_digest <> ?"
        return self._store.write(lambda db: db.change(sql, model_digest))
