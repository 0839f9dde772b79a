"""What the command line prints: people's text made inert, JSON as one object a line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from assistant.errors import ConfirmationMissing, UsageError
from assistant.inert import inert


def say(text: str = "") -> None:
    """A line for a person on stdout; the text may be foreign and is made inert."""
    print(inert(text))


def say_part(text: str) -> None:
    """A part of a line, at once: a streamed answer."""
    print(inert(text), end="", flush=True)


def complain(text: str) -> None:
    """A line on stderr: errors, warnings, progress. Foreign parts are made inert."""
    print(inert(text), file=sys.stderr, flush=True)


def print_json(value: Any) -> None:
    """One JSON object on one line. Everything outside ASCII is escaped, so it is inert."""
    print(json.dumps(msgspec.to_builtins(value)), flush=True)


def write_file(path: Path, content: bytes, *, overwrite: bool) -> None:
    """A file for this user's eyes, whole or not at all.

    Raises ConfirmationMissing where a file is there already, UsageError where none can be.
    """
    from assistant.vault.files import occupied, write_private

    try:
        if occupied(path) and not overwrite:
            raise ConfirmationMissing(
                "There is already a file at that path.", hint="Repeat it with --yes."
            )
        write_private(path, content)
    except OSError as error:
        raise UsageError("The file cannot be written.", hint="Check the path.") from error


def read_text(path: Path, *, limit: int) -> str:
    """A file's text. Raises UsageError where it cannot be read or is longer than ``limit``."""
    try:
        with path.open("rb") as file:
            raw = file.read(limit + 1)
    except OSError as error:
        raise UsageError("The file cannot be read.", hint="Check the path.") from error
    if len(raw) > limit:
        raise UsageError(f"The file is longer than {limit:,} bytes.", hint="Choose a shorter file.")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise UsageError("The file is not UTF-8 text.", hint="Save it as UTF-8.") from error


def table(rows: Iterable[tuple[str, ...]], *, gap: int = 2) -> None:
    """Columns as wide as they need to be; the last one runs free."""
    made = [tuple(inert(cell).replace("\n", " ") for cell in row) for row in rows]
    if not made:
        return
    widths = [max(len(row[i]) for row in made) for i in range(len(made[0]) - 1)]
    for row in made:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        print((" " * gap).join((*cells, row[-1])).rstrip())


def ruling_lines(ruling: Any, *, heading: str) -> str:
    """A decision of policy, worded for a person: what, who, why, and where to appeal."""
    lines = [
        heading,
        f"  rule    {ruling.rule} — {ruling.title}",
        f"  set by  {ruling.issuer} ({_TIER_NAMES.get(ruling.tier, ruling.tier)})",
        f"  reason  {ruling.reason}",
    ]
    if ruling.appeal:
        lines.append(f"  appeal  {ruling.appeal}")
    if ruling.help:
        lines.append(f"  {ruling.help}")
    return "\n".join(lines)


_TIER_NAMES = {
    "national": "tier 1, national",
    "organisation": "tier 2, organisation",
    "user": "tier 3, your own",
}
