"""What an unlocked vault consists of, shared by the parts that change its files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from assistant.errors import StorageError, VaultError
from assistant.vault.commits import CommitFile
from assistant.vault.files import Disk
from assistant.vault.header import HEADER_BYTES, Header, decode
from assistant.vault.keys import KdfFloor
from assistant.vault.records import Notice
from assistant.vault.store import Store
from assistant.vault.unlock import HEADER_NAME, VaultKeys, write_header


@dataclass(slots=True)
class Session:
    """The folder, the key file in force, the keys, the store and what they came from."""

    folder: Path
    header: Header
    keys: VaultKeys
    store: Store
    disk: Disk
    floor: KdfFloor
    now: Callable[[], datetime]
    random: Callable[[int], bytes]

    def put_header(self, header: Header) -> None:
        """Replace the key file atomically, then let the database know its revision."""
        try:
            write_header(self.folder, header, self.keys, self.disk)
        except BaseException:
            if in_force(self.folder, header, self.disk):
                self.header = header
            raise
        self.header = header
        self.store.set_header_revision(header.revision)


def database_path(folder: Path, generation: str) -> Path:
    """The database of a generation; the key file names the one in force."""
    return folder / f"vault-{generation}.db"


def commit_file(folder: Path, header: Header, vault_keys: VaultKeys, disk: Disk) -> CommitFile:
    """The commit file of the generation that the key file names."""
    path = database_path(folder, header.generation).with_suffix(".commits")
    return CommitFile(path, vault_keys.commits, disk)


def in_force(folder: Path, header: Header, disk: Disk) -> bool:
    """Whether this header is on the disk, after writing it raised.

    A failure may come after the rename, when only the folder was not synced.
    """
    try:
        data = disk.read(folder / HEADER_NAME, 2 * HEADER_BYTES)
        return data is not None and decode(data).header == header
    except VaultError:
        return False


def set_aside_orphans(session: Session) -> None:
    """Before a new vault is made, keep a database whose key file went missing.

    One no larger than the new, empty one is what an interrupted creation left; it is
    removed at the next open. A larger one may be somebody's life and a copy of the key
    file may turn up, so it is renamed to ``orphan-…`` and told.
    """
    own = session.store.path
    for path in sorted(session.folder.glob("vault-*.db")):
        if path == own or path.stat().st_size <= own.stat().st_size:
            continue
        for part in session.folder.glob(f"{path.stem}.*"):
            session.disk.rename(part, part.with_name(part.name.replace("vault-", "orphan-", 1)))
        message = "A database without its key file was found and set aside, not removed."
        session.store.add_notice(Notice("orphan", message, session.now()))


def remove_strays(folder: Path, *, keep: str, disk: Disk) -> None:
    """Remove what an interrupted rekey, restore or creation left behind.

    What cannot be removed now is tried again at the next open.
    """
    strays = [
        path
        for path in folder.glob("vault-*")
        if not keep or not path.name.startswith(f"vault-{keep}.")
    ]
    for path in (*strays, *folder.glob("*.new")):
        try:
            disk.remove(path)
        except StorageError:
            continue
