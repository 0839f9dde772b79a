"""The vault as the rest of the program sees it."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Self, TypeVar

from assistant.errors import DiskFull, VaultError, VaultExists, VaultLocked, VaultMissing
from assistant.vault import keys
from assistant.vault.access import Access
from assistant.vault.attachments import Attachments
from assistant.vault.backup import back_up
from assistant.vault.conversations import Conversations
from assistant.vault.database import create_empty
from assistant.vault.decision_log import DecisionLog
from assistant.vault.embeddings import Embeddings
from assistant.vault.erase import Erase
from assistant.vault.feedback import FeedbackStore
from assistant.vault.files import Disk, FolderLock, check_private_folder, make_private_folder
from assistant.vault.header import Header
from assistant.vault.keychain import (
    Keychain,
    keychain_name,
    lost_since_remembered,
    remember_commit,
)
from assistant.vault.keys import KdfFloor, KdfParameters
from assistant.vault.migrations import MIGRATIONS, Steps
from assistant.vault.preferences import Preferences
from assistant.vault.records import Notice, from_microseconds
from assistant.vault.sealed_prefix import SealedPrefix
from assistant.vault.search import Search
from assistant.vault.session import (
    Session,
    commit_file,
    database_path,
    remove_strays,
    set_aside_orphans,
)
from assistant.vault.settings import Drafts, PolicyStateStore, Profile, Settings
from assistant.vault.store import Store
from assistant.vault.transfer import (
    ExportDocument,
    ExportScope,
    Imported,
    read_document,
    write_document,
)
from assistant.vault.turns import Turns
from assistant.vault.unlock import (
    HEADER_NAME,
    Secret,
    VaultKeys,
    new_slot,
    read_header,
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

    def __init__(self, session: Session, lock: FolderLock, keychain: Keychain | None) -> None:
        store = session.store
        self._session, self._lock, self._keychain, self._store = session, lock, keychain, store
        self.conversations = Conversations(store)
        self.turns = Turns(store)
        self.attachments = Attachments(store)
        self.preferences = Preferences(store)
        self.feedback = FeedbackStore(store)
        self.embeddings = Embeddings(store)
        self.search = Search(store)
        self.settings = Settings(store)
        self.drafts = Drafts(store)
        self.profile = Profile(store)
        self.policy_state = PolicyStateStore(store)
        self.decision_log = DecisionLog(store)
        self.access = Access(session)
        self.prefix = SealedPrefix(session, lambda: self.derived_key("prefix"))
        self.erase = Erase(store)

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
        steps: Steps = MIGRATIONS,
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
            header, vault_keys, recovery = _new_header(passphrase, kdf, random)
            store = _store(folder, header, vault_keys, now, random, disk, steps)
            session = Session(folder, header, vault_keys, store, disk, floor, now, random)
            _fill(session)
            return cls(session, lock, None), recovery
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
        keychain: Keychain | None = None,
        now: Callable[[], datetime],
        random: Callable[[int], bytes] = os.urandom,
        floor: KdfFloor | None = None,
        disk: Disk | None = None,
        steps: Steps = MIGRATIONS,
    ) -> Vault:
        """Unlock with the passphrase, the recovery key, or else the keychain's secret.

        With a keychain the vault's commit number is compared with the one kept there.
        Turns left open by a crash become ``interrupted``; what was found about the
        vault's integrity is in ``notices``. Raises VaultMissing, VaultBusy,
        UnlockTooSoon, WrongPassphrase, UnsafeKeyParameters, VaultDamaged, VaultTooNew.
        """
        disk, floor = disk or Disk(), floor or KdfFloor()
        if not vault_exists(folder):
            raise VaultMissing("There is no vault in this home yet.")
        check_private_folder(folder)
        lock = FolderLock(folder)
        try:
            read = read_header(folder, disk)
            secret = _secret(read.header, passphrase, recovery, keychain)
            header, vault_keys = unlock(folder, read, secret, now=now(), floor=floor, disk=disk)
            store = _store(folder, header, vault_keys, now, random, disk, steps)
            session = Session(folder, header, vault_keys, store, disk, floor, now, random)
            return cls(session, lock, keychain)._opened(read.damaged_copies > 0)
        except BaseException:
            lock.release()
            raise

    @property
    def vault_id(self) -> str:
        """Random, fixed at creation, not secret."""
        return self._session.header.vault_id

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
        """A key for another use (the kept prefix), never one of the vault's own."""
        salt = bytes.fromhex(self._session.header.vault_id)
        return keys.derive(self._session.keys.master, b"use: " + purpose.encode(), salt)

    def verify(self) -> None:
        """Authenticate every page and check every structure; VaultDamaged if not sound."""
        self._store.read(lambda db: db.check())

    def back_up(self, target: Path, *, overwrite: bool = False) -> int:
        """Write one encrypted, verified file; see assistant.vault.backup."""
        return back_up(self._session, target, overwrite=overwrite)

    def export(self, chosen: ExportScope) -> ExportDocument:
        """The chosen conversations and preferences, in the clear; see .transfer."""
        return read_document(self._store, chosen)

    def import_document(self, document: ExportDocument) -> Imported:
        """Add what is not there yet; see assistant.vault.transfer."""
        return write_document(self._store, document)

    def close(self) -> None:
        """Lock: close the database, overwrite the keys, let the next holder in."""
        try:
            if self._keychain is not None:
                remember_commit(self._keychain, self.vault_id, self._store.commit_number()[0])
        except VaultError:
            # The keychain or the vault is locked already: nothing to remember then.
            pass
        finally:
            self._store.close()
            self._session.keys.overwrite()
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _opened(self, header_damaged: bool) -> Self:
        try:
            self._store.open(header_revision=self._session.header.revision)
            self._settle(header_damaged)
        except BaseException:
            self._store.close()
            self._session.keys.overwrite()
            raise
        return self

    def _settle(self, header_damaged: bool) -> None:
        session = self._session
        remove_strays(session.folder, keep=session.header.generation, disk=session.disk)
        if header_damaged:
            write_header(session.folder, session.header, session.keys, session.disk)
            message = "One copy in the key file was damaged and rewritten from the other. No loss."
            self._store.add_notice(Notice("repaired", message, session.now()))
        if self._keychain is not None:
            number = self._store.commit_number()[0]
            lost = lost_since_remembered(self._keychain, self.vault_id, number)
            if lost:
                message = f"An older copy was put back: the last {lost} changes are missing."
                self._store.add_notice(Notice("lost", message, session.now(), lost))
        self._interrupt_open_turns()

    def _interrupt_open_turns(self) -> None:
        if self._store.read(lambda db: db.row("SELECT 1 FROM turns WHERE status = 'open'")):
            sql = "UPDATE turns SET status = 'interrupted' WHERE status = 'open'"
            try:
                self._store.write(lambda db: db.change(sql))
            except DiskFull:
                # A full disk must not lock anybody out; the next open does it.
                return


def _secret(
    header: Header, passphrase: bytes | None, recovery: str | None, keychain: Keychain | None
) -> Secret:
    if recovery is not None:
        return Secret.recovery(recovery)
    if passphrase is not None:
        return Secret.passphrase(passphrase)
    found = None if keychain is None else keychain.get(keychain_name(header))
    if found is None:
        raise VaultLocked("The passphrase is needed.")
    return Secret("keychain", found)


def _new_header(
    passphrase: bytes, kdf: KdfParameters, random: Callable[[int], bytes]
) -> tuple[Header, VaultKeys, str]:
    vault_id, generation = random(16).hex(), random(4).hex()
    vault_keys = VaultKeys.of(bytearray(random(keys.KEY_BYTES)), vault_id)
    recovery = keys.new_recovery_key(random)
    slots = (
        new_slot(Secret.passphrase(passphrase), vault_keys.master, vault_id, random, kdf),
        new_slot(Secret.recovery(recovery), vault_keys.master, vault_id, random),
    )
    return Header(vault_id, generation, 1, slots), vault_keys, recovery


def _fill(session: Session) -> None:
    create_empty(session.store.path)
    session.store.create()
    try:
        set_aside_orphans(session)
        session.store.set_header_revision(session.header.revision)
        # The key file is written last: without it there is no vault.
        write_header(session.folder, session.header, session.keys, session.disk)
    except BaseException:
        session.store.close()
        raise


def _store(
    folder: Path,
    header: Header,
    vault_keys: VaultKeys,
    now: Callable[[], datetime],
    random: Callable[[int], bytes],
    disk: Disk,
    steps: Steps,
) -> Store:
    path = database_path(folder, header.generation)
    marks = commit_file(folder, header, vault_keys, disk)
    return Store(path, vault_keys.database, marks, now=now, random=random, steps=steps)
