"""Durable files: every write is whole or absent, on the disk before it counts.

One small class stands between the policy room and the file system, so that a test can
hand in a disk that is full, read-only or cut off at any step.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from assistant.errors import DiskFull, ReadOnlyStorage, StorageError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_REFUSED = {errno.EROFS, errno.EACCES, errno.EPERM}


@contextlib.contextmanager
def storage_errors(act: str) -> Iterator[None]:
    """Map ``OSError`` once, at this edge. ``act`` finishes the sentence "could not …".

    Raises:
        DiskFull: no room. ReadOnlyStorage: not writable. StorageError: anything else.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFull(f"No room on the disk to {act}.") from error
        if error.errno in _REFUSED:
            raise ReadOnlyStorage(f"The file system does not allow to {act}.") from error
        raise StorageError(f"The file system could not {act}.") from error


class Disk:
    """The four acts an installation needs; each is one step a power cut can follow."""

    def make_folder(self, folder: Path) -> None:
        """Create ``folder`` and its parents, private to the user."""
        with storage_errors("create the policy folder"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def write(self, path: Path, content: bytes) -> None:
        """Write ``content`` to a new file at ``path`` and wait until the disk has it."""
        with storage_errors("write the policy"):
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
            with os.fdopen(os.open(path, flags | getattr(os, "O_BINARY", 0), 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())

    def rename(self, source: Path, target: Path) -> None:
        """Replace ``target`` by ``source`` in one step and make the folder durable."""
        with storage_errors("put the policy in place"):
            source.replace(target)
        self.sync_folder(target.parent)

    def sync_folder(self, folder: Path) -> None:
        """Make a rename durable; Windows journals it and offers no such call."""
        if sys.platform == "win32":
            return
        with storage_errors("flush the policy folder"):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def replace_file(disk: Disk, path: Path, content: bytes) -> None:
    """Put ``content`` at ``path``: after a cut there is the old file or the new one."""
    replace_files(disk, [(path, content)])


def replace_files(disk: Disk, contents: Sequence[tuple[Path, bytes]]) -> None:
    """Replace several files in the order given; a full disk is met before the first one.

    Everything is written beside its place first, then renamed in order, so a cut leaves a
    prefix of the renames done and no file in part.
    """
    pending = [(path.with_name(path.name + ".new"), path, content) for path, content in contents]
    try:
        for beside, _, content in pending:
            disk.write(beside, content)
        for beside, path, _ in pending:
            disk.rename(beside, path)
    except StorageError:
        for beside, _, _ in pending:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
        raise


def read_limited(path: Path, limit: int) -> bytes | None:
    """The bytes of a regular file, or None when there is none.

    Raises:
        StorageError: not a regular file, longer than ``limit`` bytes, or unreadable.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
    with storage_errors("read the stored policy"):
        try:
            descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
        except FileNotFoundError:
            return None
        return read_descriptor(descriptor, limit)


def read_descriptor(descriptor: int, limit: int) -> bytes:
    """Read an opened regular file of at most ``limit`` bytes and close it.

    Raises:
        OSError: not a regular file (EINVAL), longer than the limit (EOVERFLOW).
    """
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EOVERFLOW, "longer than its limit")
    return content


@contextlib.contextmanager
def exclusive(policy_home: Path, disk: Disk) -> Iterator[None]:
    """Hold the policy folder's lock, waiting for another process that has it."""
    disk.make_folder(policy_home)
    with storage_errors("lock the policy folder"):
        file = (policy_home / ".lock").open("a+b")
    with file:
        _lock(file.fileno())
        yield


def _lock(descriptor: int) -> None:
    # The lock goes when the descriptor is closed, also when the process is killed.
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
        return
    import fcntl

    fcntl.flock(descriptor, fcntl.LOCK_EX)
