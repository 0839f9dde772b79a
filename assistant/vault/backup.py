"""Backup and restore: one encrypted file that the passphrase or recovery key opens.

Format 1: the key file (8192 bytes, without a keychain slot), the database as it lies
on disk, and HMAC-SHA256 of both under the vault's backup key. Nothing is decrypted on
the way. The database's own pages are authentic by themselves; the MAC makes the file
one whole.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from assistant.errors import DiskFull, VaultDamaged, VaultExists, VaultMissing
from assistant.vault import keys
from assistant.vault.commits import CommitMark
from assistant.vault.database import Database, connect
from assistant.vault.erase import BACKUPS_KEY
from assistant.vault.files import Disk, FolderLock, make_private_folder, occupied, storage_error
from assistant.vault.header import HEADER_BYTES, Header, decode, encode
from assistant.vault.keys import KdfFloor
from assistant.vault.page_tags import fingerprint
from assistant.vault.session import Session, commit_file, database_path, in_force, remove_strays
from assistant.vault.unlock import (
    ATTEMPTS_NAME,
    HEADER_NAME,
    Secret,
    VaultKeys,
    open_slot,
    write_header,
)

_CHUNK: Final = 1 << 20
_MAC_BYTES: Final = 32
MAX_BACKUP_BYTES: Final = 64 << 30


def back_up(session: Session, target: Path, *, overwrite: bool = False) -> int:
    """Write a backup to ``target``, verify it by reading it back; returns its bytes.

    Every page is authenticated first, so that a damaged vault never replaces a good
    backup. Raises VaultExists if the target is there and ``overwrite`` is not set.
    """
    try:
        taken = occupied(target)
    except OSError as error:
        raise storage_error(error) from error
    if taken and not overwrite:
        raise VaultExists(
            "There is already a file where the backup would go.", hint="Confirm with --yes."
        )

    def work(db: Database) -> int:
        db.check()
        temporary = target.with_name(target.name + ".new")
        try:
            session.disk.write_new(temporary, _stream(session))
            _verify(temporary, session.keys)
            session.disk.rename(temporary, target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return target.stat().st_size

    size = session.store.read(work)
    try:
        _remember(session, target.resolve())
    except DiskFull:
        # The backup is whole; a full disk is when it is needed most.
        return size
    return size


def restore(
    source: Path,
    folder: Path,
    secret: Secret,
    *,
    random: Callable[[int], bytes],
    overwrite: bool = False,
    floor: KdfFloor | None = None,
    disk: Disk | None = None,
) -> None:
    """Put a backup's vault into ``folder``, atomically; open it afterwards.

    Raises VaultExists if a vault is there and ``overwrite`` is not set,
    WrongPassphrase, and VaultDamaged if a single bit of the backup is not as written.
    """
    disk, floor = disk or Disk(), floor or KdfFloor()
    header, vault_keys = _open_backup(source, secret, floor)
    make_private_folder(folder)
    lock = FolderLock(folder)
    try:
        if (folder / HEADER_NAME).exists() and not overwrite:
            raise VaultExists("There is already a vault in this home.", hint="Confirm with --yes.")
        header = header.next_revision(generation=random(4).hex())
        path = database_path(folder, header.generation)
        _unpack(source, path, disk)
        mark = _restored_mark(path, vault_keys, header.revision)
        commit_file(folder, header, vault_keys, disk).create(mark)
        write_header(folder, header, vault_keys, disk)
        remove_strays(folder, keep=header.generation, disk=disk)
        disk.remove(folder / ATTEMPTS_NAME)
    except BaseException:
        _clean_up(folder, header, disk)
        raise
    finally:
        vault_keys.overwrite()
        lock.release()


def _open_backup(source: Path, secret: Secret, floor: KdfFloor) -> tuple[Header, VaultKeys]:
    try:
        with source.open("rb") as file:
            read = decode(file.read(HEADER_BYTES))
    except FileNotFoundError as error:
        raise VaultMissing("There is no such backup.", hint="Check the path.") from error
    except OSError as error:
        raise storage_error(error) from error
    vault_keys = VaultKeys.of(open_slot(read.header, secret, floor), read.header.vault_id)
    header = read.verified(vault_keys.header)
    _verify(source, vault_keys)
    return header, vault_keys


def _stream(session: Session) -> Iterator[bytes]:
    slots = tuple(slot for slot in session.header.slots if slot.kind != "keychain")
    header = session.header.next_revision(slots=slots)
    signer = hmac.new(bytes(session.keys.backup), digestmod=hashlib.sha256)
    head = encode(header, session.keys.header)
    signer.update(head)
    yield head
    with session.store.path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            signer.update(chunk)
            yield chunk
    yield signer.digest()


def _verify(path: Path, vault_keys: VaultKeys) -> None:
    """Read the whole file and compare its MAC, else VaultDamaged."""
    signer = hmac.new(bytes(vault_keys.backup), digestmod=hashlib.sha256)
    try:
        with path.open("rb") as file:
            left = file.seek(0, 2) - _MAC_BYTES
            if not HEADER_BYTES < left <= MAX_BACKUP_BYTES:
                raise VaultDamaged(
                    "The backup is too short or too long.", hint="Use another backup."
                )
            file.seek(0)
            for chunk in _limited(file, left):
                signer.update(chunk)
            tag = file.read(_MAC_BYTES)
    except OSError as error:
        raise storage_error(error) from error
    if not keys.same(signer.digest(), tag):
        raise VaultDamaged("The backup was altered or damaged.", hint="Use another backup.")


def _unpack(source: Path, path: Path, disk: Disk) -> None:
    with source.open("rb") as file:
        left = file.seek(0, 2) - _MAC_BYTES - HEADER_BYTES
        file.seek(HEADER_BYTES)
        disk.write_new(path, _limited(file, left))


def _limited(file: BinaryIO, left: int) -> Iterator[bytes]:
    while left > 0:
        chunk = file.read(min(_CHUNK, left))
        if not chunk:
            raise VaultDamaged("The backup ended too early.", hint="Use another backup.")
        left -= len(chunk)
        yield chunk


def _restored_mark(path: Path, vault_keys: VaultKeys, revision: int) -> CommitMark:
    database = connect(path, vault_keys.database)
    try:
        database.check()
        database.change("UPDATE commit_state SET header_revision = ?", revision)
        number, digest = database.row("SELECT number, digest FROM commit_state") or (0, b"")
    finally:
        database.close()
    return CommitMark(number, digest, fingerprint(path))


def _remember(session: Session, target: Path) -> None:
    """Note where the backup lies, so that an erasure can offer to remove it."""
    sql = (
        "INSERT INTO settings(key, value) VALUES (?, ?) "
        "ON CONFLICT(key) DO UPDATE SET value = excluded.value"
    )

    def save(db: Database) -> None:
        row = db.row("SELECT value FROM settings WHERE key = ?", BACKUPS_KEY)
        known = [name for name in (json.loads(row[0]) if row else []) if name != str(target)]
        db.change(sql, BACKUPS_KEY, json.dumps([*known, str(target)]))

    session.store.write(save)


def _clean_up(folder: Path, header: Header, disk: Disk) -> None:
    """After a failed restore remove its own half, unless the switch was made."""
    if not in_force(folder, header, disk):
        for stray in folder.glob(f"vault-{header.generation}.*"):
            stray.unlink(missing_ok=True)
