"""Pairs and traps the relevance map is learnt from, all written for this program.

Nothing is copied from a public set. A memory is read as its owner says it, as a program
notes it ("The user prefers …") and as its bare object, so that the map learns none of the
three wordings by heart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
ALONE = "-"
"""The field of a pair that shares its subject with no other."""

_ABOUT_ONESELF = (
    (r"^I(?:'m| am)\b", "The user is"),
    (r"^I(?:'ve| have)\b", "The user has"),
    (r"^I (?:don't|do not)\b", "The user does not"),
    (r"^I (?:can't|cannot)\b", "The user cannot"),
    (r"^I (?:won't|will not)\b", "The user will not"),
)
_VERB = re.compile(r"^I (really |strongly |only |always |never |usually )?(\w+)\b")
_OTHERS = (
    (r"^We\b", "The user and their family"),
    (r"^My\b", "The user's"),
    (r"\b[Mm]y\b", "their"),
    (r"\bme\b", "them"),
    (r"\bI\b", "they"),
    (r"\bour\b", "their"),
)
_WISHING = re.compile(
    r"^(?:i|we)(?:'m|'ve)?\s+(?:(?:am|have|do|strongly|really|generally|particularly|always|never"
    r"|only|usually|often|absolutely|can|cannot|can't|don't|not|won't|will|would|like|love|dislike"
    r"|hate|prefer|avoid|refuse|enjoy|stand|want|need|a|an|the|strong|severe|aversion|preference"
    r"|interest|in|for|to|of|with|fan|very|deeply|firmly|believe|interested|comfortable"
    r"|uncomfortable|find|feel|and)\s+)*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Pair:
    """A memory and a question that needs it, or (a trap) that only sounds like it."""

    field: str
    memory: str
    question: str


def pairs() -> list[Pair]:
    """What belongs together; pairs ``ALONE`` get a field of their own."""
    found = [Pair(*line) for line in _lines("pairs.txt", 3)]
    return [
        Pair(f"{ALONE}{place}", pair.memory, pair.question) if pair.field == ALONE else pair
        for place, pair in enumerate(found)
    ]


def traps() -> list[Pair]:
    """What shares a word or an image and nothing else."""
    return [Pair("", *line) for line in _lines("traps.txt", 2)]


def as_noted(memory: str) -> str:
    """The memory in the third person, as programs write them."""
    for said, noted in _ABOUT_ONESELF:
        memory = re.sub(said, noted, memory)
    memory = _VERB.sub(_third, memory)
    for said, noted in _OTHERS:
        memory = re.sub(said, noted, memory)
    return memory


def bare(memory: str) -> str:
    """What the memory is about, without the words of liking and disliking."""
    return _WISHING.sub("", memory).strip(" .") or memory


def _third(found: re.Match[str]) -> str:
    verb = found[2] + ("es" if found[2].endswith(("s", "h")) else "s")
    return f"The user {found[1] or ''}{verb}"


def _lines(name: str, parts: int) -> list[list[str]]:
    text = (FOLDER / name).read_text("utf-8")
    rows = [
        [part.strip() for part in line.split(" | ")]
        for line in text.splitlines()
        if line and not line.startswith("#")
    ]
    if any(len(row) != parts for row in rows):
        raise ValueError(f"{name}: every line has {parts} parts")
    return rows
