"""How far back a match could begin that the next characters may complete.

RE2 says whether a pattern matches; it does not say whether one still may. This automaton
does: the patterns' own (Thompson) with its sets of states worked out when first met (a lazy
DFA), one thread for every place a match may have begun at. Threads in the same state have the
same future, so only the older is kept, and in ordinary prose nearly all die at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from assistant.policy.pattern_syntax import (
    ENDLESS,
    Boundary,
    Chain,
    Chars,
    Choice,
    Node,
    Ranges,
    Repeat,
    Text,
)

_MAX_STATES: Final = 20_000
_DEAD: Final = -1
_MATCH: Final = 0
_WORD: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


class Beginnings:
    """What could still become a match of one of the patterns."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        # Per state: a character, ranges, or nothing (an edge that consumes nothing); and where
        # it leads. ``_bounds`` are the states that need a word boundary to be passed.
        self._tests: list[str | Ranges | None] = [None]
        self._next: list[tuple[int, ...]] = [()]
        self._bounds: set[int] = set()
        entries = tuple(self._build(node, _MATCH) for node in nodes)
        self._closures: dict[int, frozenset[int]] = {}
        self._starts = frozenset(state for entry in entries for state in self._closure(entry))
        self._forget()

    def oldest(self, text: str, context: int) -> tuple[int, bool]:
        """Where in ``text[context:]`` the oldest such beginning is, the length without one;
        and whether anything in it came as far as a match, word boundary at its end or not."""
        if len(self._sets) > _MAX_STATES:
            self._forget()
        complete = False
        threads: list[tuple[int, int]] = []
        before = context > 0 and text[context - 1] in _WORD
        for at in range(context, len(text)):
            char = text[at]
            moved: dict[int, int] = {}
            threads.append((at, self._start[before]))
            for begun, state in threads:
                after = self._edges[state].get(char)
                if after is None:
                    after = self._step(state, char)
                if after != _DEAD and after not in moved:
                    moved[after] = begun
                    complete = complete or self._complete[after]
            threads = [(begun, state) for state, begun in moved.items()]
            before = char in _WORD
        return (threads[0][0] if threads else len(text)), complete

    def _forget(self) -> None:
        self._known: dict[tuple[frozenset[int], bool], int] = {}
        self._sets: list[tuple[frozenset[int], bool]] = []
        self._edges: list[dict[str, int]] = []
        self._complete: list[bool] = []
        self._start = (self._state(self._starts, word=False), self._state(self._starts, word=True))

    def _state(self, members: frozenset[int], *, word: bool) -> int:
        key = (members, word)
        if key not in self._known:
            self._known[key] = len(self._sets)
            self._sets.append(key)
            self._edges.append({})
            self._complete.append(any(self._completes(member) for member in members))
        return self._known[key]

    def _step(self, state: int, char: str) -> int:
        members, before = self._sets[state]
        word = char in _WORD
        reached: set[int] = set()
        waiting, seen = list(members), set(members)
        while waiting:
            member = waiting.pop()
            if member in self._bounds:
                if before != word:
                    further = self._after(member) - seen
                    seen |= further
                    waiting.extend(further)
            elif _accepts(self._tests[member], char):
                reached |= self._after(member)
        after = self._state(frozenset(reached), word=word) if reached else _DEAD
        self._edges[state][char] = after
        return after

    def _completes(self, member: int) -> bool:
        return member == _MATCH or (member in self._bounds and _MATCH in self._after(member))

    def _after(self, member: int) -> frozenset[int]:
        return frozenset(s for entry in self._next[member] for s in self._closure(entry))

    def _closure(self, entry: int) -> frozenset[int]:
        if entry not in self._closures:
            waiting, seen, found = [entry], {entry}, set()
            while waiting:
                state = waiting.pop()
                if state == _MATCH or state in self._bounds or self._tests[state] is not None:
                    found.add(state)
                    continue
                for further in self._next[state]:
                    if further not in seen:
                        seen.add(further)
                        waiting.append(further)
            self._closures[entry] = frozenset(found)
        return self._closures[entry]

    def _add(self, test: str | Ranges | None, *after: int) -> int:
        self._tests.append(test)
        self._next.append(after)
        return len(self._tests) - 1

    def _build(self, node: Node, after: int) -> int:
        match node:
            case Chars(ranges):
                return self._add(ranges, after)
            case Text(value):
                for char in reversed(value):
                    after = self._add(char, after)
                return after
            case Boundary():
                state = self._add(None, after)
                self._bounds.add(state)
                return state
            case Chain(parts):
                for part in reversed(parts):
                    after = self._build(part, after)
                return after
            case Choice(options):
                return self._add(None, *(self._build(option, after) for option in options))
            case Repeat():
                return self._repeat(node, after)

    def _repeat(self, node: Repeat, after: int) -> int:
        entry = after
        if node.most == ENDLESS:
            entry = self._add(None, after)
            body = self._build(node.part, entry)
            self._next[entry] = (body, after)
        else:
            for _ in range(node.most - node.least):
                entry = self._add(None, self._build(node.part, entry), after)
        for _ in range(node.least):
            entry = self._build(node.part, entry)
        return entry


def _accepts(test: str | Ranges | None, char: str) -> bool:
    if isinstance(test, str):
        return test == char
    if test is None:
        return False
    point = ord(char)
    return any(low <= point <= high for low, high in test)
