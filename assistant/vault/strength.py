"""How well a passphrase protects, estimated by zxcvbn (Wheeler, USENIX Security 2016)."""

from __future__ import annotations

from typing import Any, Final

_WORDS: Final = ("very weak", "weak", "fair", "good", "strong")
_ESTIMATED: Final = 100
"""zxcvbn's work grows with the square of the length; beyond this nothing changes."""


def strength(passphrase: str) -> tuple[int, str, str]:
    """Score 0 to 4, a word for it, and what would help. Pure; the passphrase is not kept."""
    if not passphrase:
        return 0, _WORDS[0], "Four or more unrelated words make a good passphrase."
    from zxcvbn import zxcvbn

    found: dict[str, Any] = zxcvbn(passphrase[:_ESTIMATED])
    score = int(found["score"])
    advice = " ".join((found["feedback"]["warning"], *found["feedback"]["suggestions"]))
    return score, _WORDS[score], advice.strip()
