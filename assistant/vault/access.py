"""Who can open the vault: passphrase, recovery key, keychain, and a new master key."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assistant.errors import VaultDamaged
from assistant.vault import keys
from assistant.vault.commits import CommitFile, CommitMark
from assistant.vault.database import Database, connect, create_empty
from assistant.vault.files import Disk, storage_error
from assistant.vault.header import Header, Slot
from assistant.vault.keychain import Keychain, keychain_name
from assistant.vault.keys import KdfParameters
from assistant.vault.page_tags import fingerprint
from assistant.vault.session import Session, commit_file, database_path, in_force, remove_strays
from assistant.vault.unlock import Secret, VaultKeys, new_slot, open_slot, write_header


class Access:
    """Changes the key file of an unlocked vault; each change is atomic."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def ways_in(self) -> tuple[str, ...]:
        """The kinds of slots: passphrase, recovery, keychain."""
        return tuple(slot.kind for slot in self._session.header.slots)

    @property
    def kdf(self) -> KdfParameters:
        """The Argon2id parameters of the passphrase slot."""
        slot = self._session.header.slot("passphrase")
        if slot is None:
            raise VaultDamaged("The vault's key file lacks its passphrase slot.")
        return slot.kdf

    def check_passphrase(self, passphrase: bytes) -> None:
        """Return if it is the vault's passphrase, else WrongPassphrase."""
        session = self._session
        found = open_slot(session.header, Secret.passphrase(passphrase), session.floor)
        keys.overwrite(found)

    def change_passphrase(self, passphrase: bytes, *, kdf: KdfParameters) -> None:
        """Wrap the master key under another passphrase.

        Old copies of the key file (backups, snapshots) still open with the old one;
        ``rekey`` is the remedy.
        """
        self._session.floor.check(kdf)
        self._put(self._slot(Secret.passphrase(passphrase), kdf))

    def change_recovery_key(self) -> str:
        """A new recovery key, to show once; the old one no longer opens this vault."""
        text = keys.new_recovery_key(self._session.random)
        self._put(self._slot(Secret.recovery(text)))
        return text

    def add_keychain(self, keychain: Keychain) -> None:
        """Let the operating system's keychain open the vault too."""
        session = self._session
        secret = Secret("keychain", session.random(keys.KEY_BYTES))
        keychain.put(keychain_name(session.header), secret.data)
        self._put(self._slot(secret))

    def remove_keychain(self, keychain: Keychain | None) -> None:
        """Take the keychain's way in away again, here first.

        Without a keychain, and where it raises, its secret may stay there and opens nothing.
        """
        header = self._session.header
        slots = tuple(slot for slot in header.slots if slot.kind != "keychain")
        self._session.put_header(header.next_revision(slots=slots))
        if keychain is not None:
            keychain.delete(keychain_name(header))

    def rekey(
        self, passphrase: bytes, *, kdf: KdfParameters, keychain: Keychain | None = None
    ) -> str:
        """A new master key, everything encrypted anew; returns the new recovery key.

        Survives a kill at any moment: the key file's replacement is the switch, so
        before it the old vault stands and after it the new one. A keychain slot is
        renewed if the keychain is given and dropped otherwise.
        """
        session = self._session
        session.floor.check(kdf)
        recovery = keys.new_recovery_key(session.random)
        fresh = VaultKeys.of(bytearray(session.random(keys.KEY_BYTES)), session.header.vault_id)
        secrets: list[tuple[Secret, KdfParameters | None]] = [
            (Secret.passphrase(passphrase), kdf),
            (Secret.recovery(recovery), None),
        ]
        if keychain is not None:
            secrets.append((Secret("keychain", session.random(keys.KEY_BYTES)), None))
        header = session.header.next_revision(
            generation=session.random(4).hex(),
            slots=tuple(
                new_slot(secret, fresh.master, session.header.vault_id, session.random, found)
                for secret, found in secrets
            ),
        )
        old_name = keychain_name(session.header)
        if keychain is not None:
            # Under the new generation's name, so a kill before the switch spoils nothing.
            keychain.put(keychain_name(header), secrets[-1][0].data)
        session.store.exclusively(lambda db: self._switch(db, header, fresh))
        if keychain is not None:
            keychain.delete(old_name)
        return recovery

    def _switch(self, db: Database, header: Header, fresh: VaultKeys) -> None:
        session = self._session
        path = database_path(session.folder, header.generation)
        marks = commit_file(session.folder, header, fresh, session.disk)
        try:
            _export(db, path, fresh.database, header.revision, session.disk)
            marks.create(_checked_mark(path, fresh))
            write_header(session.folder, header, fresh, session.disk)
        except BaseException:
            if in_force(session.folder, header, session.disk):
                # Both generations stay: which one a power cut would leave is open.
                self._adopt(path, header, fresh, marks)
            else:
                fresh.overwrite()
                keep = session.header.generation
                remove_strays(session.folder, keep=keep, disk=session.disk)
            raise
        self._adopt(path, header, fresh, marks)
        remove_strays(session.folder, keep=header.generation, disk=session.disk)

    def _adopt(self, path: Path, header: Header, fresh: VaultKeys, marks: CommitFile) -> None:
        session = self._session
        old = session.keys
        session.store.swap(path, fresh.database, marks)
        session.header, session.keys = header, fresh
        old.overwrite()

    def _slot(self, secret: Secret, kdf: KdfParameters | None = None) -> Slot:
        session = self._session
        return new_slot(secret, session.keys.master, session.header.vault_id, session.random, kdf)

    def _put(self, slot: Slot) -> None:
        self._session.put_header(self._session.header.with_slot(slot))


def _export(db: Database, path: Path, key: bytearray, revision: int, disk: Disk) -> None:
    """Copy every row into a new file under another key, and bring it to the disk."""
    create_empty(path)
    version = db.value("PRAGMA user_version")
    application = db.value("PRAGMA application_id")
    with _attached(db, path, key):
        db.rows("SELECT sqlcipher_export('fresh')")
        db.change("UPDATE fresh.commit_state SET header_revision = ?", revision)
        db.rows(f"PRAGMA fresh.application_id = {application}")
        db.rows(f"PRAGMA fresh.user_version = {version}")
    try:
        descriptor = os.open(path, os.O_RDWR)
        try:
            disk.sync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise storage_error(error) from error
    disk.sync_folder(path.parent)


@contextmanager
def _attached(db: Database, path: Path, key: bytearray) -> Iterator[None]:
    # The new file counts for nothing until it is complete, so it needs no journal,
    # and unlike the vault's own it may be written while the copy goes on.
    db.rows(f"ATTACH DATABASE ? AS fresh KEY \"x'{key.hex()}'\"", str(path))
    try:
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "secure_delete = ON"):
            db.rows(f"PRAGMA fresh.{pragma}")
        db.rows("PRAGMA cache_spill = ON")
        yield
    finally:
        db.rows("PRAGMA cache_spill = OFF")
        db.rows("DETACH DATABASE fresh")


def _checked_mark(path: Path, fresh: VaultKeys) -> CommitMark:
    database = connect(path, fresh.database)
    try:
        database.check()
        row = database.row("SELECT number, digest FROM commit_state")
    finally:
        database.close()
    if row is None:
        raise VaultDamaged("The re-encrypted copy lacks its commit state.")
    return CommitMark(row[0], row[1], fingerprint(path))
