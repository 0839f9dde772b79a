"""What a commit is about to rewrite, so that half of one can be told from the whole.

Between SQLite's last page write and the mark in the commit file a crash leaves a
database that is one ahead. If somebody then removes the rollback journal, a commit of
which only half reached the file looks the same: every page authentic, rows missing.
So before COMMIT the numbers and HMACs of the pages it will rewrite are noted here.
Every rewritten page has a fresh IV, hence another HMAC: if one of them still has its
old one, the commit is not whole.

The note is not forced to the disk; where a power cut took it, the person is told that
the last save could only be checked in its structure.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from assistant.vault import journal, keys
from assistant.vault.files import Disk
from assistant.vault.page_tags import TAG_AT, TAG_BYTES
from assistant.vault.pages import PAGE

_MAGIC: Final = b"BAPENDG1"
_ENTRY: Final = 4 + TAG_BYTES
_LIMIT: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class PendingCommit:
    """Commit ``number`` with its digest, and the HMACs its pages had before."""

    number: int
    digest: bytes
    before: dict[int, bytes]

    def whole(self, database: Path) -> bool:
        """Whether every noted page was rewritten."""
        return all(tag != self.before[number] for number, tag in _tags(database, list(self.before)))


class PendingFile:
    """One note at a time, under a MAC; a torn or missing one reads as None."""

    def __init__(self, path: Path, key: bytes | bytearray, disk: Disk) -> None:
        self._path, self._key, self._disk = path, key, disk

    def write(self, database: Path, number: int, digest: bytes) -> list[int]:
        """Note the pages in the running transaction's journal (and page 1); returns which."""
        pages = sorted({1, *(page for page, _ in journal.records(journal.journal_of(database)))})
        entries = b"".join(page.to_bytes(4, "little") + tag for page, tag in _tags(database, pages))
        content = _MAGIC + number.to_bytes(8, "little") + digest + entries
        self._disk.write_soon(self._path, keys.mac(self._key, content) + content)
        return pages

    def read(self) -> PendingCommit | None:
        """The note, if it is intact."""
        data = self._disk.read(self._path, _LIMIT) or b""
        tag, content = data[:32], data[32:]
        if not keys.same(keys.mac(self._key, content), tag) or content[:8] != _MAGIC:
            return None
        entries = content[48:]
        before = {
            int.from_bytes(entries[start : start + 4], "little"): entries[
                start + 4 : start + _ENTRY
            ]
            for start in range(0, len(entries), _ENTRY)
        }
        return PendingCommit(int.from_bytes(content[8:16], "little"), content[16:48], before)


def _tags(database: Path, pages: list[int]) -> list[tuple[int, bytes]]:
    with database.open("rb") as file:
        found = []
        for page in pages:
            file.seek((page - 1) * PAGE + TAG_AT)
            found.append((page, file.read(TAG_BYTES)))
        return found
