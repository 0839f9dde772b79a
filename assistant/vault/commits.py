"""The commit file: what was saved last, told from outside the database.

Every transaction advances a commit number and a rolling digest inside the database.
After the commit they are written, with a fingerprint of the database's pages and a
MAC, into one of two 512-byte slots here in turn. A database put back from an older
copy, or single pages put back, therefore does not fit, and a crash between commit
and slot is recognised by being exactly one ahead.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Final

from assistant.errors import VaultDamaged
from assistant.vault import keys
from assistant.vault.files import Disk
from assistant.vault.records import Notice

SLOT: Final = 512
_MAGIC: Final = b"BACOMIT1"


@dataclass(frozen=True, slots=True)
class CommitMark:
    """Commit ``number``, rolling ``digest``, ``fingerprint`` of the pages (``page_tags``).

    ``recovering``: an interrupted save was about to be rolled back, which rewrites
    pages, so the fingerprint may rightly differ.
    """

    number: int
    digest: bytes
    fingerprint: bytes
    recovering: bool = False


@dataclass(frozen=True, slots=True)
class Marks:
    """The newest intact mark, if any, and how many slots are damaged."""

    newest: CommitMark | None
    damaged: int


@dataclass(frozen=True, slots=True)
class CommitState:
    """The same as the database tells it; ``previous`` is the digest before."""

    number: int
    digest: bytes
    previous: bytes
    header_revision: int


class LastSave(Enum):
    """Whether the pages of a commit that has no mark yet were all rewritten."""

    WHOLE = "whole"
    HALF = "half"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to tell, and whether the whole database must be checked first."""

    notice: Notice | None
    check: bool


def next_digest(before: bytes, number: int, nonce: bytes) -> bytes:
    """The rolling digest after one more commit; the nonce tells forks apart."""
    return hashlib.sha256(before + number.to_bytes(8, "little") + nonce).digest()


class CommitFile:
    """Reads and writes the two slots; every byte of a slot is under its MAC."""

    def __init__(self, path: Path, key: bytes | bytearray, disk: Disk) -> None:
        self._path, self.key, self.disk = path, key, disk

    def create(self, mark: CommitMark) -> None:
        """Write a fresh file with the mark in both slots, atomically."""
        self.disk.replace(self._path, 2 * self.encode(mark))

    def write(self, mark: CommitMark) -> None:
        """Write the mark over the older slot, durably."""
        self.disk.write_at(self._path, (mark.number % 2) * SLOT, self.encode(mark))

    def read(self) -> Marks:
        """Both slots; a file that is missing or has a wrong length counts as damaged."""
        data = self.disk.read(self._path, 4 * SLOT)
        if data is None or len(data) != 2 * SLOT:
            return Marks(None, 2)
        found = [self._decode(data[:SLOT]), self._decode(data[SLOT:])]
        intact = [mark for mark in found if mark is not None]
        newest = max(intact, key=lambda mark: (mark.number, mark.recovering), default=None)
        return Marks(newest, found.count(None))

    def encode(self, mark: CommitMark) -> bytes:
        """One slot of the file: 480 bytes and their MAC."""
        number, flag = mark.number.to_bytes(8, "little"), bytes([mark.recovering])
        content = _MAGIC + number + mark.digest + mark.fingerprint + flag
        content = content.ljust(SLOT - 32, b"\0")
        return content + keys.mac(self.key, content)

    def _decode(self, unverified_slot: bytes) -> CommitMark | None:
        content, tag = unverified_slot[: SLOT - 32], unverified_slot[SLOT - 32 :]
        if not keys.same(keys.mac(self.key, content), tag) or content[:8] != _MAGIC:
            return None
        number = int.from_bytes(content[8:16], "little")
        return CommitMark(number, content[16:48], content[48:80], content[80] == 1)


def judge(
    state: CommitState,
    marks: Marks,
    pages: bytes | None,
    last_save: LastSave,
    now: Callable[[], datetime],
) -> Verdict:
    """Compare database and commit file. ``pages`` is None after a rollback at open.

    ``last_save`` says, where the database is one commit ahead, whether all its pages
    were rewritten. Raises VaultDamaged if they were not.
    """
    mark, told = marks.newest, _Teller(now)
    if mark is None:
        return told(
            "unmarked",
            "The commit file was missing or damaged. The vault is intact in itself, but "
            "whether its last changes are missing cannot be told.",
        )
    if state.number < mark.number:
        lost = mark.number - state.number
        message = f"An older copy was put back: the last {lost} changes are missing."
        return told("lost", message, lost)
    if state.number > mark.number:
        return _ahead(state, mark, last_save, told)
    return _level(state, marks.damaged, mark, pages, told)


def _level(
    state: CommitState, damaged: int, mark: CommitMark, pages: bytes | None, told: _Teller
) -> Verdict:
    """The numbers are the same: are the histories and the pages?"""
    if state.digest != mark.digest:
        return told(
            "forked",
            "The vault holds other changes than those last saved: an older copy was put "
            "back and used. Some changes are missing.",
        )
    if mark.recovering or pages is None:
        return Verdict(None, check=True)
    if pages != mark.fingerprint:
        return told(
            "altered",
            "Parts of the vault are not those last saved. Some changes may be missing.",
        )
    if damaged:
        return told("repaired", "One half of the commit file was damaged and rewritten. No loss.")
    return Verdict(None, check=False)


@dataclass(frozen=True, slots=True)
class _Teller:
    now: Callable[[], datetime]

    def __call__(self, kind: str, message: str, lost: int = 0) -> Verdict:
        return Verdict(Notice(kind, message, self.now(), lost), check=True)


def _ahead(state: CommitState, mark: CommitMark, last_save: LastSave, told: _Teller) -> Verdict:
    if state.number != mark.number + 1 or state.previous != mark.digest:
        return told("unmarked", "The commit file is older than the vault. Nothing is missing.")
    if last_save is LastSave.HALF:
        raise VaultDamaged("Only half of the last save is in the vault, and its record is gone.")
    if last_save is LastSave.WHOLE:
        return Verdict(None, check=True)
    return told(
        "interrupted",
        "The program was stopped in the middle of its last save. The vault was checked and "
        "is sound; look whether the last thing you did is there.",
    )
