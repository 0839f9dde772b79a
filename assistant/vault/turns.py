"""Turns: a question, the answer as it was released, and what shaped it."""

# ruff: noqa: S608 - table and column names are constants here, values are bound
from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from assistant.errors import NoSuchItem
from assistant.vault.records import (
    ItemKind,
    Turn,
    TurnOutcome,
    TurnStatus,
    UsedItem,
    from_microseconds,
    to_microseconds,
)

if TYPE_CHECKING:
    from assistant.vault.database import Database
    from assistant.vault.store import Store

_COLUMNS = (
    "id, conversation_id, parent_id, position, question, answer, status, model_id, "
    "model_digest, seed, sampling, created, template_version, personalised, tokens, "
    "first_token_s, first_shown_s, tokens_per_s, effect, rule, tier, issuer, reason, notes"
)
_FINISH = (
    "UPDATE turns SET status = ?, tokens = ?, first_token_s = ?, first_shown_s = ?, "
    "tokens_per_s = ?, effect = ?, rule = ?, tier = ?, issuer = ?, reason = ?, notes = ? "
    "WHERE id = ?"
)
_PAGE = 500


class Turns:
    """Store of turns. An answer is saved as it goes: begin, append_answer …, finish."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def begin(
        self,
        conversation_id: str,
        question: str,
        *,
        parent_id: str | None = None,
        model_id: str = "",
        model_digest: str = "",
        seed: int = 0,
        sampling: str = "{}",
        template_version: int = 1,
        personalised: bool = True,
    ) -> Turn:
        """Save a question as an open turn at the end of its conversation.

        Raises NoSuchItem if there is no such conversation.
        """
        now, identity = self._store.now(), self._store.new_id()

        def save(db: Database) -> Turn:
            turn = Turn(
                identity,
                conversation_id,
                parent_id,
                _next_position(db, conversation_id),
                question,
                "",
                TurnStatus.OPEN,
                model_id,
                model_digest,
                seed,
                sampling,
                now,
                template_version,
                personalised,
            )
            add_turn(db, turn)
            return turn

        return self._store.write(save)

    def append_answer(self, turn_id: str, released_text: str) -> None:
        """Append to an open turn's answer; on return it survives a power cut."""
        sql = "UPDATE turns SET answer = answer || ? WHERE id = ? AND status = 'open'"
        self._store.write(lambda db: db.change_one(sql, released_text, turn_id))

    def finish(self, turn_id: str, outcome: TurnOutcome, *, used: Iterable[UsedItem] = ()) -> None:
        """Close a turn with its figures, its decision and what it used, in one commit."""
        items = tuple(used)

        def save(db: Database) -> None:
            db.change_one(
                _FINISH,
                outcome.status.value,
                outcome.tokens,
                outcome.first_token_s,
                outcome.first_shown_s,
                outcome.tokens_per_s,
                outcome.effect,
                outcome.rule,
                outcome.tier,
                outcome.issuer,
                outcome.reason,
                outcome.notes,
                turn_id,
            )
            add_used(db, turn_id, items)

        self._store.write(save)

    def set_answer(self, turn_id: str, answer: str) -> None:
        """Put another text in the place of a turn's answer."""
        sql = "UPDATE turns SET answer = ? WHERE id = ?"
        self._store.write(lambda db: db.change_one(sql, answer, turn_id))

    def get(self, turn_id: str) -> Turn:
        """The turn, or NoSuchItem."""
        sql = f"SELECT {_COLUMNS} FROM turns WHERE id = ?"
        row = self._store.read(lambda db: db.row(sql, turn_id))
        if row is None:
            raise NoSuchItem("There is no turn with that id.")
        return _turn(row)

    def latest(self) -> Turn | None:
        """The newest turn of all conversations, or None."""
        sql = f"SELECT {_COLUMNS} FROM turns ORDER BY n DESC LIMIT 1"
        row = self._store.read(lambda db: db.row(sql))
        return None if row is None else _turn(row)

    def list(self, conversation_id: str) -> tuple[Turn, ...]:
        """A conversation's turns in order."""
        sql = f"SELECT {_COLUMNS} FROM turns WHERE conversation_id = ? ORDER BY position, n"
        rows = self._store.read(lambda db: db.rows(sql, conversation_id))
        return tuple(_turn(row) for row in rows)

    def many(self, turn_ids: Iterable[str]) -> dict[str, Turn]:
        """The turns that exist among these ids."""
        found = self._store.read(
            lambda db: db.rows_of(f"SELECT {_COLUMNS} FROM turns WHERE id IN", list(turn_ids))
        )
        return {row[0]: _turn(row) for row in found}

    def all(self) -> Iterator[Turn]:
        """Every turn, oldest first, fetched a page at a time."""
        sql = f"SELECT n, {_COLUMNS} FROM turns WHERE n > ? ORDER BY n LIMIT {_PAGE}"
        last = 0
        while True:
            start = last
            rows = self._store.read(lambda db, start=start: db.rows(sql, start))  # type: ignore[misc]
            if not rows:
                return
            for row in rows:
                yield _turn(row[1:])
            last = rows[-1][0]

    def count(self) -> int:
        """How many turns there are."""
        return int(self._store.read(lambda db: db.value("SELECT count(*) FROM turns")))

    def counts(self, conversation_ids: Iterable[str]) -> dict[str, int]:
        """How many turns each of these conversations has."""
        sql = (
            "SELECT id, (SELECT count(*) FROM turns WHERE conversation_id = conversations.id) "
            "FROM conversations WHERE id IN"
        )
        return dict(self._store.read(lambda db: db.rows_of(sql, list(conversation_ids))))

    def questions_near(self, turn: Turn, places: int) -> dict[int, str]:
        """What was asked at the places around a turn's in its conversation, its own included."""
        sql = (
            "SELECT position, question FROM turns WHERE conversation_id = ? "
            "AND position BETWEEN ? AND ? ORDER BY position, n"
        )
        near = (turn.conversation_id, turn.position - places, turn.position + places)
        return dict(self._store.read(lambda db: db.rows(sql, *near)))

    def more_than(self, count: int) -> bool:
        """Whether there are more; costs at most so many, however many there are."""
        sql = "SELECT 1 FROM turns LIMIT 1 OFFSET ?"
        return self._store.read(lambda db: db.row(sql, count)) is not None

    def around(self, turn_ids: Iterable[str], places: int) -> tuple[tuple[str, str, int], ...]:
        """Finished turns at most so many ``places`` from these in their conversation.

        Each as one of these ids, the other's, and how many places it stands after it.
        """
        sql = (
            "SELECT here.id, other.id, other.position - here.position FROM turns AS here "
            "JOIN turns AS other ON other.conversation_id = here.conversation_id "
            f"AND other.position BETWEEN here.position - {places:d} "
            f"AND here.position + {places:d} AND other.n <> here.n "
            "WHERE other.status = 'complete' AND here.id IN"
        )
        rows = self._store.read(lambda db: db.rows_of(sql, list(turn_ids)))
        return tuple((here, other, int(after)) for here, other, after in rows)

    def used(self, turn_id: str) -> tuple[UsedItem, ...]:
        """What shaped a turn, in the order it was placed."""
        return self.used_by([turn_id]).get(turn_id, ())

    def used_by(self, turn_ids: Iterable[str]) -> dict[str, tuple[UsedItem, ...]]:
        """What shaped each of these turns; turns that used nothing are left out."""
        sql = "SELECT n, turn_id, kind, item_id, score FROM turn_used WHERE turn_id IN"
        found: dict[str, tuple[UsedItem, ...]] = {}
        for _, turn, kind, item, score in sorted(
            self._store.read(lambda db: db.rows_of(sql, list(turn_ids)))
        ):
            found[turn] = (*found.get(turn, ()), UsedItem(ItemKind(kind), item, score))
        return found


def add_turn(db: Database, turn: Turn) -> None:
    """Insert a turn and mark its conversation as used now. For begin and import."""
    updated = to_microseconds(turn.created)
    sql = "UPDATE conversations SET updated = max(updated, ?) WHERE id = ?"
    db.change_one(sql, updated, turn.conversation_id)
    db.insert("turns", turn)


def _next_position(db: Database, conversation_id: str) -> int:
    sql = "SELECT coalesce(max(position) + 1, 0) FROM turns WHERE conversation_id = ?"
    return int(db.value(sql, conversation_id))


def add_used(db: Database, turn_id: str, items: tuple[UsedItem, ...]) -> None:
    """Insert what a turn used. For finish and import."""
    sql = "INSERT INTO turn_used(turn_id, kind, item_id, score) VALUES (?, ?, ?, ?)"
    for item in items:
        db.change(sql, turn_id, item.kind.value, item.item_id, item.score)


def _turn(row: tuple[Any, ...]) -> Turn:
    values = list(row)
    values[6] = TurnStatus(values[6])
    values[11] = from_microseconds(values[11])
    values[13] = bool(values[13])
    return Turn(*values)
