"""Vaults for tests: cheap key derivation, a fixed clock, scripted content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from assistant.vault.facade import Vault
from assistant.vault.files import Disk
from assistant.vault.keys import KdfFloor, KdfParameters
from assistant.vault.migrations import MIGRATIONS, Steps
from assistant.vault.pages import PAGE, SALT, PageReader
from assistant.vault.records import Turn, TurnOutcome, TurnStatus, UsedItem

CHEAP = KdfParameters(8, 1, 1)
CHEAP_FLOOR = KdfFloor(8, 1, 1)
PASSPHRASE = b"correct horse battery staple"
NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def noon() -> datetime:
    """A clock that stands still."""
    return NOON


def create(
    folder: Path, passphrase: bytes = PASSPHRASE, *, disk: Disk | None = None
) -> tuple[Vault, str]:
    """A new vault with cheap key derivation."""
    return Vault.create(
        folder, passphrase, kdf=CHEAP, floor=CHEAP_FLOOR, now=noon, disk=disk or Disk()
    )


def reopen(
    folder: Path,
    passphrase: bytes = PASSPHRASE,
    *,
    disk: Disk | None = None,
    steps: Steps = MIGRATIONS,
) -> Vault:
    """Open such a vault."""
    return Vault.open(
        folder, passphrase, floor=CHEAP_FLOOR, now=noon, disk=disk or Disk(), steps=steps
    )


def say(
    vault: Vault,
    question: str,
    answer: str,
    conversation: str | None = None,
    used: Iterable[UsedItem] = (),
) -> Turn:
    """A finished turn, in a new conversation unless one is named."""
    conversation = conversation or vault.conversations.start("A talk").id
    turn = vault.turns.begin(conversation, question)
    vault.turns.append_answer(turn.id, answer)
    vault.turns.finish(turn.id, TurnOutcome(TurnStatus.COMPLETE), used=used)
    return vault.turns.get(turn.id)


def database_of(folder: Path) -> Path:
    """The one database file in a vault's folder."""
    (found,) = folder.glob("vault-*.db")
    return found


def plain_pages(database: Path, key: bytes | bytearray) -> Iterator[bytes]:
    """Every page of the file decrypted, free pages included."""
    data = database.read_bytes()
    reader = PageReader(key, data[:SALT])
    for number, start in enumerate(range(0, len(data), PAGE), 1):
        page = data[start : start + PAGE]
        assert reader.authentic(number, page)
        yield reader.decrypt(number, page)
