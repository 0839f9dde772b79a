"""An interrupted save's rollback journal, checked strictly before SQLite trusts it.

SQLite stops at the first journal record that looks wrong and takes what came before
for the whole (https://www.sqlite.org/fileformat2.html section 3): one flipped byte
would leave half a transaction in the database with every page authentic. So the
journal must be complete and every page in it authentic, or the vault is not opened.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

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
    on has exactly one header, whose record count fits the file's length. Nothing
    authenticates the header itself, so its other fields are held against the records.
    """
    path = journal_of(database)
    try:
        size = path.stat().st_size
        with database.open("rb") as file:
            reader = PageReader(key, file.read(SALT))
        with path.open("rb") as journal:
            whole = _whole(journal, size, reader)
    except OSError as error:
        raise storage_error(error) from error
    if not whole:
        raise VaultDamaged("The record of an interrupted save was altered.")


def _whole(journal: BinaryIO, size: int, reader: PageReader) -> bool:
    head = journal.read(_SECTOR)
    count, nonce, pages, sector, page_size = (
        int.from_bytes(head[start : start + 4], "big") for start in (8, 12, 16, 20, 24)
    )
    if head[:8] != _MAGIC or (sector, page_size) != (_SECTOR, PAGE):
        return False
    if size != _SECTOR + count * _RECORD:
        return False
    told_pages = None
    for _ in range(count):
        record = journal.read(_RECORD)
        if not _intact(record, nonce, reader):
            return False
        if int.from_bytes(record[:4], "big") == 1:
            told_pages = _page_count(reader.decrypt(1, record[4:-4]))
    # SQLite cuts or stretches the file to the header's number of pages.
    return told_pages == pages


def _page_count(first_page: bytes) -> int:
    """The database's size in pages by its own header (file format, section 1.3.8)."""
    return int.from_bytes(first_page[28 - SALT : 32 - SALT], "big")


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
