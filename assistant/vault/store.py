"""The store: one thread owns the connection, every transaction leaves a mark.

``read`` and ``write`` may be called from any thread; they run their function on the
vault thread and hand back its result or its exception.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from assistant.errors import AssistantError, VaultDamaged, VaultLocked
from assistant.vault import journal, migrations
from assistant.vault.commits import (
    CommitFile,
    CommitMark,
    CommitState,
    LastSave,
    judge,
    next_digest,
)
from assistant.vault.database import Database, connect
from assistant.vault.page_tags import PageTags, free_pages
from assistant.vault.pending import PendingFile
from assistant.vault.records import Notice, to_microseconds
from assistant.vault.thread import VaultThread

T = TypeVar("T")
_STATE = "SELECT number, digest, previous, header_revision FROM commit_state"
_ADVANCE = "UPDATE commit_state SET number = ?, digest = ?, previous = ?"


class Store:
    """The encrypted database with its commit file."""

    def __init__(
        self,
        path: Path,
        key: bytes | bytearray,
        marks: CommitFile,
        *,
        now: Callable[[], datetime],
        random: Callable[[int], bytes],
        steps: migrations.Steps = migrations.MIGRATIONS,
    ) -> None:
        self.path, self.now = path, now
        self._key, self._marks, self._random, self._steps = key, marks, random, steps
        self._pending, self._tags = self._pending_file(), PageTags(path)
        self._thread = VaultThread()
        self._database: Database | None = None
        self._marked: CommitMark | None = None
        self._fresh_marks = False

    def new_id(self) -> str:
        """A fresh id: twelve hexadecimal digits."""
        return self._random(6).hex()

    def create(self) -> None:
        """Build the schema in the empty file and write the first mark."""

        def work() -> None:
            self._database = connect(self.path, self._key)
            self._fresh_marks = True
            self._migrate()

        self._on_thread(work)

    def open(self, *, header_revision: int) -> None:
        """Open, recover, compare with the commit file, migrate.

        Raises VaultDamaged where something cannot be trusted and VaultTooNew where
        the schema is ahead; what can be reported is stored as a notice.
        """
        self._on_thread(lambda: self._open(header_revision))

    def _open(self, header_revision: int) -> None:
        marks = self._marks.read()
        pages: bytes | None = self._pages()
        if journal.present(self.path):
            pages = self._settle_journal(marks.newest, self._pages())
        self._database = connect(self.path, self._key)
        version = self._version()
        migrations.pending(version, self._steps)
        if version < 1:
            raise VaultDamaged("The vault's database is empty.")
        state = self._state()
        verdict = judge(state, marks, pages, self._last_save(state), self.now)
        if verdict.check:
            self._db.check()
        unread = pages is None or verdict.check
        self._marked = self._mark(None if unread else [])
        self._fresh_marks = verdict.check or marks.damaged > 0
        # The notice is saved before the marks accept what was found: a kill in between
        # tells it twice, never not at all.
        if verdict.notice is not None:
            self.add_notice(verdict.notice)
        elif self._fresh_marks:
            self._put_mark(self._marked)
        self._migrate()
        self._compare_header(header_revision)

    def read(self, work: Callable[[Database], T]) -> T:
        """Run a function that only reads."""
        return self._thread.call(lambda: work(self._db))

    def write(self, work: Callable[[Database], T]) -> T:
        """Run a function in one transaction; it is durable and marked on return.

        Inside another ``write`` it joins that one's transaction.
        """
        return self._thread.call(lambda: self._write(work))

    def exclusively(self, work: Callable[[Database], T]) -> T:
        """Run a function on the vault thread outside a transaction, then mark.

        For what SQLite does in transactions of its own (VACUUM). While it runs the
        mark says that pages may rightly differ, so a kill is no false alarm.
        """

        def marked() -> T:
            self._put_mark(replace(self._mark(), recovering=True))
            try:
                return work(self._db)
            finally:
                self._put_mark(self._mark())

        return self._thread.call(marked)

    def swap(self, path: Path, key: bytes | bytearray, marks: CommitFile) -> None:
        """Go on with another file that holds the same rows. On the vault thread only."""
        database = connect(path, key)
        self._db.close()
        self._database, self.path, self._key, self._marks = database, path, key, marks
        self._pending, self._tags = self._pending_file(), PageTags(path)

    def commit_number(self) -> tuple[int, bytes]:
        """How many commits there were, and the rolling digest."""

        def work(_: Database) -> tuple[int, bytes]:
            state = self._state()
            return state.number, state.digest

        return self.read(work)

    def add_notice(self, notice: Notice) -> None:
        """Keep a notice until it is acknowledged."""
        sql = "INSERT INTO notices(kind, message, at, lost) VALUES (?, ?, ?, ?)"
        at = to_microseconds(notice.at)
        self.write(lambda db: db.change(sql, notice.kind, notice.message, at, notice.lost))

    def set_header_revision(self, revision: int) -> None:
        """Remember which key file belongs to this database."""
        self.write(lambda db: db.change("UPDATE commit_state SET header_revision = ?", revision))

    def close(self) -> None:
        """Close the connection and end the thread; a second call does nothing."""

        def work() -> None:
            if self._database is not None:
                self._database.close()
                self._database = None

        try:
            self._thread.call(work)
        except VaultLocked:
            return
        finally:
            self._thread.stop()

    @property
    def _db(self) -> Database:
        if self._database is None:
            raise VaultLocked("The vault is locked.")
        return self._database

    def _on_thread(self, work: Callable[[], None]) -> None:
        try:
            self._thread.call(work)
        except BaseException:
            self.close()
            raise

    def _write(self, work: Callable[[Database], T]) -> T:
        if self._db.in_transaction:
            return work(self._db)
        self._db.change("BEGIN IMMEDIATE")
        try:
            result = work(self._db)
            rewritten = self._commit()
        except BaseException:
            self._roll_back()
            raise
        self._put_mark(self._mark(rewritten))
        return result

    def _commit(self) -> list[int]:
        """Commit; returns the pages that may have been rewritten."""
        free = free_pages(self.path, self._key)
        noted = self._pending.write(self.path, *self._advance())
        self._db.change("COMMIT")
        return noted + free

    def _roll_back(self) -> None:
        """After a failed COMMIT pages were rewritten by the rollback: mark them anew."""
        try:
            if self._db.in_transaction:
                self._db.change("ROLLBACK")
            mark = self._mark()
            if mark != self._marked:
                self._put_mark(mark)
        except AssistantError:
            # The first failure is the one to report; an unmarked rollback is
            # recognised at the next open.
            return

    def _advance(self) -> tuple[int, bytes]:
        state = self._state()
        number = state.number + 1
        digest = next_digest(state.digest, number, self._random(16))
        self._db.change(_ADVANCE, number, digest, state.digest)
        return number, digest

    def _state(self) -> CommitState:
        row = self._db.row(_STATE)
        if row is None:
            raise VaultDamaged("The vault's database lacks its commit state.")
        return CommitState(*row)

    def _mark(self, rewritten: list[int] | None = None) -> CommitMark:
        """As things are on disk now; of the pages only these were rewritten since the last."""
        state = self._state()
        return CommitMark(state.number, state.digest, self._pages(rewritten))

    def _pending_file(self) -> PendingFile:
        path = self.path.with_suffix(".pending")
        return PendingFile(path, self._marks.key, self._marks.disk)

    def _last_save(self, state: CommitState) -> LastSave:
        noted = self._pending.read()
        if noted is None or (noted.number, noted.digest) != (state.number, state.digest):
            return LastSave.UNKNOWN
        return LastSave.WHOLE if noted.whole(self.path) else LastSave.HALF

    def _put_mark(self, mark: CommitMark) -> None:
        if self._fresh_marks:
            self._marks.create(mark)
        else:
            self._marks.write(mark)
        self._marked, self._fresh_marks = mark, False

    def _pages(self, rewritten: list[int] | None = None) -> bytes:
        try:
            return self._tags.read() if rewritten is None else self._tags.renewed(rewritten)
        except FileNotFoundError as error:
            raise VaultDamaged("The vault's database is missing.") from error

    def _settle_journal(self, mark: CommitMark | None, pages: bytes) -> bytes | None:
        if mark is not None and mark.fingerprint == pages:
            # The database was not touched yet: the journal is not needed.
            self._marks.disk.remove(journal.journal_of(self.path))
            return pages
        journal.check_complete(self.path, self._key)
        if mark is not None:
            self._marks.write(CommitMark(mark.number, mark.digest, mark.fingerprint, True))
        return None

    def _version(self) -> int:
        return int(self._db.value("PRAGMA user_version"))

    def _migrate(self) -> None:
        start = self._version()
        for number, step in enumerate(migrations.pending(start, self._steps), start + 1):
            self._db.change("BEGIN IMMEDIATE")
            try:
                for statement in step:
                    self._db.change(statement)
                self._db.change(f"PRAGMA user_version = {number}")
                self._pending.write(self.path, *self._advance())
                self._db.change("COMMIT")
            except BaseException:
                self._roll_back()
                raise
            self._put_mark(self._mark())

    def _compare_header(self, revision: int) -> None:
        known = self._state().header_revision
        told = self._db.row("SELECT 1 FROM notices WHERE kind = 'old-header'") is not None
        if revision < known and not told:
            self.add_notice(
                Notice(
                    "old-header",
                    "The key file is older than the vault: a passphrase changed since "
                    "then opens it again. Change the passphrase.",
                    self.now(),
                )
            )
        elif revision > known:
            self.set_header_revision(revision)
