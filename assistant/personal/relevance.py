"""The relevance gate: whether a memory matters for a question at all.

Similarity alone does not tell (everyday questions come as close to a memory as relevant
ones do), so things a person can check are added up: the cosine of the two embeddings,
whether both touch a common domain, whether they share a word of substance, and whether the
question asks something for *this* person rather than for a fact or a rewording. Long
questions carry their own instructions and come close to everything: length counts against.
Constraints (allergies, diets, disabilities) count for more within their domain, because
leaving one out does harm.

The weights are round numbers set by hand and the threshold by the 5 % of unrelated
questions let through, on pairs written for this project (preference_pairs.txt) against
MT-bench and PandaLM instructions (both Apache-2.0, may be trained on). PrefEval,
PersistBench and the everyday questions of ``scripts/bench recall`` gave no text and no fitted
number, but the choice of features was not blind to them: their misses were read, so figures
measured on them are optimistic. A learnt
head over both embeddings was left out: in trials it scored nearly as well without seeing
the question. A logistic fit of the same features did not beat the round numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.personal.domains import domains, kept_back
from assistant.personal.words import query_stems, query_words, subject_stems, words

WEIGHT_DOMAIN = 0.10
WEIGHT_APART = 0.05
WEIGHT_WORD = 0.03
WEIGHT_FIRST_PERSON = 0.25
WEIGHT_ADVICE = 0.10
WEIGHT_CONSTRAINT = 0.10
WEIGHT_LENGTH = 0.20
PENALTY_OPINION = 0.30
PENALTY_PRIVATE = 1.00
"""A memory of a sensitive domain is out of the question anywhere else."""

PASS = 0.54
"""A topical memory at or above this stands beside the question."""

PASS_WITHOUT_VECTORS = 0.35
"""The same when only words can be compared: a common domain and the first person, or two
common words of a common domain asked for as advice."""

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


def relevance(asked: Asked, memory: str, cosine: float | None) -> float:
    """How much a memory matters for a question, between 0 and 1.

    ``cosine`` is None while the embedder is not ready; then ``PASS_WITHOUT_VECTORS`` is
    the threshold to compare with.
    """
    about = domains(memory)
    shared = _overlap(asked.domains, about)
    score = (cosine or 0.0) + _kind_of_question(asked)
    score += WEIGHT_DOMAIN * shared
    score -= WEIGHT_APART * bool(asked.domains and about and not shared)
    score += WEIGHT_WORD * min(2, len(subject_stems(memory) & set(asked.stems)))
    if shared and _CONSTRAINT.search(memory) is not None:
        score += WEIGHT_CONSTRAINT * max(asked.personal, asked.advice)
    score -= _penalty(asked, memory, about)
    return min(1.0, max(0.0, score))


def threshold(*, dense: bool) -> float:
    """What ``relevance`` must reach."""
    return PASS if dense else PASS_WITHOUT_VECTORS


def _kind_of_question(asked: Asked) -> float:
    long = WEIGHT_LENGTH * min(1.0, max(0, asked.length - 12) / 30)
    if asked.personal:
        return WEIGHT_FIRST_PERSON - 0.75 * long
    return WEIGHT_ADVICE * asked.advice - long


def _overlap(asked: frozenset[str], about: frozenset[str]) -> float:
    if not asked or not about:
        return 0.0
    return len(asked & about) / min(len(asked), len(about))


def _penalty(asked: Asked, memory: str, about: frozenset[str]) -> float:
    private = kept_back(about, asked.domains)
    if _OPINION.search(memory) is None:
        return PENALTY_PRIVATE * private
    # Nothing based on similarity stopped flattery in trials, so an opinion is kept out of
    # a factual question by kind and only costs points where advice is asked for.
    return PENALTY_PRIVATE * private + (PENALTY_OPINION if asked.personal else 1.0)
