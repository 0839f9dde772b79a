"""BM25 over earlier turns, each indexed together with its neighbours.

What a turn is about often stands in the turn before ("the one in Lisbon" … "when?"), so a
turn is indexed with the stems of the previous turn at half weight and of the next at 0.3
(measured on LoCoMo, design.md section 6). FTS5 can weigh neither neighbours nor k1 and b,
hence this index: disposable, in memory, filled from the vault and gone with the lock.
"""

from __future__ import annotations

import math
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable

from assistant.personal.words import query_stems, stems
from assistant.vault.records import Found

K1 = 0.9
B = 0.4
PREVIOUS = 0.5
NEXT = 0.3


class HistoryIndex:
    """A thread-safe index of turns by conversation and position."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._own: dict[str, Counter[str]] = {}
        self._place: dict[str, tuple[str, int]] = {}
        self._at: dict[tuple[str, int], str] = {}
        self._held: dict[str, dict[str, float]] = {}
        self._postings: dict[str, dict[str, float]] = defaultdict(dict)
        self._length: dict[str, float] = {}
        self._total = 0.0

    def put(self, turn_id: str, conversation: str, position: int, text: str) -> None:
        """Add or replace a turn; its neighbours are indexed anew."""
        with self._lock:
            self._drop(turn_id)
            self._own[turn_id] = Counter(stems(text))
            self._place[turn_id] = (conversation, position)
            self._at[conversation, position] = turn_id
            self._index_around(conversation, position)

    def remove(self, turn_ids: Iterable[str]) -> None:
        """Forget turns, out of their neighbours' entries too."""
        with self._lock:
            for turn_id in turn_ids:
                place = self._place.get(turn_id)
                self._drop(turn_id)
                if place is not None:
                    self._index_around(*place)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            for held in (
                self._own, self._place, self._at, self._held, self._postings, self._length
            ):  # fmt: skip
                held.clear()
            self._total = 0.0

    def __len__(self) -> int:
        return len(self._own)

    def turns(self, text: str, limit: int) -> list[Found]:
        """Turns that share stems with ``text``, best first; equal ones by id."""
        wanted = query_stems(text)
        with self._lock:
            scores = self._scores(wanted)
        ranked = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
        return [Found(turn_id, score) for turn_id, score in ranked[:limit]]

    def _scores(self, wanted: list[str]) -> dict[str, float]:
        scores: dict[str, float] = defaultdict(float)
        count = len(self._own)
        mean = self._total / count if count else 1.0
        for word in wanted:
            found = self._postings.get(word, {})
            rarity = math.log(1.0 + (count - len(found) + 0.5) / (len(found) + 0.5))
            for turn_id, weight in found.items():
                norm = K1 * (1.0 - B + B * self._length[turn_id] / mean)
                scores[turn_id] += rarity * weight * (K1 + 1.0) / (weight + norm)
        return scores

    # -- keeping it -----------------------------------------------------------------------

    def _index_around(self, conversation: str, position: int) -> None:
        for near in (position - 1, position, position + 1):
            turn_id = self._at.get((conversation, near))
            if turn_id is not None:
                self._index(turn_id, conversation, near)

    def _index(self, turn_id: str, conversation: str, position: int) -> None:
        self._unindex(turn_id)
        terms: dict[str, float] = defaultdict(float)
        for offset, share in ((0, 1.0), (-1, PREVIOUS), (1, NEXT)):
            near = self._at.get((conversation, position + offset))
            for word, times in self._own.get(near or "", Counter()).items():
                terms[word] += share * times
        self._held[turn_id] = dict(terms)
        self._length[turn_id] = sum(terms.values())
        self._total += self._length[turn_id]
        for word, weight in terms.items():
            self._postings[word][turn_id] = weight

    def _unindex(self, turn_id: str) -> None:
        for word in self._held.pop(turn_id, {}):
            self._postings[word].pop(turn_id, None)
            if not self._postings[word]:
                del self._postings[word]
        self._total -= self._length.pop(turn_id, 0.0)

    def _drop(self, turn_id: str) -> None:
        self._unindex(turn_id)
        self._own.pop(turn_id, None)
        place = self._place.pop(turn_id, None)
        if place is not None and self._at.get(place) == turn_id:
            del self._at[place]
