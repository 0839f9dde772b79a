"""Which parts of attached files matter for a question.

The recall of earlier turns over the parts of files: BM25 in which a part counts with its
neighbours, cosines of the embeddings, half and half (``earlier.fuse``). The person chose
these files, so for a question sent with them the best parts stand beside it in any case;
for a later question a part must pass a gate, so that small talk does not bring a report.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from assistant.personal.earlier import fuse
from assistant.personal.history_index import HistoryIndex
from assistant.personal.vectors import cosine
from assistant.personal.words import query_stems, stems

RELATED = 0.25
"""Cosine from which a part is about what is asked: 16 of 20 questions written for three of
this project's texts reach it in some part, none of 20 everyday questions does in any of
the three (the highest is 0.22). The threshold was chosen on these figures."""

COVERED = 0.5
"""Share of the question's words that a part must hold while there are no vectors."""

SAID = 2
"""So many of the question's words, and all of them, pass a part whatever its cosine."""

_SPEAKS_OF_A_FILE = re.compile(
    r"\b(?:files?|documents?|attach\w*|pdfs?|pages?|chapters?|sections?|paragraphs?|paper|report"
    r"|text|article|letter|contract|code|script)\b",
    re.IGNORECASE,
)
_WHOLE = re.compile(
    r"\b(?:summar\w+|overview|key (?:points|facts)|main (?:points|ideas?)|tl;?dr|gist|outline"
    r"|what (?:is|are) (?:this|it|these|they|the (?:file|document|text|paper|pdf)s?)\b)",
    re.IGNORECASE,
)
_SEARCHED = 200


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a file: ``place`` counts the parts of one file from 0."""

    id: str
    file: str
    place: int
    text: str


@dataclass(frozen=True, slots=True)
class Weighed:
    """A part with its score (0 to 1) and whether it is about what was asked."""

    id: str
    score: float
    passed: bool


class Passages:
    """The parts of a conversation's files, ready to be searched; held in memory."""

    def __init__(self, passages: Iterable[Passage]) -> None:
        self._index = HistoryIndex()
        self._stems: dict[str, frozenset[str]] = {}
        for passage in passages:
            self._index.put(passage.id, passage.file, passage.place, passage.text)
            self._stems[passage.id] = frozenset(stems(passage.text))

    def weigh(
        self, question: str, vector: bytes | None, vectors: Mapping[str, bytes]
    ) -> list[Weighed]:
        """Parts that may matter, best first; equal ones by id.

        ``vectors`` are used when every part has one: otherwise those that have one already
        would win by that alone.
        """
        bm25 = {found.item_id: found.score for found in self._index.turns(question, _SEARCHED)}
        dense: dict[str, float] = {}
        if vector is not None and self._stems.keys() <= vectors.keys():
            dense = {part: cosine(vector, vectors[part]) for part in self._stems}
        asked = frozenset(query_stems(question))
        named = speaks_of_a_file(question)
        scores = fuse(bm25, dense)
        found = [
            Weighed(part, score, named or self._passes(part, asked, dense))
            for part, score in scores.items()
        ]
        return sorted(found, key=lambda part: (-part.score, part.id))

    def _passes(self, part: str, asked: frozenset[str], dense: Mapping[str, float]) -> bool:
        shared = len(asked & self._stems[part])
        if dense:
            return dense[part] >= RELATED or shared == len(asked) >= SAID
        return bool(asked) and shared >= COVERED * len(asked)


class PassageCache:
    """The parts searched last, kept ready for the next question. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: tuple[tuple[str, ...], Passages] | None = None

    def of(self, passages: Sequence[Passage]) -> Passages:
        """These parts ready to be searched: the last ones, where they are the same."""
        key = tuple(passage.id for passage in passages)
        with self._lock:
            if self._held is None or self._held[0] != key:
                self._held = (key, Passages(passages))
            return self._held[1]

    def clear(self) -> None:
        """Forget them."""
        with self._lock:
            self._held = None


def speaks_of_a_file(question: str) -> bool:
    """Whether it names a file, document, page or the like."""
    return _SPEAKS_OF_A_FILE.search(question) is not None


def asks_for_the_whole(question: str) -> bool:
    """Whether it asks for a summary or the like, which no single part answers."""
    return _WHOLE.search(question) is not None


def in_context(question: str, earlier: str) -> str:
    """The question to search with: "And why?" is searched together with the one before."""
    if len(query_stems(question)) >= 2 or not earlier:
        return question
    return f"{earlier}\n{question}"


def spread(ids: Sequence[str], wanted: int) -> list[str]:
    """So many of them, evenly from the first to the last, in order."""
    if wanted >= len(ids):
        return list(ids)
    if wanted <= 1:
        return list(ids[:wanted])
    places = sorted({round(n * (len(ids) - 1) / (wanted - 1)) for n in range(wanted)})
    return list(itemgetter(*places)(ids))
