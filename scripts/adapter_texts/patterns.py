"""Sentence patterns in a text file, and the sentences they make.

A file is sections. ``## name`` opens a family (``## name *3`` one with words for three
times as many sentences), ``@slot: a | b`` lists words, any other line is a pattern with
``{slot}`` and ``[this|that]``. What stands before the first section counts for all. A
``~`` before a slot's name (``{~act}``) takes the word with a capital.
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
    weight: int = 1


def sections(path: Path) -> list[Section]:
    """The families of a file; a ``KeyError`` later names a slot that has no list."""
    common = Section("")
    found = [common]
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("## "):
            name, _, weight = line[3:].partition("*")
            words, patterns = dict(common.words), list(common.patterns)
            found.append(Section(name.strip(), words, patterns, int(weight or 1)))
        elif line.startswith("@"):
            slot, _, listed = line[1:].partition(":")
            found[-1].words[slot.strip()] = [w.strip() for w in listed.split("|") if w.strip()]
        elif line.strip() and not line.startswith("# "):
            found[-1].patterns.append(line.strip())
    return found[1:]


def sentences(section: Section, random: random_.Random, each: int) -> Iterator[str]:
    """Up to ``each`` (times the weight) different sentences of every pattern."""
    each *= section.weight
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
