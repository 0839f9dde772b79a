"""An interrupted save's rollback journal, checked strictly before SQLite trusts it.

SQLite stops at the first journal record that looks wrong and takes what came before
for the whole (https://www.sqlite.org/fileformat2.html section 3): one flipped byte
would leave half a transaction in the database with every page authentic. So the
journal must be complete and every page in it authentic, or the vault is not opened.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from assistant.errors import VaultDamaged
from assistant.vault.files import storage_error
from assistant.vault.pages import PAGE, SALT, PageReader

_MAGIC: Final = bytes.fromhex("d9d505f920a163d7")
_SECTOR: Final = 512
_RECORD: Final = PAGE + 8


def journal_of(database: Path) -> Path:
    """The rollback journal beside a database."""
    return database.with_name(database.name + "-journal")


def present(database: Path) -> bool:
    """Whether a journal with content lies beside the database."""
    try:
        return journal_of(database).stat().st_size > 0
    except FileNotFoundError:
        return False
    except OSError as error:
        raise storage_error(error) from error


def check_complete(database: Path, key: bytes | bytearray) -> None:
    """Return if the journal is whole and authentic; VaultDamaged if not.

    The store never spills its cache, so a journal that SQLite may already have acted
    on has exactly one header, whose record count fits the file's length.
    """
    path = journal_of(database)
    try:
        size = path.stat().st_size
        with database.open("rb") as file:
            reader = PageReader(key, file.read(SALT))
        with path.open("rb") as journal:
            head = journal.read(_SECTOR)
            records = int.from_bytes(head[8:12], "big")
            nonce = int.from_bytes(head[12:16], "big")
            whole = (
                head[:8] == _MAGIC
                and int.from_bytes(head[20:24], "big") == _SECTOR
                and int.from_bytes(head[24:28], "big") == PAGE
                and size == _SECTOR + records * _RECORD
            )
            if not whole or not all(
                _intact(journal.read(_RECORD), nonce, reader) for _ in range(records)
            ):
                raise VaultDamaged("The record of an interrupted save was altered.")
    except OSError as error:
        raise storage_error(error) from error


def _intact(record: bytes, nonce: int, reader: PageReader) -> bool:
    if len(record) != _RECORD:
        return False
    number, page = int.from_bytes(record[:4], "big"), record[4:-4]
    total = (nonce + sum(page[PAGE - 200 : 0 : -200])) & 0xFFFFFFFF
    return total == int.from_bytes(record[-4:], "big") and reader.authentic(number, page)


def records(path: Path) -> Iterator[tuple[int, bytes]]:
    """Page number and page of each record in the file, whatever its header says."""
    size = path.stat().st_size
    with path.open("rb") as journal:
        journal.seek(_SECTOR)
        for _ in range((size - _SECTOR) // _RECORD):
            record = journal.read(_RECORD)
            yield int.from_bytes(record[:4], "big"), record[4:-4]
