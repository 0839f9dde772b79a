"""The HMAC of every page of the database, held so that a commit reads only what it rewrote.

The mark of each commit fingerprints all pages. Reading the HMACs of all of them from a file
of 400 MB (100,000 turns) took 60 to 90 ms, and a turn makes several commits. What a commit
may rewrite is known: the pages in its rollback journal, those it appended, and those that
were free when it began (SQLite takes a free page without noting it in the journal, because
there is nothing in it to bring back). Only these are read again.
"""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Iterable, Iterator
from pathlib import Path
from struct import Struct, unpack
from typing import Final

from assistant.errors import VaultDamaged
from assistant.vault.pages import PAGE, SALT, PageReader

MAX_DATABASE_BYTES: Final = 64 << 30
# SQLCipher 4 ends each page with 16 bytes IV and 64 bytes HMAC-SHA512; 16 bytes of
# the HMAC tell any two versions of a page apart.
TAG_AT: Final = PAGE - 64
TAG_BYTES: Final = 16
_TAG: Final = Struct(f"{TAG_AT}x{TAG_BYTES}s{PAGE - TAG_AT - TAG_BYTES}x")
_AT_ONCE: Final = 4096
"""Pages read at once, so that what is held meanwhile stays small."""


class PageTags:
    """The tags of one database file. For the vault thread only."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # All first bytes, all second bytes, and so on: the order they are hashed in.
        self._columns = [bytearray() for _ in range(TAG_BYTES)]
        self._size = 0

    def read(self) -> bytes:
        """Read every page's tag; returns the fingerprint."""
        size = _size_of(self._path)
        rows = bytearray()
        for some in _all_tags(self._path, size // PAGE):
            rows += some
        self._columns = [bytearray(rows[place::TAG_BYTES]) for place in range(TAG_BYTES)]
        self._size = size
        return self._fingerprint()

    def renewed(self, pages: Iterable[int]) -> bytes:
        """The fingerprint after a commit that rewrote these pages (from 1) or appended some."""
        size, before = _size_of(self._path), self._size
        if size < before or not before or size % PAGE:
            return self.read()
        if size > before:
            for column in self._columns:
                column.extend(bytes(size // PAGE - before // PAGE))
        appended = range(before // PAGE + 1, size // PAGE + 1)
        with self._path.open("rb") as file:
            for page in {*pages, *appended}:
                if 1 <= page <= size // PAGE:
                    file.seek((page - 1) * PAGE + TAG_AT)
                    for column, byte in zip(self._columns, file.read(TAG_BYTES), strict=True):
                        column[page - 1] = byte
        self._size = size
        return self._fingerprint()

    def _fingerprint(self) -> bytes:
        hasher = hashlib.sha256(self._size.to_bytes(8, "little"))
        for column in self._columns:
            hasher.update(column)
        return hasher.digest()


def fingerprint(path: Path) -> bytes:
    """SHA-256 over the file's length and each page's HMAC, as they are on disk now."""
    return PageTags(path).read()


def free_pages(path: Path, key: bytes | bytearray) -> list[int]:
    """The pages that hold nothing, as the file on disk has them.

    The list of https://www.sqlite.org/fileformat2.html section 1.5: trunk pages that name
    the next one and up to 1,022 others.
    """
    with path.open("rb") as file:
        first = file.read(PAGE)
        reader = PageReader(key, first[:SALT])
        head = _opened(reader, 1, first)[32 - SALT : 40 - SALT]
        trunk, left = _numbers(head)
        found: list[int] = []
        while trunk and len(found) < left:
            file.seek((trunk - 1) * PAGE)
            following, count, *leaves = _numbers(_opened(reader, trunk, file.read(PAGE)))
            found += [trunk, *leaves[:count]]
            trunk = following
    return found


def _opened(reader: PageReader, number: int, page: bytes) -> bytes:
    if not reader.authentic(number, page):
        raise VaultDamaged("A page of the vault's database was altered while it was open.")
    return reader.decrypt(number, page)


def _numbers(data: bytes) -> tuple[int, ...]:
    """Big-endian 32-bit numbers."""
    return unpack(f">{len(data) // 4}I", data[: len(data) // 4 * 4])


def _size_of(path: Path) -> int:
    size = path.stat().st_size
    if size > MAX_DATABASE_BYTES:
        raise VaultDamaged("The vault's database is larger than it may be.")
    return size


def _all_tags(path: Path, pages: int) -> Iterator[bytes]:
    if not pages:
        return
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), pages * PAGE, access=mmap.ACCESS_READ) as held,
        memoryview(held) as view,
    ):
        for start in range(0, pages, _AT_ONCE):
            with view[start * PAGE : (start + _AT_ONCE) * PAGE] as some:
                yield b"".join([tag for (tag,) in _TAG.iter_unpack(some)])
