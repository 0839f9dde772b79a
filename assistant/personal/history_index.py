"""BM25 over earlier turns, each found by its neighbours' words too.

What a turn is about often stands in the turn before ("the one in Lisbon" … "when?"), so the
words of the previous turn count for a turn at half weight, of the next at 0.3, and of those
one further off at half of that; rare words count a little more than in plain BM25 (measured
on LoCoMo, design.md section 6). FTS5 can weigh none of this, hence this index: disposable,
in memory, filled from the vault and gone with the lock. A word costs five bytes for each
turn it is in; what neighbours lend is added up when it is asked for.
"""

from __future__ import annotations

import heapq
import math
import threading
from array import array
from collections import Counter
from collections.abc import Iterable

from assistant.personal.words import query_stems, stems
from assistant.vault.records import Found

K1 = 0.9
B = 0.4
RARITY = 1.3
LENT = {-1: 0.5, -2: 0.25, 1: 0.3, 2: 0.15}
"""What a turn so many places away lends of its words."""

COMMON = 500
"""A word in more turns than this finds no new ones once rarer words have found ``ENOUGH``;
it still orders them. Without that, common words cost most of the time and decide nothing."""
ENOUGH = 200

_MOST = 255


class _Postings:
    """In which turns a word is, and how often."""

    __slots__ = ("times", "turns")

    def __init__(self) -> None:
        self.turns, self.times = array("L"), array("B")

    def add(self, turn: int, times: int) -> None:
        self.turns.append(turn)
        self.times.append(min(_MOST, times))

    def drop(self, gone: set[int]) -> None:
        kept = [(t, n) for t, n in zip(self.turns, self.times, strict=True) if t not in gone]
        self.turns = array("L", (t for t, _ in kept))
        self.times = array("B", (n for _, n in kept))


class HistoryIndex:
    """A thread-safe index of turns by conversation and position."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._number: dict[str, int] = {}
        self._id: dict[int, str] = {}
        self._place: dict[int, tuple[str, int]] = {}
        self._at: dict[tuple[str, int], int] = {}
        self._own: dict[int, int] = {}
        self._postings: dict[str, _Postings] = {}
        self._next = 0
        self._total = 0.0

    def put(self, turn_id: str, conversation: str, position: int, text: str) -> None:
        """Add or replace a turn."""
        said = Counter(stems(text))
        with self._lock:
            if turn_id in self._number:
                self._drop({self._number[turn_id]})
            number, self._next = self._next, self._next + 1
            self._number[turn_id], self._id[number] = number, turn_id
            self._place[number] = conversation, position
            self._at[conversation, position] = number
            self._own[number] = said.total()
            self._total += said.total()
            for word, times in said.items():
                self._postings.setdefault(word, _Postings()).add(number, times)

    def remove(self, turn_ids: Iterable[str]) -> None:
        """Forget turns and every word of theirs that no other turn has."""
        with self._lock:
            self._drop({self._number[t] for t in turn_ids if t in self._number})

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            for held in (
                self._number, self._id, self._place, self._at, self._own, self._postings
            ):  # fmt: skip
                held.clear()
            self._total = 0.0

    def __len__(self) -> int:
        return len(self._number)

    def turns(self, text: str, limit: int) -> list[Found]:
        """Turns that share stems with ``text``, best first; equal ones by id."""
        wanted = query_stems(text)
        with self._lock:
            scores = self._scores(wanted)
            named = [(-score, self._id[turn]) for turn, score in scores.items()]
        return [Found(turn_id, -score) for score, turn_id in heapq.nsmallest(limit, named)]

    def _scores(self, wanted: list[str]) -> dict[int, float]:
        held = [self._postings[word] for word in wanted if word in self._postings]
        scores: dict[int, float] = {}
        lengths: dict[int, float] = {}
        mean = (1.0 + sum(LENT.values())) * self._total / max(1, len(self._own))
        for postings in sorted(held, key=lambda p: len(p.turns)):
            known = scores if len(postings.turns) > COMMON and len(scores) >= ENOUGH else None
            rarity = self._rarity(len(postings.turns))
            for turn, weight in self._weights(postings, known).items():
                if turn not in lengths:
                    lengths[turn] = K1 * (1.0 - B + B * self._length(turn) / (mean or 1.0))
                gained = rarity * weight * (K1 + 1.0) / (weight + lengths[turn])
                scores[turn] = scores.get(turn, 0.0) + gained
        return scores

    def _rarity(self, turns: int) -> float:
        plain = math.log(1.0 + (len(self._own) - turns + 0.5) / (turns + 0.5))
        return float(plain**RARITY)

    def _weights(self, postings: _Postings, known: dict[int, float] | None) -> dict[int, float]:
        """How often a word counts for each turn, or for each of those ``known`` already."""
        own = dict(zip(postings.turns, postings.times, strict=True))
        weights: dict[int, float] = {}
        if known is not None:
            for turn in known:
                weight = own.get(turn, 0) + sum(
                    share * own.get(other, 0) for other, share in self._around(turn, 1)
                )
                if weight:
                    weights[turn] = weight
            return weights
        for turn, times in own.items():
            weights[turn] = weights.get(turn, 0.0) + times
            for other, share in self._around(turn, -1):
                weights[other] = weights.get(other, 0.0) + share * times
        return weights

    def _around(self, turn: int, side: int) -> list[tuple[int, float]]:
        """The turns that lend to this one (``side`` 1), or that it lends to (-1)."""
        conversation, position = self._place[turn]
        return [
            (other, share)
            for offset, share in LENT.items()
            if (other := self._at.get((conversation, position + side * offset))) is not None
        ]

    def _length(self, turn: int) -> float:
        lent = sum(share * self._own[other] for other, share in self._around(turn, 1))
        return self._own[turn] + lent

    def _drop(self, gone: set[int]) -> None:
        for number in gone:
            del self._number[self._id.pop(number)]
            place = self._place.pop(number)
            if self._at.get(place) == number:
                del self._at[place]
            self._total -= self._own.pop(number)
        for word, postings in list(self._postings.items()) if gone else ():
            if not gone.isdisjoint(postings.turns):
                postings.drop(gone)
            if not postings.turns:
                del self._postings[word]
