"""Where the bytes of a bundle come from: a folder, a zip of one, or memory.

Nothing here is trusted and nothing here verifies: a source answers "the bytes under
this name, at most so many" and refuses everything that is not a plain file under one
of the names a bundle can have. Each name is read once and kept, so what was checked
is what is used, whatever happens to the medium meanwhile.
"""

from __future__ import annotations

import errno
import io
import os
import re
import stat
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from assistant.errors import BundleUnverified, NoSuchItem
from assistant.policy.storage import read_descriptor

MAX_METADATA = 512 * 1024
"""Bytes of one metadata file; a policy's are a few thousand."""
MAX_TARGET = 32 * 1024 * 1024
"""Bytes of one target; room for a fine-tuned adapter of 14 MB."""
MAX_BUNDLE = 96 * 1024 * 1024
"""Bytes of everything in one bundle, unpacked."""
MAX_ENTRIES = 20_000
"""Names in one folder of a bundle; a server keeps old snapshots beside the new one."""
_MAX_DIRECTORY = 1024 * 1024

BUNDLE_NAME = re.compile(
    r"(?:[1-9]\d{0,8}\.(?:root|snapshot|targets)\.json|timestamp\.json"
    r"|targets/[0-9a-f]{64}\.[a-z0-9][a-z0-9._-]{0,99})"
)
"""Every name a bundle can hold; anything else is never opened."""


class BundleSource(Protocol):
    """Unverified bytes by name."""

    def read(self, name: str, limit: int) -> bytes | None:
        """The bytes under ``name``, or None when there is no such file.

        Raises:
            BundleUnverified: longer than ``limit``, not a plain file, or unreadable.
        """


def checked_name(name: str) -> str:
    """Refuse a name no bundle has: ``..``, absolute paths, capitals, other files."""
    if not BUNDLE_NAME.fullmatch(name):
        raise BundleUnverified("The bundle asks for a file that no bundle can hold.")
    return name


class MemorySource:
    """A bundle in memory: what an installation is about to store, and the tests' own."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)

    def read(self, name: str, limit: int) -> bytes | None:
        """The bytes under ``name``, with the same refusals as every other source."""
        content = self.files.get(checked_name(name))
        if content is not None and len(content) > limit:
            raise BundleUnverified(f"{name} is longer than a bundle's file may be.")
        return content


class FolderSource:
    """A bundle in a folder: a stick, an MDM package, a web server's directory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[str, bytes | None] = {}
        _refuse_colliding(_names(folder))
        _refuse_colliding(_names(folder / "targets"))

    def read(self, name: str, limit: int) -> bytes | None:
        """The bytes under ``name``; links, pipes and devices are refused."""
        checked_name(name)
        if name not in self._kept:
            self._kept[name] = self._read(name, limit)
        content = self._kept[name]
        if content is not None and len(content) > limit:
            raise BundleUnverified(f"{name} is longer than a bundle's file may be.")
        return content

    def _read(self, name: str, limit: int) -> bytes | None:
        path = self._folder / name
        try:
            # O_NOFOLLOW does not exist on Windows and says nothing of the folder above.
            if path.is_symlink() or ("/" in name and path.parent.is_symlink()):
                raise BundleUnverified(f"{name} in the bundle is not a plain file.")
            return read_descriptor(os.open(path, _OPEN_FLAGS), limit)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise BundleUnverified(_why(name, error)) from error


# O_NONBLOCK: opening a FIFO must not wait for a writer that never comes.
_OPEN_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
)


def _why(name: str, error: OSError) -> str:
    if error.errno == errno.EOVERFLOW:
        return f"{name} is longer than a bundle's file may be."
    if error.errno in {errno.EINVAL, errno.ELOOP, errno.ENXIO}:
        return f"{name} in the bundle is not a plain file."
    return f"{name} in the bundle cannot be read."


def _names(folder: Path) -> list[str]:
    names: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                names.append(entry.name)
                if len(names) > MAX_ENTRIES:
                    raise BundleUnverified("The bundle's folder holds too many files.")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise BundleUnverified("The bundle's folder cannot be read.") from error
    return names


def _refuse_colliding(names: list[str]) -> None:
    # On a disk that ignores case one of the two would silently win.
    if len({name.casefold() for name in names}) != len(names):
        raise BundleUnverified("Two names in the bundle differ only in case.")


class ZipSource:
    """A bundle in one file. Read whole into memory, never unpacked to disk."""

    def __init__(self, content: bytes) -> None:
        _refuse_huge_directory(content)
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
            entries = self._zip.infolist()
        except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
            raise BundleUnverified("The bundle is not a sound zip file.") from error
        _refuse_colliding([entry.filename for entry in entries])
        self._entries = {entry.filename: _sound(entry) for entry in entries}
        if sum(entry.file_size for entry in entries) > MAX_BUNDLE:
            raise BundleUnverified("The zip unpacks to more than a bundle may hold.")

    def read(self, name: str, limit: int) -> bytes | None:
        """The bytes under ``name``; unpacking stops at ``limit``, whatever the zip says."""
        entry = self._entries.get(checked_name(name))
        if entry is None:
            return None
        try:
            with self._zip.open(entry) as file:
                content = file.read(limit + 1)
        except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, OSError) as error:
            raise BundleUnverified(f"{name} in the zip is damaged.") from error
        except Exception as error:
            raise BundleUnverified(f"{name} in the zip is damaged.") from error
        if len(content) > limit:
            raise BundleUnverified(f"{name} is longer than a bundle's file may be.")
        return content


def _sound(entry: zipfile.ZipInfo) -> zipfile.ZipInfo:
    if not BUNDLE_NAME.fullmatch(entry.orig_filename):
        raise BundleUnverified("The zip holds a name that no bundle can hold.")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG) or entry.flag_bits & 0x1:
        raise BundleUnverified("The zip holds something that is not a plain file.")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise BundleUnverified("The zip uses a compression no bundle uses.")
    return entry


def _refuse_huge_directory(content: bytes) -> None:
    # zipfile reads the whole directory at once, so its size is bounded before.
    end = content[-22:]
    if len(end) < 22 or end[:4] != b"PK\x05\x06":
        raise BundleUnverified("The bundle is not a sound zip file.")
    entries, directory = struct.unpack("<HL", end[10:16])
    if entries == 0xFFFF or directory > _MAX_DIRECTORY:
        raise BundleUnverified("The zip's directory is larger than a bundle's can be.")


def open_source(path: Path) -> BundleSource:
    """The bundle at ``path``: a folder, or a zip file.

    Raises:
        NoSuchItem: nothing is there. BundleUnverified: it is neither.
    """
    try:
        if path.is_dir():
            return FolderSource(path)
        content = read_descriptor(
            os.open(path, _OPEN_FLAGS & ~getattr(os, "O_NOFOLLOW", 0)), MAX_BUNDLE
        )
    except FileNotFoundError as error:
        raise NoSuchItem("There is no bundle at that path.", hint="Check the path.") from error
    except OSError as error:
        raise BundleUnverified("The bundle cannot be read as a folder or a zip.") from error
    return ZipSource(content)


def pack(files: Mapping[str, bytes]) -> bytes:
    """One zip of a bundle's files, always the same bytes for the same files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o100644 << 16
            # Stored, not packed: the bytes then do not depend on the zlib at hand.
            entry.compress_type = zipfile.ZIP_STORED
            entry.create_system = 3
            archive.writestr(entry, files[name])
    return buffer.getvalue()
