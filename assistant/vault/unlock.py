"""From a passphrase, recovery key or keychain secret to the vault's keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from assistant.errors import VaultDamaged, VaultMissing, WrongPassphrase
from assistant.vault import keys
from assistant.vault.attempts import Attempts
from assistant.vault.files import Disk
from assistant.vault.header import (
    HEADER_BYTES,
    Header,
    Slot,
    SlotKind,
    UnverifiedHeader,
    bound,
    decode,
    encode,
)
from assistant.vault.keys import KdfFloor, KdfParameters

HEADER_NAME: Final = "header"
ATTEMPTS_NAME: Final = "attempts"


@dataclass(frozen=True, slots=True)
class VaultKeys:
    """The master key and the keys derived from it, in bytes that can be overwritten."""

    master: bytearray
    header: bytearray
    database: bytearray
    commits: bytearray
    backup: bytearray

    @classmethod
    def of(cls, master: bytearray, vault_id: str) -> VaultKeys:
        """Derive one key for each use."""
        salt = bytes.fromhex(vault_id)

        def derived(purpose: bytes) -> bytearray:
            return bytearray(keys.derive(master, purpose, salt))

        return cls(
            master,
            derived(b"header"),
            derived(b"database"),
            derived(b"commits"),
            derived(b"backup"),
        )

    def overwrite(self) -> None:
        """Overwrite all of them, best effort."""
        for key in (self.master, self.header, self.database, self.commits, self.backup):
            keys.overwrite(key)


@dataclass(frozen=True, slots=True)
class Secret:
    """What somebody offers to open a slot with."""

    kind: SlotKind
    data: bytes

    @classmethod
    def passphrase(cls, passphrase: bytes) -> Secret:
        """A passphrase as UTF-8 bytes."""
        return cls("passphrase", passphrase)

    @classmethod
    def recovery(cls, text: str) -> Secret:
        """A recovery key as written down; WrongPassphrase if it was mistyped."""
        return cls("recovery", keys.parse_recovery_key(text))


def new_slot(
    secret: Secret,
    master: bytes | bytearray,
    vault_id: str,
    random: Callable[[int], bytes],
    kdf: KdfParameters | None = None,
) -> Slot:
    """Wrap the master key for a secret; a passphrase needs its Argon2id parameters."""
    slot = Slot(secret.kind, random(keys.SALT_BYTES), random(keys.NONCE_BYTES), bytes(48))
    if kdf is not None:
        slot = _with(slot, kdf=kdf)
    wrapped = keys.wrap(_wrapping_key(slot, secret), master, slot.nonce, _bound(vault_id, slot))
    return _with(slot, wrapped=wrapped)


def open_slot(header: Header, secret: Secret, floor: KdfFloor) -> bytearray:
    """The master key, or WrongPassphrase, or UnsafeKeyParameters before deriving."""
    slot = header.slot(secret.kind)
    if slot is None:
        raise WrongPassphrase("This vault has no such way in.")
    if slot.kind == "passphrase":
        floor.check(slot.kdf)
    key = _wrapping_key(slot, secret)
    return keys.unwrap(key, slot.wrapped, slot.nonce, _bound(header.vault_id, slot))


def read_header(folder: Path, disk: Disk) -> UnverifiedHeader:
    """The key file as it is on disk; VaultMissing where there is none."""
    data = disk.read(folder / HEADER_NAME, 2 * HEADER_BYTES)
    if data is None:
        raise VaultMissing("There is no vault in this home yet.")
    return decode(data)


def write_header(folder: Path, header: Header, vault_keys: VaultKeys, disk: Disk) -> None:
    """Replace the key file atomically."""
    disk.replace(folder / HEADER_NAME, encode(header, vault_keys.header))


def unlock(
    folder: Path,
    read: UnverifiedHeader,
    secret: Secret,
    *,
    now: datetime,
    floor: KdfFloor,
    disk: Disk,
) -> tuple[Header, VaultKeys]:
    """Open a slot, with failures counted, and verify the key file.

    Raises UnlockTooSoon, WrongPassphrase, UnsafeKeyParameters, VaultDamaged.
    """
    slot = read.header.slot(secret.kind)
    if slot is not None and slot.kind == "passphrase":
        # Before counting and deriving: anybody may have written these parameters.
        floor.check(slot.kdf)
    attempts = Attempts(folder / ATTEMPTS_NAME, disk, now)
    attempts.begin()
    vault_keys = VaultKeys.of(open_slot(read.header, secret, floor), read.header.vault_id)
    attempts.succeeded()
    try:
        return read.verified(vault_keys.header), vault_keys
    except VaultDamaged:
        vault_keys.overwrite()
        raise


def _with(slot: Slot, *, kdf: KdfParameters | None = None, wrapped: bytes | None = None) -> Slot:
    kdf = kdf or slot.kdf
    return Slot(
        slot.kind,
        slot.salt,
        slot.nonce,
        slot.wrapped if wrapped is None else wrapped,
        kdf.memory_kib,
        kdf.iterations,
        kdf.lanes,
    )


def _wrapping_key(slot: Slot, secret: Secret) -> bytes:
    if slot.kind == "passphrase":
        return keys.argon2id(secret.data, slot.salt, slot.kdf)
    return keys.derive(secret.data, b"wrap " + slot.kind.encode(), slot.salt)


def _bound(vault_id: str, slot: Slot) -> bytes:
    return bound(vault_id, slot.kind, slot.salt, slot.kdf)
