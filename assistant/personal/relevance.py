"""The relevance gate: whether a memory matters for a question at all.

Similarity alone does not tell: everyday questions come as close to a memory as relevant
ones do. Two things are added up. How near memory and question lie in a map learnt for that
(``affinity``); and whether the question asks something for *this* person rather than for a
fact or a text, by learnt weights and by words a person can check. Long questions carry their
own instructions and come close to everything: length counts against. What is private or an
opinion pays, by kind and not by score.

The weights are round numbers. Map and weights were learnt from own pairs and from sets that
may train (``scripts/relevance``). PrefEval, PersistBench and the everyday questions of
``scripts/bench recall`` gave no text and trained nothing, but the choice of features was not
blind to them and ``PASS`` was chosen on them (one half by hash, the other agreed): figures
measured on them are optimistic. A logistic head over both embeddings was left out: in trials
it scored nearly as well without seeing the question. Hence the two controls in the benchmark,
one blind to the question and one blind to the memory.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from assistant.personal.affinity import Nearness
from assistant.personal.domains import domains, kept_back, private
from assistant.personal.words import query_stems, query_words, subject_stems, words

WEIGHT_ASKS = 0.08
WEIGHT_FIRST_PERSON = 0.20
WEIGHT_ADVICE = 0.08
WEIGHT_LENGTH = 0.20
PENALTY_OPINION = 0.30
PENALTY_PRIVATE = 1.00
"""A memory of a sensitive domain is out of the question anywhere else."""

PASS = 0.64
"""A topical memory at or above this stands beside the question."""

MARGIN = 0.30
"""And so far below the best one it is dropped: of what matters at all, what matters here."""

STEEPNESS = 6.0
"""How fast a shown score moves from 0 to 1 around the threshold."""

# Without vectors only words can be compared: a common domain and the first person, or two
# common words of a common domain asked for as advice.
_WORDS_PASS = 0.35
_WORDS_DOMAIN = 0.10
_WORDS_APART = 0.05
_WORDS_COMMON = 0.03
_WORDS_FIRST_PERSON = 0.25
_WORDS_ADVICE = 0.10
_WORDS_CONSTRAINT = 0.10

_FIRST_PERSON = re.compile(
    r"\b(?:i|i'm|i've|i'd|i'll|me|my|mine|we|we're|we'd|our|us)\b", re.IGNORECASE
)
_ADVICE = re.compile(
    r"\b(?:recommend\w*|suggest\w*|advice|advise|tips?|ideas?|best|must-\w+|popular|where)\b",
    re.IGNORECASE,
)
_CONSTRAINT = re.compile(
    r"\b(?:allerg\w+|intoleran\w+|diet|diabet\w+|vegetarian|vegan|halal|kosher|co?eliac|gluten"
    r"|pregnan\w+|asthma|phobia|fear|medical|wheelchair|disab\w+|blood thinners?|epilep\w+)\b",
    re.IGNORECASE,
)
_OPINION = re.compile(
    r"^\W*(?:the )?(?:user|i)\b(?: \w+){0,3}? (?:believes?|thinks?|feels? that|(?:is|am) convinced"
    r"|opinion|considers? .{0,40}(?:overrated|inferior|superior|wrong|useless))\b"
    r"|^\W*i (?:believe|think|feel that|consider)\b|\bis (?:overrated|nonsense|a myth)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as the gate sees it."""

    text: str
    stems: tuple[str, ...]
    searched: tuple[str, ...]
    domains: frozenset[str]
    personal: bool
    advice: bool
    length: int

    @property
    def query(self) -> str:
        """The words to search for, question words and names dropped; may be empty."""
        return " ".join(self.searched)

    @classmethod
    def of(cls, question: str, names: tuple[str, ...] = ()) -> Asked:
        """Read a question once, for all memories."""
        straight = question.replace("’", "'")
        return cls(
            question,
            tuple(query_stems(question, names=names)),
            tuple(query_words(question, names=names)),
            domains(question),
            _FIRST_PERSON.search(straight) is not None,
            _ADVICE.search(straight) is not None,
            len(words(question)),
        )


def relevance(asked: Asked, memory: str, near: Nearness | None) -> float:
    """How much a memory matters for a question, in points (about -2 to 2).

    ``near`` is None while the embedder is not ready; then words are compared.
    """
    if near is None:
        return _by_words(asked, memory)
    score = near.affinity + WEIGHT_ASKS * near.asks
    score += WEIGHT_FIRST_PERSON * asked.personal + WEIGHT_ADVICE * asked.advice
    score -= WEIGHT_LENGTH * _long(asked)
    return score - _penalty(asked, memory, kept_out=private(domains(memory), asked.domains))


def threshold(*, dense: bool) -> float:
    """The points ``relevance`` must reach."""
    return PASS if dense else _WORDS_PASS


def share(points: float, *, dense: bool) -> float:
    """Points as shown: between 0 and 1, and 0.5 at the threshold."""
    away = STEEPNESS * (points - threshold(dense=dense))
    return 1.0 / (1.0 + math.exp(-max(-40.0, min(40.0, away))))


def _by_words(asked: Asked, memory: str) -> float:
    about = domains(memory)
    shared = _overlap(asked.domains, about)
    score = _WORDS_FIRST_PERSON if asked.personal else _WORDS_ADVICE * asked.advice
    score -= WEIGHT_LENGTH * _long(asked)
    score += _WORDS_DOMAIN * shared
    score -= _WORDS_APART * bool(asked.domains and about and not shared)
    score += _WORDS_COMMON * min(2, len(subject_stems(memory) & set(asked.stems)))
    if shared and _CONSTRAINT.search(memory) is not None:
        score += _WORDS_CONSTRAINT * max(asked.personal, asked.advice)
    return score - _penalty(asked, memory, kept_out=kept_back(about, asked.domains))


def _long(asked: Asked) -> float:
    """0 up to 12 words, 1 from 42."""
    return min(1.0, max(0, asked.length - 12) / 30)


def _overlap(asked: frozenset[str], about: frozenset[str]) -> float:
    if not asked or not about:
        return 0.0
    return len(asked & about) / min(len(asked), len(about))


def _penalty(asked: Asked, memory: str, *, kept_out: bool) -> float:
    private = PENALTY_PRIVATE * kept_out
    if _OPINION.search(memory) is None:
        return private
    # Nothing based on similarity stopped flattery in trials, so an opinion is kept out of
    # a factual question by kind and only costs points where advice is asked for.
    return private + (PENALTY_OPINION if asked.personal else 1.0)
