"""Reading the text of a pattern into its tree; what is outside the language is refused here."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from assistant.policy.canonical import canonical
from assistant.policy.pattern_syntax import (
    ENDLESS,
    MAX_WIDTH,
    Boundary,
    Chain,
    Chars,
    Choice,
    Node,
    Ranges,
    Repeat,
    Text,
    merged,
    width,
)

_TOP: Final = 0x10FFFF


_MAX_NODES: Final = 6000


_SHORTHAND: Final = {
    "d": ((0x30, 0x39),),
    "w": ((0x30, 0x39), (0x5F, 0x5F), (0x61, 0x7A)),
    "s": ((0x20, 0x20),),
}


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
        ranges = merged(found)
        return _complement(ranges) if negated else ranges

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


def _stays_in_word(node: Node) -> bool:
    if isinstance(node, Text):
        return len(node.value) == 1 and node.value != " "
    return isinstance(node, Chars) and all(
        high < 0x2000 and not low <= 0x20 <= high for low, high in node.ranges
    )


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
