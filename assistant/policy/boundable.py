"""What a policy may bound: the settings this program can hold to a limit."""

from __future__ import annotations

import re
from typing import Final

# What this program can enforce. A document that bounds anything else is refused: an
# authority must never believe in a bound that nobody keeps.
RANGE_KEYS: Final = (
    "temperature",
    "max_tokens",
    "retention_days",
    "context_memories",
    "idle_minutes",
    "session_minutes",
    "compare_every",
)
SET_KEYS: Final = (
    "models",
    "memory_categories",
    "export",
    "persona",
    "personalisation",
    "learning",
    "recall",
    "late_notice",
    "reflection",
    "feelings_notice",
    "disclosure",
)
PROFILE_KEY: Final = re.compile(r"profile\.[a-z][a-z_]{0,30}\Z")


def known_keys() -> tuple[str, ...]:
    """The settings a bound may name; ``profile.*`` stands for every profile dimension."""
    return (*RANGE_KEYS, *SET_KEYS, "profile.*")
