"""A file at the edge: which may be read at all, and never more of it than the limit.

A face calls this in its own process, since the holder may have another working folder.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import AttachmentRefused

MAX_FILE_BYTES = 20 * 1024 * 1024
MAX_NAME = 120

_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_NONBLOCK = getattr(os, "O_NONBLOCK", 0)
_BINARY = getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class FileBytes:
    """A file's own name and its unverified content."""

    name: str
    data: bytes


def read_file(path: Path) -> FileBytes:
    """Read one regular file of at most ``MAX_FILE_BYTES``; ``~`` is the home.

    Raises AttachmentRefused for a folder, a device, a pipe, a link (what it points to may
    not be what its name says), and for a file that is missing, empty, unreadable or too
    large. Nothing that is no regular file is ever opened.
    """
    try:
        path = path.expanduser()
        _require_regular(path.lstat().st_mode)
        descriptor = os.open(path, os.O_RDONLY | _NOFOLLOW | _NONBLOCK | _BINARY)
        with os.fdopen(descriptor, "rb") as file:
            _require_regular(os.fstat(descriptor).st_mode)
            data = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError as error:
        raise AttachmentRefused(
            "There is no file at that path.", hint="Check the path; ~ is your home."
        ) from error
    except PermissionError as error:
        raise AttachmentRefused(
            "The file may not be read by you.", hint="Check its permissions (ls -l)."
        ) from error
    except (OSError, ValueError, RuntimeError) as error:
        raise AttachmentRefused("The file cannot be read.", hint="Check the path.") from error
    return FileBytes(path.name, require_size(data))


def require_size(data: bytes) -> bytes:
    """``data``, or AttachmentRefused where it is empty or above the limit."""
    if not data:
        raise AttachmentRefused("The file is empty.", hint="Attach one with text in it.")
    if len(data) > MAX_FILE_BYTES:
        raise AttachmentRefused(
            f"The file is larger than {MAX_FILE_BYTES >> 20} MB.",
            hint="Attach the part of it that matters.",
        )
    return data


def _require_regular(mode: int) -> None:
    if stat.S_ISLNK(mode):
        raise AttachmentRefused(
            "This is a link to another file.", hint="Attach the file it points to."
        )
    if stat.S_ISDIR(mode):
        raise AttachmentRefused("This is a folder.", hint="Attach the files in it one by one.")
    if not stat.S_ISREG(mode):
        raise AttachmentRefused(
            "This is a device or a pipe, not a file.", hint="Save its content to a file first."
        )
