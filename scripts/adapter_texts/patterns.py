"""Sentence patterns in a text file, and the sentences they make.

A file is sections. ``## name`` opens a family, ``@slot: a | b`` lists words (for its
section; before the first section, for all), any other line is a pattern with ``{slot}``
and ``[this|that]``. A ``~`` before a slot's name (``{~act}``) takes it with a capital.
A file of pairs instead has blocks of ``- harmful | harmful`` and ``+ safe | safe`` lines.
"""

from __future__ import annotations

import random as random_
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_HOLE = re.compile(r"\{(~?)([a-z_]+)\}|\[([^\[\]]*)\]")


@dataclass(slots=True)
class Section:
    """One family: its patterns and the words that fill them."""

    name: str
    words: dict[str, list[str]] = field(default_factory=dict)
    patterns: list[str] = field(default_factory=list)


def sections(path: Path) -> list[Section]:
    """The families of a file; a ``KeyError`` later names a slot that has no list."""
    common = Section("")
    found = [common]
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("## "):
            found.append(Section(line[3:].strip(), dict(common.words)))
        elif line.startswith("@"):
            name, _, words = line[1:].partition(":")
            found[-1].words[name.strip()] = [w.strip() for w in words.split("|") if w.strip()]
        elif line.strip() and not line.startswith("# "):
            found[-1].patterns.append(line.strip())
    return found[1:]


def sentences(section: Section, random: random_.Random, each: int) -> Iterator[str]:
    """Up to ``each`` different sentences of every pattern of the section."""
    for pattern in section.patterns:
        made: dict[str, None] = {}
        for _ in range(each * 3):
            made.setdefault(filled(pattern, section.words, random))
            if len(made) == each:
                break
        yield from made


def filled(pattern: str, words: dict[str, list[str]], random: random_.Random) -> str:
    """One sentence: every hole of ``pattern`` filled; words may hold holes of their own."""

    def chosen(hole: re.Match[str]) -> str:
        capital, slot, either = hole.groups()
        word = random.choice(words[slot] if slot else either.split("|"))
        word = filled(word, words, random)
        return word[:1].upper() + word[1:] if capital else word

    return _HOLE.sub(chosen, pattern)
