"""The few file operations the vault needs, made durable and private.

``Disk`` is an object so that tests can hand in one that fails at the n-th
operation; nothing else in the vault writes to the file system, apart from SQLCipher.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from assistant.errors import (
    AssistantError,
    DiskFull,
    ReadOnlyStorage,
    StorageError,
    UnsafePermissions,
    VaultBusy,
    VaultDamaged,
)

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}


def storage_error(error: OSError) -> AssistantError:
    """Map an operating-system error once; the message never holds file contents."""
    if error.errno in _FULL:
        return DiskFull("There is no room left on the disk.")
    if error.errno in _READ_ONLY:
        return ReadOnlyStorage("The vault's folder cannot be written.")
    return StorageError("The file system refused an operation on the vault.")


class Disk:
    """Durable writes (data and folder entry reach the disk before returning).

    Every method raises a ``StorageError`` of the tree in assistant.errors; a read
    beyond its byte limit raises ``VaultDamaged``.
    """

    def read(self, path: Path, limit: int) -> bytes | None:
        """The whole file, or None where there is none. At most ``limit`` bytes."""
        try:
            with path.open("rb") as file:
                data = file.read(limit + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise storage_error(error) from error
        if len(data) > limit:
            raise VaultDamaged(f"The vault's file {path.name} is larger than it may be.")
        return data

    def replace(self, path: Path, data: bytes) -> None:
        """Put ``data`` at ``path`` atomically: after a crash it is the old or the new."""
        temporary = path.with_name(path.name + ".new")
        try:
            self.write_new(temporary, [data])
            self.rename(temporary, path)
        except AssistantError:
            temporary.unlink(missing_ok=True)
            raise

    def write_new(self, path: Path, chunks: Iterable[bytes]) -> None:
        """Write a private file from the start and bring it to the disk."""
        try:
            descriptor = os.open(path, _WRITE | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                for chunk in chunks:
                    self.write(file.fileno(), chunk)
                self.sync(file.fileno())
        except OSError as error:
            raise storage_error(error) from error

    def write_at(self, path: Path, offset: int, data: bytes) -> None:
        """Overwrite bytes of an existing file in place and bring them to the disk."""
        try:
            descriptor = os.open(path, _WRITE)
            try:
                os.lseek(descriptor, offset, os.SEEK_SET)
                self.write(descriptor, data)
                self.sync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise storage_error(error) from error

    def write_soon(self, path: Path, data: bytes) -> None:
        """Put ``data`` at ``path`` without waiting for the disk and without atomicity."""
        try:
            descriptor = os.open(path, _WRITE | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                self.write(descriptor, data)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise storage_error(error) from error

    def write(self, descriptor: int, data: bytes) -> None:
        """Write all of ``data``; raises OSError, which the callers above map."""
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]

    def sync(self, descriptor: int) -> None:
        """Bring a descriptor's data to the disk; raises OSError."""
        os.fsync(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        """Rename over ``target`` and make the folder entry durable."""
        try:
            os.replace(source, target)
        except OSError as error:
            raise storage_error(error) from error
        self.sync_folder(target.parent)

    def sync_folder(self, folder: Path) -> None:
        """Make created, renamed and removed names durable (nothing to do on Windows)."""
        if sys.platform == "win32":
            return
        try:
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                self.sync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise storage_error(error) from error

    def remove(self, path: Path) -> None:
        """Remove a file; one that is not there is no error."""
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise storage_error(error) from error


_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
# O_BINARY exists on Windows only, where its absence would change line ends.
_WRITE = os.O_WRONLY | _NO_FOLLOW | getattr(os, "O_BINARY", 0)


def occupied(path: Path) -> bool:
    """Whether anything lies at ``path``, a link that leads nowhere too. Raises OSError."""
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    return True


def write_private(path: Path, content: bytes) -> None:
    """Put ``content`` at ``path`` for this user's eyes, whole or not at all. Raises OSError.

    For folders that are not the vault's: what lies beside it under any name, and a link
    at ``path`` itself, is neither followed nor written into.
    """
    descriptor, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        # In the clear, and nobody would look for it.
        Path(name).unlink(missing_ok=True)
        raise


def make_private_folder(folder: Path) -> None:
    """Create ``folder`` (0700) with its parents, or check that it is ours alone."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(error) from error
    check_private_folder(folder)


def check_private_folder(folder: Path) -> None:
    """Refuse a folder of somebody else; take group and other rights off our own."""
    if sys.platform == "win32":
        return
    try:
        found = folder.stat()
        if found.st_uid != os.getuid():
            raise UnsafePermissions("The vault's folder belongs to somebody else.")
        if stat.S_IMODE(found.st_mode) & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        raise storage_error(error) from error


class FolderLock:
    """One holder at a time: an advisory lock on ``folder/lock``, freed by process death.

    Raises ``VaultBusy`` at once if another process (or another Vault object of this
    one) holds it.
    """

    def __init__(self, folder: Path) -> None:
        try:
            flags = os.O_RDWR | os.O_CREAT | _NO_FOLLOW | getattr(os, "O_CLOEXEC", 0)
            self._descriptor = os.open(folder / "lock", flags, 0o600)
        except OSError as error:
            raise storage_error(error) from error
        try:
            _lock(self._descriptor)
        except OSError as error:
            os.close(self._descriptor)
            raise VaultBusy("Another process holds this vault.") from error

    def release(self) -> None:
        """Free the lock; a second call does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
