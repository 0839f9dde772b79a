"""The readings of a text that a statistical rule should see: as written, and undisguised.

Terms are matched in every view, because they match nothing in noise. A classifier gives any
noise some score, and costs some ten milliseconds a text, so only a reading that looks like
language is put before it: more so than the text as written, wherever that can be compared.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product
from typing import Final

from assistant.policy import views
from assistant.policy.canonical import canonical
from assistant.policy.channels import decoded
from assistant.policy.languages import MOST_SEEN, little_words, reads_as_words
from assistant.policy.likeness import CLEARLY, LOOKS_ENGLISH, TOO_SHORT, likeliest, likeness

MAX_READINGS: Final = 6
_PIECE: Final = 8
"""Words of a turned text compared with what they were: few, so that padding hides nothing."""
_LONGISH: Final = re.compile(r"[^\W\d_]{4}")
_SPACED: Final = re.compile(r"(?<!\S)\S(?:\s\S(?!\S)|\s{2,}\S(?!\S))+")


def readable_views(text: str) -> list[str]:
    """The plain view, and every hidden one that reads as words."""
    plain = canonical(text)
    hidden = [turn(plain) for turn in (views.rot13, _backwards) if _reads_better(plain, turn)]
    others = [unspaced(text)]
    if views.has_leet(plain):
        others.append(unleet(plain))
    others += [found for _, raw in decoded(text) if _is_no_noise(found := canonical(raw))]
    hidden += [found for found in others if _reads_as_english(found)]
    return list(dict.fromkeys([plain, *hidden]))[:MAX_READINGS]


def _backwards(plain: str) -> str:
    return plain[::-1]


def _reads_better(plain: str, turn: Callable[[str], str]) -> bool:
    """Whether some piece of the turned text is more like English than it is unturned."""
    words = turn(plain)[:MOST_SEEN].split(" ")
    last = max(len(words) - _PIECE, 0)
    for first in (*range(0, last, _PIECE // 2), last):
        piece = " ".join(words[first : first + _PIECE])
        likely = likeness(piece)
        better = likely - likeness(turn(piece))
        if LOOKS_ENGLISH > likely > TOO_SHORT:
            continue
        no_worse = better >= 0 and little_words(piece) >= little_words(turn(piece))
        if (better > CLEARLY and likely > TOO_SHORT) or (no_worse and reads_as_words(piece)):
            return True
    return False


def _reads_as_english(found: str) -> bool:
    return reads_as_words(found) or likeness(found[:MOST_SEEN]) > LOOKS_ENGLISH


def _is_no_noise(found: str) -> bool:
    """Whether decoded text holds more of a language than single letters."""
    return little_words(found) > 0 or _LONGISH.search(found) is not None


def unspaced(text: str) -> str:
    """Runs of single characters put together; wider gaps stay the ends of words."""
    visible = "".join(char for char in text if char.isspace() or canonical(char))

    def together(run: re.Match[str]) -> str:
        words = re.split(r"\s{2,}", run.group())
        return " ".join("".join(word.split()) for word in words)

    return canonical(_SPACED.sub(together, visible))


def unleet(plain: str) -> str:
    """Leet signs read as letters, word by word, "1" as the likelier of i and l.

    Numbers stay numbers, unless most of the words beside them are in leet. After some
    hundred different words with a "1" the rest of a text is read with i.
    """
    words = plain.split(" ")
    everywhere = sum(map(views.has_leet, words)) * 2 > len(words)
    read: dict[str, str] = {}
    for word in words:
        if word not in read:
            read[word] = _unleet_word(word, number=everywhere, carefully=len(read) < _CAREFULLY)
    return " ".join(read[word] for word in words)


def _unleet_word(word: str, *, number: bool, carefully: bool) -> str:
    if not (number or len(word) == 1 or any(char.isalpha() for char in word)):
        return word
    parts = _UNSURE.split(word.translate(_UNLEET))
    if len(parts) == 1 or len(parts) > _MOST_UNSURE or not carefully:
        return "i".join(parts)
    return likeliest(
        "".join(part + sign for part, sign in zip(parts, (*signs, ""), strict=True))
        for signs in product("il", repeat=len(parts) - 1)
    )


_CAREFULLY: Final = 500
_UNSURE: Final = re.compile("1")
_MOST_UNSURE: Final = 6
_UNLEET: Final = {point: letter for point, letter in views.LEET.items() if chr(point) not in "l1"}
