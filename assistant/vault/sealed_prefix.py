"""The model's state after the prompt's prefix, sealed beside the database.

It has 19 MB for 842 tokens and can be made again at any time, so it is kept out of the
database and out of backups. It goes with the vault's generation: a new master key, a
restored backup and an erased vault all remove it.

Format 1: ``prefix 1`` (8 bytes), a digest of what it was made from (32 bytes, not secret:
text of the program and of its policies, the model's file, the engine's settings), a nonce
(12 bytes), AES-256-GCM of the state (NIST SP 800-38D) with all of that as associated data.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from assistant.errors import AssistantError, VaultLocked, WrongPassphrase
from assistant.vault import keys
from assistant.vault.files import Disk
from assistant.vault.session import Session, database_path
from assistant.vault.unlock import read_header

MAGIC: Final = b"prefix 1"
DIGEST_BYTES: Final = 32
MAX_STATE_BYTES: Final = 512 << 20
"""A larger state is neither kept nor read."""
_HEAD: Final = len(MAGIC) + DIGEST_BYTES + keys.NONCE_BYTES
_TAG: Final = 16


class SealedPrefix:
    """The one state a vault keeps. Damage, another key or another origin: there is none."""

    def __init__(self, session: Session, key: Callable[[], bytes]) -> None:
        """``key`` derives the vault's key for this use."""
        self._session, self._derived = session, key

    def read(self, made_from: bytes) -> bytes | None:
        """The state that was made from exactly this, or None. Raises VaultLocked."""
        data = _contents(self._path, self._session.disk, MAX_STATE_BYTES + _HEAD + _TAG)
        if data is None or data[: _HEAD - keys.NONCE_BYTES] != MAGIC + made_from:
            return None
        nonce = data[_HEAD - keys.NONCE_BYTES : _HEAD]
        try:
            return bytes(keys.unwrap(self._key(), data[_HEAD:], nonce, data[:_HEAD]))
        except WrongPassphrase:
            return None

    def write(self, made_from: bytes, state: bytes) -> bool:
        """Keep this state instead of what was kept; False where it is too large.

        Raises VaultLocked and the StorageError family; the old one stays then.
        """
        if len(state) > MAX_STATE_BYTES or len(made_from) != DIGEST_BYTES:
            return False
        nonce = self._session.random(keys.NONCE_BYTES)
        head = MAGIC + made_from + nonce
        sealed = head + keys.wrap(self._key(), state, nonce, head)
        # On the vault's own thread: one that was locked meanwhile writes nothing.
        self._session.store.read(lambda _: self._session.disk.replace(self._path, sealed))
        return True

    @property
    def _path(self) -> Path:
        return _path(self._session.folder, self._session.header.generation)

    def _key(self) -> bytes:
        key = self._derived()
        if not any(self._session.keys.master):
            raise VaultLocked("The vault is locked.")
        return key


def kept_prefix(folder: Path, disk: Disk) -> bytes:
    """What the kept state was made from, readable without a key; b"" where there is none."""
    try:
        generation = read_header(folder, disk).header.generation
        with _path(folder, generation).open("rb") as file:
            head = file.read(_HEAD)
    except (AssistantError, OSError):
        return b""
    return head[len(MAGIC) : len(MAGIC) + DIGEST_BYTES] if head.startswith(MAGIC) else b""


def _path(folder: Path, generation: str) -> Path:
    return database_path(folder, generation).with_suffix(".prefix")


def _contents(path: Path, disk: Disk, limit: int) -> bytes | None:
    try:
        return disk.read(path, limit)
    except AssistantError:
        return None
