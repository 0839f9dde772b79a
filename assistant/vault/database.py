"""The SQLCipher connection: opened with its settings checked, its errors mapped once."""

# ruff: noqa: S608 - table and column names are constants here, values are bound
from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from assistant.errors import (
    AssistantError,
    DiskFull,
    NoSuchItem,
    ReadOnlyStorage,
    StorageError,
    UsageError,
    VaultBusy,
    VaultDamaged,
    VaultError,
)
from assistant.vault.files import storage_error
from assistant.vault.records import to_microseconds

_PLAIN: Final = b"SQLite format 3\0"
_IN_CHUNK: Final = 500
# Setting, and the value it must read back as, so that a build without it is noticed.
_PRAGMAS: Final = (
    ("temp_store", "MEMORY", 2),
    ("secure_delete", "ON", 1),
    ("synchronous", "FULL", 2),
    ("journal_mode", "DELETE", "delete"),
    ("foreign_keys", "ON", 1),
    ("trusted_schema", "OFF", 0),
    ("cell_size_check", "ON", 1),
    # KiB of decrypted pages; SQLite's own 8 MiB made a search in 100,000 messages slow.
    ("cache_size", "-32768", -32768),
    # journal.check_complete relies on this: nothing reaches the file before COMMIT.
    ("cache_spill", "OFF", 0),
)
_CODES: Final[dict[int, tuple[type[AssistantError], str]]] = {
    5: (VaultBusy, "Another process uses the vault's database."),
    6: (VaultBusy, "Another process uses the vault's database."),
    8: (ReadOnlyStorage, "The vault's database cannot be written."),
    11: (VaultDamaged, "The vault's database was altered or damaged."),
    13: (DiskFull, "There is no room left on the disk."),
    26: (VaultDamaged, "The vault's database was altered or damaged."),
}


def database_error(error: Exception) -> AssistantError:
    """Map a vendor error once, by SQLite's primary result code."""
    code = int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
    if code in _CODES:
        kind, message = _CODES[code]
        return kind(message)
    if code in (10, 14):
        return StorageError("The file system refused an operation on the vault's database.")
    return VaultError("The vault's database refused an operation.")


class Database:
    """One connection, used by the vault thread only. Transactions are the store's."""

    def __init__(self, connection: Any, vendor_error: type[Exception]) -> None:
        self._connection, self._vendor_error = connection, vendor_error

    @contextmanager
    def mapped(self) -> Iterator[None]:
        """Turn vendor errors into ours."""
        try:
            yield
        except self._vendor_error as error:
            raise database_error(error) from error
        except UnicodeEncodeError as error:
            raise UsageError("A text is not valid Unicode.", hint="Write it again.") from error
        except OverflowError as error:
            raise UsageError(
                "A number is too large to be kept.", hint="Choose a smaller one."
            ) from error

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self.mapped():
            found: list[tuple[Any, ...]] = self._connection.execute(sql, values).fetchall()
            return found

    def row(self, sql: str, *values: Any) -> tuple[Any, ...] | None:
        """The first row of a query, or None."""
        with self.mapped():
            found: tuple[Any, ...] | None = self._connection.execute(sql, values).fetchone()
            return found

    def rows_of(self, sql: str, ids: Sequence[str]) -> list[tuple[Any, ...]]:
        """Rows of a query that ends in ``IN``, for any number of ids."""
        found: list[tuple[Any, ...]] = []
        for start in range(0, len(ids), _IN_CHUNK):
            chunk = ids[start : start + _IN_CHUNK]
            found += self.rows(f"{sql} ({', '.join('?' * len(chunk))})", *chunk)
        return found

    def value(self, sql: str, *values: Any) -> Any:
        """The single value of a query that has one."""
        found = self.row(sql, *values)
        if found is None:
            raise VaultDamaged("The vault's database lacks a row it must have.")
        return found[0]

    def change(self, sql: str, *values: Any) -> int:
        """Execute a statement; returns the number of changed rows."""
        with self.mapped():
            return int(self._connection.execute(sql, values).rowcount)

    def change_one(self, sql: str, *values: Any) -> None:
        """Execute a statement that must change exactly one row, else NoSuchItem."""
        if self.change(sql, *values) != 1:
            raise NoSuchItem("There is no such item in this vault.")

    def insert(self, table: str, record: Any) -> None:
        """Insert a record whose fields are the table's columns."""
        names = [field.name for field in fields(record)]
        values = [_plain(getattr(record, name)) for name in names]
        marks = ", ".join("?" * len(names))
        self.change(f"INSERT INTO {table}({', '.join(names)}) VALUES ({marks})", *values)

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return bool(self._connection.in_transaction)

    def check(self) -> None:
        """Authenticate every page and check every structure, else VaultDamaged."""
        from assistant.vault.migrations import FULL_TEXT_TABLES

        if self.rows("PRAGMA cipher_integrity_check"):
            raise VaultDamaged("Pages of the vault's database were altered.")
        if self.rows("PRAGMA integrity_check(1)") != [("ok",)]:
            raise VaultDamaged("The vault's database is damaged in its structure.")
        if self.rows("PRAGMA foreign_key_check"):
            raise VaultDamaged("Rows are missing from the vault's database.")
        for table in FULL_TEXT_TABLES:
            if self.row("SELECT 1 FROM sqlite_master WHERE name = ?", table) is not None:
                self.change(f"INSERT INTO {table}({table}, rank) VALUES ('integrity-check', 0)")

    def close(self) -> None:
        """Close the connection."""
        with self.mapped():
            self._connection.close()


def _plain(value: Any) -> Any:
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, datetime):
        return to_microseconds(value)
    if isinstance(value, tuple):
        return json.dumps(value)
    return int(value) if isinstance(value, bool) else value


def create_empty(path: Path) -> None:
    """Make the private file first, so that SQLite never chooses its permissions."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise storage_error(error) from error


def connect(path: Path, key: bytes | bytearray) -> Database:
    """Open the encrypted database for the calling thread, its settings verified.

    Raises VaultDamaged if the file is missing, plain, altered or under another key.
    """
    _refuse_plain(path)
    vendor = import_module("sqlcipher3.dbapi2")
    try:
        connection = vendor.connect(str(path), isolation_level=None, timeout=0)
    except vendor.Error as error:
        raise database_error(error) from error
    database = Database(connection, vendor.Error)
    try:
        database.rows("PRAGMA cipher_log_level = NONE")
        database.rows(f"PRAGMA key = \"x'{key.hex()}'\"")
        if not database.row("PRAGMA cipher_version"):
            raise VaultError("This SQLite cannot encrypt; the vault is not opened.")
        database.rows("SELECT count(*) FROM sqlite_master")
        for name, wanted, read_back in _PRAGMAS:
            database.rows(f"PRAGMA {name} = {wanted}")
            if database.value(f"PRAGMA {name}") != read_back:
                raise VaultError("This SQLite lacks a setting the vault relies on.")
    except BaseException:
        database.close()
        raise
    return database


def _refuse_plain(path: Path) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(len(_PLAIN))
    except FileNotFoundError as error:
        raise VaultDamaged("The vault's database is missing.") from error
    except OSError as error:
        raise storage_error(error) from error
    if head == _PLAIN:
        raise VaultDamaged("The vault's database is not encrypted.")
