"""The vault as the rest of the program sees it."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Self, TypeVar

from assistant.errors import VaultExists, VaultMissing
from assistant.vault import keys
from assistant.vault.commits import CommitFile
from assistant.vault.conversations import Conversations
from assistant.vault.database import create_empty
from assistant.vault.decision_log import DecisionLog
from assistant.vault.embeddings import Embeddings
from assistant.vault.feedback import FeedbackStore
from assistant.vault.files import Disk, FolderLock, make_private_folder
from assistant.vault.header import Header
from assistant.vault.keys import KdfFloor, KdfParameters
from assistant.vault.preferences import Preferences
from assistant.vault.records import Notice, from_microseconds
from assistant.vault.search import Search
from assistant.vault.settings import Drafts, PolicyStateStore, Profile, Settings
from assistant.vault.store import Store
from assistant.vault.turns import Turns
from assistant.vault.unlock import (
    HEADER_NAME,
    Secret,
    VaultKeys,
    new_slot,
    unlock,
    write_header,
)

T = TypeVar("T")


def vault_exists(folder: Path) -> bool:
    """Whether a vault lies in this folder."""
    return (folder / HEADER_NAME).is_file()


class Vault:
    """An unlocked vault. Every method may be called from any thread.

    Make one with ``Vault.create`` or ``Vault.open``; ``close`` locks it. All writes
    are durable on return. Errors: VaultError and StorageError families, NoSuchItem.
    """

    def __init__(
        self, folder: Path, lock: FolderLock, header: Header, vault_keys: VaultKeys, store: Store
    ) -> None:
        self.folder = folder
        self._lock, self._header, self._keys, self._store = lock, header, vault_keys, store
        self.conversations = Conversations(store)
        self.turns = Turns(store)
        self.preferences = Preferences(store)
        self.feedback = FeedbackStore(store)
        self.embeddings = Embeddings(store)
        self.search = Search(store)
        self.settings = Settings(store)
        self.drafts = Drafts(store)
        self.profile = Profile(store)
        self.policy_state = PolicyStateStore(store)
        self.decision_log = DecisionLog(store)

    @classmethod
    def create(
        cls,
        folder: Path,
        passphrase: bytes,
        *,
        kdf: KdfParameters,
        now: Callable[[], datetime],
        random: Callable[[int], bytes] = os.urandom,
        floor: KdfFloor | None = None,
        disk: Disk | None = None,
    ) -> tuple[Vault, str]:
        """Make a new vault; returns it unlocked, with the recovery key to show once.

        Raises VaultExists, VaultBusy, UnsafeKeyParameters, StorageError.
        """
        disk, floor = disk or Disk(), floor or KdfFloor()
        floor.check(kdf)
        make_private_folder(folder)
        lock = FolderLock(folder)
        try:
            if vault_exists(folder):
                raise VaultExists("There is already a vault in this home.")
            remove_strays(folder, keep="", disk=disk)
            vault_id, generation = random(16).hex(), random(4).hex()
            vault_keys = VaultKeys.of(bytearray(random(keys.KEY_BYTES)), vault_id)
            recovery = keys.new_recovery_key(random)
            header = Header(
                vault_id,
                generation,
                1,
                (
                    new_slot(
                        Secret.passphrase(passphrase), vault_keys.master, vault_id, random, kdf
                    ),
                    new_slot(Secret.recovery(recovery), vault_keys.master, vault_id, random),
                ),
            )
            store = store_of(folder, header, vault_keys, now=now, random=random, disk=disk)
            create_empty(store.path)
            store.create()
            store.set_header_revision(header.revision)
            # The key file is written last: without it there is no vault.
            write_header(folder, header, vault_keys, disk)
            return cls(folder, lock, header, vault_keys, store), recovery
        except BaseException:
            lock.release()
            raise

    @classmethod
    def open(
        cls,
        folder: Path,
        passphrase: bytes | None = None,
        *,
        recovery: str | None = None,
        now: Callable[[], datetime],
        random: Callable[[int], bytes] = os.urandom,
        floor: KdfFloor | None = None,
        disk: Disk | None = None,
    ) -> Vault:
        """Unlock with the passphrase or the recovery key.

        Turns left open by a crash become ``interrupted``; what was found about the
        vault's integrity is in ``notices``. Raises VaultMissing, VaultBusy,
        UnlockTooSoon, WrongPassphrase, UnsafeKeyParameters, VaultDamaged, VaultTooNew.
        """
        disk, floor = disk or Disk(), floor or KdfFloor()
        if not vault_exists(folder):
            raise VaultMissing("There is no vault in this home yet.")
        secret = (
            Secret.passphrase(passphrase or b"") if recovery is None else Secret.recovery(recovery)
        )
        make_private_folder(folder)
        lock = FolderLock(folder)
        try:
            read, header, vault_keys = unlock(folder, secret, now=now(), floor=floor, disk=disk)
            store = store_of(folder, header, vault_keys, now=now, random=random, disk=disk)
            store.open(header_revision=header.revision)
        except BaseException:
            lock.release()
            raise
        vault = cls(folder, lock, header, vault_keys, store)
        remove_strays(folder, keep=header.generation, disk=disk)
        if read.damaged_copies:
            write_header(folder, header, vault_keys, disk)
            message = "One copy in the key file was damaged and rewritten from the other."
            store.add_notice(Notice("repaired", message, now()))
        vault._interrupt_open_turns()
        return vault

    @property
    def vault_id(self) -> str:
        """Random, fixed at creation, not secret."""
        return self._header.vault_id

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What the person must be told and has not acknowledged yet."""
        sql = "SELECT kind, message, at, lost FROM notices ORDER BY n"
        rows = self._store.read(lambda db: db.rows(sql))
        return tuple(
            Notice(kind, message, from_microseconds(at), lost) for kind, message, at, lost in rows
        )

    def acknowledge_notices(self) -> None:
        """The person has read them."""
        self._store.write(lambda db: db.change("DELETE FROM notices"))

    def atomically(self, work: Callable[[], T]) -> T:
        """Run ``work`` on the vault thread; all its writes are one commit, or none."""
        return self._store.write(lambda _: work())

    def derived_key(self, purpose: str) -> bytes:
        """A key for another use (such as the prefix cache), never one of the vault's own."""
        salt = bytes.fromhex(self._header.vault_id)
        return keys.derive(self._keys.master, b"use: " + purpose.encode(), salt)

    def verify(self) -> None:
        """Authenticate every page and check every structure; VaultDamaged if not sound."""
        self._store.read(lambda db: db.check())

    def close(self) -> None:
        """Lock: close the database, overwrite the keys, let the next holder in."""
        self._store.close()
        self._keys.overwrite()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _interrupt_open_turns(self) -> None:
        if self._store.read(lambda db: db.row("SELECT 1 FROM turns WHERE status = 'open'")):
            sql = "UPDATE turns SET status = 'interrupted' WHERE status = 'open'"
            self._store.write(lambda db: db.change(sql))


def store_of(
    folder: Path,
    header: Header,
    vault_keys: VaultKeys,
    *,
    now: Callable[[], datetime],
    random: Callable[[int], bytes],
    disk: Disk,
) -> Store:
    """The store of the generation that the key file names."""
    path = folder / f"vault-{header.generation}.db"
    marks = CommitFile(path.with_suffix(".commits"), vault_keys.commits, disk)
    return Store(path, vault_keys.database, marks, now=now, random=random)


def remove_strays(folder: Path, *, keep: str, disk: Disk) -> None:
    """Remove what an interrupted rekey, restore or creation left behind."""
    for path in folder.glob("vault-*"):
        if not keep or not path.name.startswith(f"vault-{keep}."):
            disk.remove(path)
    for path in folder.glob("*.new"):
        disk.remove(path)
