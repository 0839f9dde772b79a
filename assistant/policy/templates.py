"""Commented starting points for authors: ``policy init --for bank|school|hospital|lab``."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from assistant.errors import UsageError

NAMES: Final = ("bank", "school", "hospital", "lab")
_FOLDER: Final = Path(__file__).parent / "templates"


def template(name: str) -> bytes:
    """The document for that kind of organisation, its remarks in ``note`` fields.

    Raises :class:`UsageError` for a name that is not in :data:`NAMES`.
    """
    if name not in NAMES:
        raise UsageError("No template of that name.", hint=f"There are: {', '.join(NAMES)}.")
    return (_FOLDER / f"{name}.json").read_bytes()
