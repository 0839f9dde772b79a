"""Where a home's files lie, and what the composition root may be told about it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_CLI_PATIENCE = 20.0
"""Seconds a one-shot command waits for the embedder before BM25 alone answers."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where everything lies. ``patience`` is how long recall waits for the embedder, and
    ``face`` is what holds the vault, as the status tells it.
    """

    home: Path
    catalogue: Path
    weights: Path
    patience: float = _CLI_PATIENCE
    face: str = "command"


def default_home() -> Path:
    """The platform's folder for an application's private data."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "assistant"
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "assistant"
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local" / "share") / "assistant"


def home_folder(home: Path | None) -> Path:
    """The home that was asked for, or the platform's; absolute."""
    return (home or default_home()).expanduser().absolute()


def default_settings(home: Path | None) -> Settings:
    """The product's own settings; only the home can be chosen."""
    from assistant.engine import catalogue_path, default_weights

    return Settings(
        home=home_folder(home),
        catalogue=catalogue_path(),
        weights=default_weights(),
    )


def utc_now() -> datetime:
    """The wall clock, aware, in UTC."""
    return datetime.now(UTC)
