"""How the app looks on this machine: theme and motion, kept beside the vault, not in it.

Neither is a secret, and both are needed before the vault is open.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import msgspec

from assistant.errors import UsageError
from assistant.tui import themes

MAX_BYTES = 4096
_WRONG = "The file display.toml is not what it should be."


class Display(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``theme`` is one of ``themes.NAMES``, or "" for what fits the terminal."""

    theme: str = ""
    reduced_motion: bool = False


def read_display(path: Path) -> Display:
    """What is kept in the TOML file; the defaults where there is none.

    Raises UsageError for a file that cannot be read, is over 4 KiB, is malformed, or names
    an unknown theme or key.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return Display()
    except OSError as error:
        raise UsageError("The file display.toml cannot be read.", hint=_cure()) from error
    try:
        if len(data) > MAX_BYTES:
            raise ValueError
        found = msgspec.toml.decode(data, type=Display)
        if found.theme not in ("", *themes.NAMES):
            raise ValueError
    except (msgspec.MsgspecError, ValueError) as error:
        raise UsageError(_WRONG, hint=_cure()) from error
    return found


def keep_display(path: Path, display: Display) -> bool:
    """Write it, whole or not at all. False where the disk does not let it be kept."""
    lines = f'theme = "{display.theme}"\nreduced_motion = {str(display.reduced_motion).lower()}\n'
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(lines.encode())
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        return False
    return True


def _cure() -> str:
    named = ", ".join(themes.NAMES)
    return f'It holds theme = "…" ({named}) and reduced_motion = true or false; or remove it.'
