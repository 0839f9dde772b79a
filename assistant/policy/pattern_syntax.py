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

from assistant.policy.canonical import canonical

MAX_WIDTH: Final = 400
ENDLESS: Final = 1000
"""Stands for "as often as there are such characters"; RE2's own limit for a count."""
_WORD_WIDTH: Final = 12  # what a run inside one word counts as in the width of a pattern
_TOP: Final = 0x10FFFF
_MAX_NODES: Final = 6000
_SHORTHAND: Final = {
    "d": ((0x30, 0x39),),
    "w": ((0x30, 0x39), (0x5F, 0x5F), (0x61, 0x7A)),
    "s": ((0x20, 0x20),),
}

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


class PatternRefused(ValueError):
    """A pattern outside the language; the message says what and at which character."""


@lru_cache(maxsize=4096)
def parse_pattern(text: str) -> Node:
    """The tree of ``text``; :class:`PatternRefused` if it is not in the language."""
    reader = _Reader(text)
    node = reader.choice()
    if reader.at < len(text):
        raise reader.refuse("a closing bracket without its opening one")
    if width(node, least=True) == 0:
        raise PatternRefused("the pattern can match nothing at all")
    if width(node) > MAX_WIDTH:
        raise PatternRefused(f"the pattern can match more than {MAX_WIDTH} characters")
    return node


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
    return "".join(
        char if char.isascii() and (char.isalnum() or char == " ") else f"\\x{{{ord(char):X}}}"
        for char in value
    )


def _stays_in_word(node: Node) -> bool:
    if isinstance(node, Text):
        return len(node.value) == 1 and node.value != " "
    return isinstance(node, Chars) and all(
        high < 0x2000 and not low <= 0x20 <= high for low, high in node.ranges
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
    return _merged([*kept, *((point, point) for point in points)])


def _merged(ranges: list[tuple[int, int]]) -> Ranges:
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


class _Reader:
    """A recursive-descent reader; depth is bounded by the pattern's own length limit."""

    _MAX_DEPTH = 30

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self._depth = 0
        self._nodes = 0

    def refuse(self, why: str) -> PatternRefused:
        return PatternRefused(f"{why} (character {self.at + 1} of the pattern)")

    def choice(self) -> Node:
        options = [self._chain()]
        while self._peek() == "|":
            self.at += 1
            options.append(self._chain())
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _chain(self) -> Node:
        parts: list[Node] = []
        while self.at < len(self.text) and self._peek() not in "|)":
            parts.append(self._repeated())
        return Chain(_joined(parts))

    def _repeated(self) -> Node:
        self._nodes += 1
        if self._nodes > _MAX_NODES:
            raise self.refuse("too long a pattern")
        part = self._single()
        mark = self._peek()
        if mark not in tuple("?*+{"):
            return part
        if isinstance(part, Boundary):
            raise self.refuse("a boundary cannot repeat")
        least, most = self._counts(mark)
        if most == ENDLESS and not _stays_in_word(part):
            raise self.refuse(f"{mark} may only repeat characters of one word, such as \\w")
        if self._peek() in tuple("?*+{"):
            raise self.refuse("two repetitions in a row")
        return Repeat(part, least, most)

    def _counts(self, mark: str) -> tuple[int, int]:
        self.at += 1
        if mark != "{":
            return (1 if mark == "+" else 0), (1 if mark == "?" else ENDLESS)
        end = self.text.find("}", self.at)
        low, comma, high = self.text[self.at : max(end, self.at)].partition(",")
        high = high if comma else low
        if end < 0 or not (low.isdecimal() and high.isdecimal()):
            raise self.refuse("a repetition is written {2} or {2,5}")
        least, most = int(low), int(high)
        if not least <= most <= MAX_WIDTH or most == 0:
            raise self.refuse(f"a repetition runs from 0 to at most {MAX_WIDTH}")
        self.at = end + 1
        return least, most

    def _single(self) -> Node:
        mark = self._take()
        if mark == "(":
            return self._group()
        if mark == "[":
            return Chars(self._set())
        if mark == ".":
            return Chars(((0, _TOP),))
        if mark == "\\":
            return self._escape()
        if mark in "^$*+?{}":
            raise self.refuse(f"{mark} is not part of the pattern language here")
        return _literal(mark)

    def _group(self) -> Node:
        if self.text.startswith("?:", self.at):
            self.at += 2
        elif self._peek() == "?":
            raise self.refuse("only plain and (?:…) groups are allowed")
        self._depth += 1
        if self._depth > self._MAX_DEPTH:
            raise self.refuse("too many brackets inside each other")
        node = self.choice()
        self._depth -= 1
        if self._take() != ")":
            raise self.refuse("a bracket is not closed")
        return node

    def _escape(self) -> Node:
        mark = self._take()
        if mark == "b":
            return Boundary()
        if mark in _SHORTHAND:
            return Chars(_SHORTHAND[mark])
        if mark.isalnum():
            raise self.refuse(f"\\{mark} is not part of the pattern language")
        return _literal(mark)

    def _set(self) -> Ranges:
        negated = self._peek() == "^"
        self.at += negated
        found: list[tuple[int, int]] = []
        while self._peek() != "]":
            found.extend(self._set_item())
        self.at += 1
        if not found:
            raise self.refuse("an empty class")
        merged = _merged(found)
        return _complement(merged) if negated else merged

    def _set_item(self) -> list[tuple[int, int]]:
        low = self._take()
        if low == "\\":
            low = self._take()
            if low in _SHORTHAND:
                return list(_SHORTHAND[low])
            if low.isalnum():
                raise self.refuse(f"\\{low} is not allowed in a class")
        if self._peek() != "-" or self.text[self.at + 1 : self.at + 2] in ("]", ""):
            return _folded(ord(low), ord(low))
        self.at += 1
        high = self._take()
        if high == "\\" or ord(high) < ord(low):
            raise self.refuse("a range in a class runs upwards between two characters")
        return _folded(ord(low), ord(high))

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _take(self) -> str:
        mark = self._peek()
        if not mark:
            raise self.refuse("the pattern ends too early")
        self.at += 1
        return mark


@lru_cache(maxsize=1024)
def _literal(char: str) -> Node:
    return Text(canonical(char) or char)


def _joined(parts: list[Node]) -> tuple[Node, ...]:
    """Neighbouring literals as one: a tree a tenth of the size."""
    found: list[Node] = []
    for part in parts:
        if found and isinstance(part, Text) and isinstance(found[-1], Text):
            found[-1] = Text(found[-1].value + part.value)
        else:
            found.append(part)
    return tuple(found)


def _folded(low: int, high: int) -> list[tuple[int, int]]:
    if high - low > 512:
        return [(low, high)]
    found = [canonical(chr(point)) or chr(point) for point in range(low, high + 1)]
    return [(ord(part), ord(part)) for part in found if len(part) == 1]


def _complement(ranges: Ranges) -> Ranges:
    found: list[tuple[int, int]] = []
    start = 0
    for low, high in ranges:
        if start < low:
            found.append((start, low - 1))
        start = high + 1
    if start <= _TOP:
        found.append((start, _TOP))
    return tuple(found)
