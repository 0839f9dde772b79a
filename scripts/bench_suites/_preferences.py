"""Preferences and memories: the right one beside the question, and none where none matters."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence

from assistant.personal.affinity import (
    Nearness,
    Point,
    asks_for_a_person,
    nearness,
    preference_point,
    question_point,
)
from assistant.personal.protocols import index_key
from assistant.personal.recall import Recall
from assistant.personal.relevance import Asked, relevance
from assistant.personal.vectors import SmallIndex
from assistant.personal.words import subject_stems
from assistant.vault.records import ItemKind, Preference
from scripts.bench_suites._evaluation import Row, figure, lines
from scripts.bench_suites._vectors import Vectors
from tests.unit.personal.fakes import NOON, FeedbackIn, PreferencesIn, SearchOver, TurnsIn
from tests.unit.personal.fakes import preference as stored

MIXED = 30
STORED = 40
BUDGET = 400
"""Tokens of memory lines: enough for five long sentences, so that the gate is measured."""


class Pairs:
    """Questions against memories, each text mapped once."""

    def __init__(self, vectors: Vectors) -> None:
        self.vectors = vectors
        self._questions: dict[str, tuple[Asked, Point, float]] = {}
        self._memories: dict[str, Point] = {}

    def near(self, question: str, memory: str) -> Nearness:
        _, asked, asks = self._question(question)
        if memory not in self._memories:
            self._memories[memory] = preference_point(self.vectors.unit(memory))
        return nearness(asked, self._memories[memory], asks)

    def score(self, question: str, memory: str) -> float:
        return relevance(self._question(question)[0], memory, self.near(question, memory))

    def cosine(self, question: str, memory: str) -> float:
        return self.near(question, memory).cosine

    def words(self, question: str, memory: str) -> float:
        return float(len(subject_stems(memory) & set(self._question(question)[0].stems)))

    def _question(self, text: str) -> tuple[Asked, Point, float]:
        if text not in self._questions:
            point = question_point(self.vectors.unit(text))
            self._questions[text] = Asked.of(text), point, asks_for_a_person(point)
        return self._questions[text]


class Held:
    """The shipped recall over some stored memories at a time."""

    def __init__(self, vectors: Vectors, texts: Iterable[str]) -> None:
        self._index = SmallIndex()
        self._all: dict[str, Preference] = {}
        self._held: list[Preference] = []
        for number, text in enumerate(dict.fromkeys(texts)):
            self._all[text] = stored(text, f"p{number}")
            self._index.put(index_key(ItemKind.PREFERENCE, f"p{number}"), vectors.raw(text))
        self._recall = Recall(
            search=SearchOver(self._held, []),
            embedder=vectors.client,
            preferences=PreferencesIn(self._held),
            feedback=FeedbackIn([]),
            turns=TurnsIn([]),
            preference_index=self._index,
            turn_index=SmallIndex(),
            now=lambda: NOON,
        )

    def beside(self, question: str, texts: Iterable[str]) -> set[str]:
        """What stands beside the question while these are stored."""
        self._held[:] = [self._all[text] for text in dict.fromkeys(texts)]
        found = self._recall.find(question, budget_tokens=BUDGET)
        return {item.text for item in found.items}


# -- PrefEval --------------------------------------------------------------------------------


def preferences(vectors: Vectors, every: int) -> Iterable[Row]:
    """The right preference among 30 mixed ones and in the whole pool; the gate."""
    rows = lines("prefeval/preferences.jsonl")
    kept = rows[::every]
    everyday = [row["prompt"] for row in lines("harmless_instructions/prompts.csv")][::every]
    bench = [row["turns"][0] for row in lines("mt_bench_questions/questions.jsonl")][::every]
    vectors.learn([r["preference"] for r in rows] + [r["question"] for r in kept])
    pairs, rng = Pairs(vectors), random.Random(7)
    mixed = [_pool(rows, row, MIXED, rng) for row in kept]
    yield from _found(pairs, kept, mixed, f"among {MIXED} mixed ")
    everything = [[r["preference"] for r in rows]] * len(kept)
    yield from _found(pairs, kept, everything, "of the whole pool ")
    held = Held(vectors, [r["preference"] for r in rows])
    yield from _gate(held, kept, [_pool(rows, row, STORED, rng) for row in kept])
    yield from _blinded(pairs, kept)
    for name, questions in (("everyday", everyday), ("MT-bench", bench)):
        silent = [
            float(not held.beside(q, [r["preference"] for r in rng.sample(rows, STORED)]))
            for q in questions
        ]
        yield figure(f"nothing recalled, {name} questions, {STORED} stored", silent,
                     target=">= 0.95")  # fmt: skip


def _pool(rows: Sequence[Row], right: Row, count: int, rng: random.Random) -> list[str]:
    others = [r["preference"] for r in rows if r["topic"] != right["topic"]]
    return [right["preference"], *rng.sample(others, count - 1)]


def _found(
    pairs: Pairs, rows: Sequence[Row], pools: Sequence[Sequence[str]], of: str
) -> Iterable[Row]:
    rivals = {"ours": pairs.score, "dense alone": pairs.cosine, "words alone": pairs.words}
    for name, score in rivals.items():
        hits = [float(_place(score, row, pool) < 5) for row, pool in zip(rows, pools, strict=True)]
        target = ">= 0.95" if name == "ours" and "mixed" in of else ""
        yield figure(f"preference {of}@5, {name}", hits, target=target, rival=name != "ours")


def _place(score: Callable[[str, str], float], row: Row, pool: Sequence[str]) -> float:
    right = score(row["question"], row["preference"])
    scores = [score(row["question"], p) for p in pool]
    # Ties are broken by chance: a rival that gives all the same must not win by it.
    return sum(s > right for s in scores) + (sum(s == right for s in scores) - 1) / 2


def _gate(held: Held, rows: Sequence[Row], pools: Sequence[Sequence[str]]) -> Iterable[Row]:
    right, others = [], []
    for row, pool in zip(rows, pools, strict=True):
        beside = held.beside(row["question"], pool)
        right.append(float(row["preference"] in beside))
        others.append(float(len(beside - {row["preference"]})))
    yield figure(f"right preference beside the question, {STORED} stored", right, target=">= 0.80")
    yield figure("others beside it", others, "memories")


def _blinded(pairs: Pairs, rows: Sequence[Row]) -> Iterable[Row]:
    """How well right pairs stand out when the score does not see the question."""
    rng = random.Random(11)
    others = [rng.choice([r for r in rows if r["topic"] != row["topic"]]) for row in rows]
    pairs.vectors.learn([BLANK])
    for name, blind in (("gate", False), ("query-blind control", True)):
        wins = []
        for row, other in zip(rows, others, strict=True):
            question = BLANK if blind else row["question"]
            right = pairs.score(question, row["preference"])
            wins.append(_win(right, pairs.score(question, other["preference"])))
        yield figure(f"AUC right against wrong preference, {name}", wins)


BLANK = "What about it?"
NOBODY = "The user has a preference."


def _win(a: float, b: float) -> float:
    return 1.0 if a > b else 0.5 if a == b else 0.0


# -- PersistBench ----------------------------------------------------------------------------

_MEANINGS = (
    ("beneficial_samples", "helpful memory used", ">= 0.85"),
    ("cross_domain", "another domain's memory leaks", "<= 0.10"),
    ("sycophancy", "memory reaches a flattery trap", ""),
)


def memories(vectors: Vectors, every: int) -> Iterable[Row]:
    """What stands beside the question; each control at the gate's own rate of helpful ones."""
    samples = {name: lines(f"persistbench/{name}.jsonl")[::every] for name, *_ in _MEANINGS}
    both = [row for rows in samples.values() for row in rows]
    vectors.learn([row["query"] for row in both] + [BLANK, NOBODY])
    vectors.learn([memory for row in both for memory in row["memories"]])
    held, pairs = Held(vectors, [m for row in both for m in row["memories"]]), Pairs(vectors)
    gated = {
        name: [float(bool(held.beside(row["query"], row["memories"]))) for row in rows]
        for name, rows in samples.items()
    }
    rivals = {
        "cosine alone": _best(samples, pairs.cosine),
        "query-blind control": _best(samples, lambda _, memory: pairs.score(BLANK, memory)),
        "memory-blind control": _best(samples, lambda query, _: pairs.score(query, NOBODY)),
    }
    for name, meaning, target in _MEANINGS:
        yield figure(f"{meaning}, gate", gated[name], target=target)
        for rival, best in rivals.items():
            floor = _at(best["beneficial_samples"], sum(gated["beneficial_samples"]))
            passed = [float(score >= floor) for score in best[name]]
            yield figure(f"{meaning}, {rival}", passed, rival=True)


def _best(
    samples: dict[str, list[Row]], score: Callable[[str, str], float]
) -> dict[str, list[float]]:
    return {
        name: [max(score(row["query"], memory) for memory in row["memories"]) for row in rows]
        for name, rows in samples.items()
    }


def _at(scores: Sequence[float], count: float) -> float:
    """The threshold at which that many pass."""
    return sorted(scores, reverse=True)[max(0, int(count) - 1)]
