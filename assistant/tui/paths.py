"""Paths as a person types and drops them: what could follow, and what was meant."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import unquote, urlparse

MAX_LOOKED_AT = 5_000
MAX_SHOWN = 200
MAX_PATH = 4_096
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What may be meant: ``text`` is the whole path in the person's own way of writing it."""

    text: str
    name: str
    folder: bool
    size: int


def suggestions(typed: str, base: Path) -> list[Suggestion]:
    """Folders, then files, that go on from what is typed, from the folder ``base``.

    Hidden ones only where the name was begun with a dot; links to files are left out, as
    they cannot be attached. Empty where the folder cannot be read.
    """
    head, _, begun = typed.rpartition("/")
    head = f"{head}/" if "/" in typed else ""
    try:
        folder = base / Path(head or ".").expanduser()
        with os.scandir(folder) as entries:
            found = [one for entry in islice(entries, MAX_LOOKED_AT) if (one := _of(entry, head))]
    except (OSError, ValueError, RuntimeError):
        return []
    matching = [
        one
        for one in found
        if one.name.casefold().startswith(begun.casefold())
        and (begun.startswith(".") or not one.name.startswith("."))
    ]
    return sorted(matching, key=lambda one: (not one.folder, one.name.casefold()))[:MAX_SHOWN]


def _of(entry: os.DirEntry[str], head: str) -> Suggestion | None:
    try:
        if entry.is_dir():
            return Suggestion(f"{head}{entry.name}/", entry.name, True, 0)
        if entry.is_file(follow_symlinks=False):
            return Suggestion(f"{head}{entry.name}", entry.name, False, entry.stat().st_size)
    except OSError:
        pass  # it went away, or may not be looked at
    return None


def pasted_path(text: str) -> Path | None:
    """The existing regular file that a pasted or dropped text names absolutely, or None.

    Terminals drop a path bare, in quotes, with backslashes, or as a ``file://`` address.
    """
    line = text.strip()
    if not line or "\n" in line or len(line) > MAX_PATH:
        return None
    for meant in (line, line.strip("'\""), _ESCAPED.sub(r"\1", line), _address(line)):
        path = Path(meant)
        try:
            if path.is_absolute() and stat.S_ISREG(path.lstat().st_mode):
                return path
        except (OSError, ValueError):
            continue
    return None


def _address(line: str) -> str:
    try:
        found = urlparse(line)
    except ValueError:
        return ""
    return unquote(found.path) if found.scheme == "file" else ""
