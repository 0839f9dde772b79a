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
from collections.abc import Iterable, Sequence

from assistant.personal.words import query_stems, stems
from assistant.vault.records import Found

K1 = 0.9
B = 0.4
RARITY = 1.3
LENT = (0.25, 0.5, 0.3, 0.15)
"""What the turns two and one before and one and two after lend of their words."""

COMMON = 200
"""A word in more turns than this only orders the ``ENOUGH`` best that rarer words have found,
where they have. Without that, common words cost most of the time and decide nothing."""
ENOUGH = 300

_MOST = 255
_PLACES = (-2, -1, 1, 2)
_NOBODY = -1


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
        self._near: dict[int, tuple[int, int, int, int]] = {}
        self._own: dict[int, int] = {}
        self._length: dict[int, float] = {}
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
            self._link(conversation, position)
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
                self._number, self._id, self._place, self._at, self._near, self._own,
                self._length, self._postings,
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
        mean = (1.0 + sum(LENT)) * self._total / max(1, len(self._own)) or 1.0
        for postings in sorted(held, key=lambda p: len(p.turns)):
            common = len(postings.turns) > COMMON and len(scores) >= ENOUGH
            if common and len(scores) > ENOUGH:
                scores = dict(heapq.nlargest(ENOUGH, scores.items(), key=_best))
            weights = self._borrowed(postings, scores) if common else self._lent(postings)
            rarity = self._rarity(len(postings.turns)) * (K1 + 1.0)
            for turn, weight in weights.items():
                norm = K1 * (1.0 - B + B * self._length[turn] / mean)
                scores[turn] = scores.get(turn, 0.0) + rarity * weight / (weight + norm)
        return scores

    def _rarity(self, turns: int) -> float:
        plain = math.log(1.0 + (len(self._own) - turns + 0.5) / (turns + 0.5))
        return float(plain**RARITY)

    def _lent(self, postings: _Postings) -> dict[int, float]:
        """How often a word counts for every turn it is in or near."""
        weights: dict[int, float] = dict(zip(postings.turns, postings.times, strict=True))
        for turn, times in zip(postings.turns, postings.times, strict=True):
            # A turn is the previous one of the next, and so on: the shares turn round.
            for other, share in zip(self._near[turn], reversed(LENT), strict=True):
                if other != _NOBODY:
                    weights[other] = weights.get(other, 0.0) + share * times
        return weights

    def _borrowed(self, postings: _Postings, known: Iterable[int]) -> dict[int, float]:
        """How often a word counts for each of these turns."""
        own = dict(zip(postings.turns, postings.times, strict=True)).get
        two, one, next_one, next_two = LENT
        weights = {}
        for turn in known:
            a, b, c, d = self._near[turn]
            lent = two * own(a, 0) + one * own(b, 0) + next_one * own(c, 0) + next_two * own(d, 0)
            weight = own(turn, 0) + lent
            if weight:
                weights[turn] = weight
        return weights

    def _link(self, conversation: str, position: int) -> None:
        """Note anew who stands around this place, and how long they are together."""
        for place in range(position - 2, position + 3):
            turn = self._at.get((conversation, place))
            if turn is None:
                continue
            a, b, c, d = (self._at.get((conversation, place + off), _NOBODY) for off in _PLACES)
            self._near[turn] = a, b, c, d
            lent = zip((a, b, c, d), LENT, strict=True)
            self._length[turn] = self._own[turn] + sum(n * self._own.get(o, 0) for o, n in lent)

    def _drop(self, gone: set[int]) -> None:
        places: list[tuple[str, int]] = []
        for number in gone:
            del self._number[self._id.pop(number)]
            self._total -= self._own.pop(number)
            del self._near[number], self._length[number]
            place = self._place.pop(number)
            if self._at.get(place) == number:
                del self._at[place]
            places.append(place)
        for place in places:
            self._link(*place)
        for word, postings in list(self._postings.items()) if gone else ():
            if not gone.isdisjoint(postings.turns):
                postings.drop(gone)
            if not postings.turns:
                del self._postings[word]


def lend(found: Sequence[Found], near: Iterable[tuple[str, str, int]], limit: int) -> list[Found]:
    """Hits of another index with what each lends the turns around it, best first.

    For a history too long to be indexed here: words found by themselves count for their
    neighbours afterwards, in the same shares. ``near`` are a found turn, another of its
    conversation and how many places that one stands after it (-2 to 2).
    """
    own = {hit.item_id: hit.score for hit in found}
    scores = dict(own)
    for turn, other, places in near:
        if own.get(turn, 0.0) > 0.0 and -places in _PLACES:
            share = LENT[_PLACES.index(-places)]
            scores[other] = scores.get(other, 0.0) + share * own[turn]
    best = sorted(scores.items(), key=lambda item: -item[1])  # equal ones as they came
    return [Found(turn, score) for turn, score in best[:limit]]


def _best(item: tuple[int, float]) -> tuple[float, int]:
    return item[1], -item[0]
