"""The pattern language of ``pattern`` rules: a small part of RE2's, read into a tree.

A tree is needed because one pattern has to be matched in several views and, in a stream,
by its possible beginnings: from the tree come the pattern itself, its reversal and its leet
form, all run by RE2, and the automaton of what could still become a match (beginnings.py).

Allowed: literals, ``.``, classes, ``\\d \\w \\s \\b``, groups, ``|``, ``? {m} {m,n}``, and
``* +`` of characters that stay inside a word. Refused: anchors, back-references, look-around,
flags, a match that may run on for ever or past 400 characters, and one that can be empty.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

MAX_WIDTH: Final = 400
ENDLESS: Final = 1000
"""Stands for "as often as there are such characters"; RE2's own limit for a count."""
_WORD_WIDTH: Final = 12  # what a run inside one word counts as in the width of a pattern

Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Chars:
    """One character out of ranges of code points."""

    ranges: Ranges


@dataclass(frozen=True, slots=True)
class Text:
    """Characters as they are."""

    value: str


@dataclass(frozen=True, slots=True)
class Boundary:
    """``\\b``: the edge of a word."""


@dataclass(frozen=True, slots=True)
class Chain:
    """One after another."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several."""

    options: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """``least`` to ``most`` times."""

    part: Node
    least: int
    most: int


Node = Chars | Text | Boundary | Chain | Choice | Repeat


def width(node: Node, *, least: bool = False) -> int:
    """The longest (or least) number of characters a match has."""
    match node:
        case Chars():
            return 1
        case Text(value):
            return len(value)
        case Boundary():
            return 0
        case Chain(parts):
            return sum(width(part, least=least) for part in parts)
        case Choice(options):
            pick = min if least else max
            return pick(width(option, least=least) for option in options)
        case Repeat(part, low, high):
            most = _WORD_WIDTH if high == ENDLESS else high
            return width(part, least=least) * (low if least else most)


def to_re2(node: Node) -> str:
    """The node in RE2's syntax."""
    match node:
        case Chars(ranges):
            return _class(ranges)
        case Text(value):
            return _escaped(value)
        case Boundary():
            return r"\b"
        case Chain(parts):
            return "".join(to_re2(part) for part in parts)
        case Choice(options):
            return "(?:" + "|".join(to_re2(option) for option in options) + ")"
        case Repeat(part, low, high):
            once = to_re2(part) if _is_single(part) else f"(?:{to_re2(part)})"
            return once + _times(low, high)


def _times(low: int, high: int) -> str:
    if high == ENDLESS:
        return "*" if low == 0 else "+"
    if high == 1:
        return "?" if low == 0 else ""
    return f"{{{low}}}" if low == high else f"{{{low},{high}}}"


def reverse(node: Node) -> Node:
    """The pattern that matches the reversed texts."""
    match node:
        case Chain(parts):
            return Chain(tuple(reverse(part) for part in reversed(parts)))
        case Choice(options):
            return Choice(tuple(reverse(option) for option in options))
        case Repeat(part, low, high):
            return Repeat(reverse(part), low, high)
        case Text(value):
            return Text(value[::-1])
        case _:
            return node


def map_letters(node: Node, table: Mapping[int, str]) -> Node:
    """The pattern over texts that went through ``table`` and hold no digits any more."""
    match node:
        case Chars(ranges):
            return Chars(_mapped(ranges, table))
        case Text(value):
            return _mapped_text(value, table)
        case Chain(parts):
            return Chain(tuple(map_letters(part, table) for part in parts))
        case Choice(options):
            return Choice(tuple(map_letters(option, table) for option in options))
        case Repeat(part, low, high):
            return Repeat(map_letters(part, table), low, high)
        case _:
            return node


def squeeze(node: Node) -> Node:
    """The pattern over texts without spaces: spaces and boundaries may be missing."""
    match node:
        case Boundary():
            return Chain(())
        case Chars(ranges) if _only_separators(ranges):
            return Repeat(node, 0, 1)
        case Text(value):
            return _squeezed_text(value)
        case Chain(parts):
            return Chain(tuple(squeeze(part) for part in parts))
        case Choice(options):
            return Choice(tuple(squeeze(option) for option in options))
        case Repeat(part, low, high):
            # With the spaces gone nothing ends a word: without a limit it would run on.
            return Repeat(squeeze(part), low, _WORD_WIDTH if high == ENDLESS else high)
        case _:
            return node


def _mapped_text(value: str, table: Mapping[int, str]) -> Node:
    if any("0" <= char <= "9" for char in value):
        return Chars(())
    return Text(value.translate(table))


def _squeezed_text(value: str) -> Node:
    kept = re.split(r"([^\W_]+)", value)
    return Chain(
        tuple(
            Text(piece) if at % 2 else Repeat(Text(char), 0, 1)
            for at, piece in enumerate(kept)
            for char in ([piece] if at % 2 else piece)
        )
    )


def _is_single(node: Node) -> bool:
    return isinstance(node, Chars) or (isinstance(node, Text) and len(node.value) == 1)


def _escaped(value: str) -> str:
    if value.isascii() and value.isalpha():
        return value  # nearly all of them, and a policy has a hundred thousand letters
    return "".join(
        char if char.isascii() and (char.isalnum() or char == " ") else f"\\x{{{ord(char):X}}}"
        for char in value
    )


def _only_separators(ranges: Ranges) -> bool:
    return all(not chr(p).isalnum() for low, high in ranges for p in range(low, min(high, 127) + 1))


def _mapped(ranges: Ranges, table: Mapping[int, str]) -> Ranges:
    kept = [(max(low, 128), high) for low, high in ranges if high >= 128]
    points = {
        ord(table.get(point, chr(point)))
        for low, high in ranges
        for point in range(low, min(high, 127) + 1)
        if not 0x30 <= point <= 0x39
    }
    return merged([*kept, *((point, point) for point in points)])


def merged(ranges: list[tuple[int, int]]) -> Ranges:
    """Sorted ranges, overlapping and touching ones as one."""
    found: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return tuple(found)


@lru_cache(maxsize=4096)
def _class(ranges: Ranges) -> str:
    if not ranges:
        return r"[^\x{0}-\x{10FFFF}]"
    inside = "".join(
        f"\\x{{{low:X}}}" if low == high else f"\\x{{{low:X}}}-\\x{{{high:X}}}"
        for low, high in ranges
    )
    return inside if len(ranges) == 1 and ranges[0][0] == ranges[0][1] else f"[{inside}]"
