"""The readings of a text that a statistical rule should see: as written, and undisguised.

Terms are matched in every view, because they match nothing in noise. A classifier gives any
noise some score, so only a reading that looks like language is put before it.
"""

from __future__ import annotations

import re
from typing import Final

from assistant.policy import views
from assistant.policy.canonical import canonical
from assistant.policy.channels import decoded
from assistant.policy.languages import reads_as_words

MAX_READINGS: Final = 6
_SPACED: Final = re.compile(r"(?<!\S)\S(?:\s\S(?!\S)|\s{2,}\S(?!\S))+")


def readable_views(text: str) -> list[str]:
    """The plain view, and every hidden one that reads as words."""
    plain = canonical(text)
    hidden = [views.rot13(plain), plain[::-1], unspaced(text)]
    if views.has_leet(plain):
        hidden.append(unleet(plain))
    hidden += [canonical(found) for _, found in decoded(text)]
    readable = [found for found in hidden if found != plain and reads_as_words(found)]
    return list(dict.fromkeys([plain, *readable]))[:MAX_READINGS]


def unspaced(text: str) -> str:
    """Runs of single characters put together; wider gaps stay the ends of words."""
    visible = "".join(char for char in text if char.isspace() or canonical(char))

    def together(run: re.Match[str]) -> str:
        words = re.split(r"\s{2,}", run.group())
        return " ".join("".join(word.split()) for word in words)

    return canonical(_SPACED.sub(together, visible))


def unleet(plain: str) -> str:
    """Leet signs read as letters, word by word; numbers stay numbers."""
    return " ".join(
        word.translate(_UNLEET) if any(char.isalpha() for char in word) or len(word) == 1 else word
        for word in plain.split(" ")
    )


_UNLEET: Final = {
    point: letter for point, letter in views.LEET.items() if letter != "i" or chr(point) != "l"
}
