"""Recall: evidence in long histories, the right preference, nothing for unrelated questions.

Everything runs through the code that ships: ``relevance``, ``HistoryIndex``, ``fuse`` and
``Recall`` itself. Rivals (BM25 alone, cosine alone, controls that do not see the question
or the memory) run on the same data in the same run. Constants were not fitted here.
"""

from __future__ import annotations

import random
import time
from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from operator import mul
from typing import Any

from assistant.engine import EmbedderFolder, MemoryClient, default_weights
from assistant.personal.earlier import averaged, fuse, window
from assistant.personal.history_index import HistoryIndex
from assistant.personal.protocols import DIMENSIONS, index_key
from assistant.personal.recall import Recall
from assistant.personal.relevance import Asked, relevance, threshold
from assistant.personal.vectors import SmallIndex, unit_vector
from assistant.personal.words import query_words, subject_stems, without_names
from assistant.vault.records import ItemKind
from scripts.bench_suites._evaluation import figure, lines, percentile, present
from tests.unit.personal.fakes import NOON, FeedbackIn, PreferencesIn, TurnsIn
from tests.unit.personal.fakes import preference as stored
from tests.unit.personal.fakes import turn as past

Row = dict[str, Any]
MIXED = 30
STORED = 40


class Vectors:
    """Texts to vectors through the real memory child, each text once."""

    def __init__(self) -> None:
        self.client = MemoryClient()
        self.client.start(EmbedderFolder(default_weights() / "all-MiniLM-L6-v2"))
        self.client.wait_ready(120.0)
        self._raw: dict[str, bytes] = {}
        self._unit: dict[str, array[float]] = {}

    def learn(self, texts: Iterable[str]) -> None:
        new = [text for text in dict.fromkeys(texts) if text not in self._raw]
        for start in range(0, len(new), 64):
            part = new[start : start + 64]
            self._raw.update(zip(part, self.client.embed(part), strict=True))

    def raw(self, text: str) -> bytes:
        return self._raw[text]

    def cosine(self, one: str, other: str) -> float:
        product: float = sum(map(mul, self.unit(one), self.unit(other)))
        return product

    def unit(self, text: str) -> array[float]:
        if text not in self._unit:
            self._unit[text] = unit_vector(self._raw[text])
        return self._unit[text]


def run(size: str) -> Iterable[Row]:
    """Rows of every set that is there; ``size`` "quick" takes a tenth of each."""
    vectors = Vectors()
    try:
        for suite, needs in (
            (preferences, ("prefeval/preferences.jsonl", "harmless_instructions/prompts.csv",
                           "mt_bench_questions/questions.jsonl")),
            (memories, ("persistbench/beneficial_samples.jsonl", "persistbench/cross_domain.jsonl",
                        "persistbench/sycophancy.jsonl")),
            (evidence, ("locomo10/qa.jsonl", "locomo10/turns.jsonl")),
        ):  # fmt: skip
            missing = present(*needs)
            if missing is not None:
                yield {**missing, "figure": f"{suite.__name__}: evaluation data absent"}
            else:
                yield from suite(vectors, 10 if size == "quick" else 1)
        yield from latency(vectors, 1000 if size == "quick" else 10_000)
    finally:
        vectors.client.stop()


# -- preferences: the right one found, and none for what has nothing to do with any ---------


def preferences(vectors: Vectors, every: int) -> Iterable[Row]:
    rows = lines("prefeval/preferences.jsonl")
    kept = rows[::every]
    everyday = [row["prompt"] for row in lines("harmless_instructions/prompts.csv")][::every]
    bench = [row["turns"][0] for row in lines("mt_bench_questions/questions.jsonl")][::every]
    vectors.learn([r["preference"] for r in rows] + [r["question"] for r in kept])
    vectors.learn(everyday + bench)
    rng = random.Random(7)
    pools = [_pool(rows, row, MIXED, rng) for row in kept]
    yield from _found(vectors, kept, pools)
    everything = [[r["preference"] for r in rows]] * len(kept)
    yield from _found(vectors, kept, everything, "of the whole pool ")
    yield from _gate(vectors, kept, [_pool(rows, row, STORED, rng) for row in kept])
    for name, questions in (("everyday", everyday), ("MT-bench", bench)):
        stores = [[r["preference"] for r in rng.sample(rows, STORED)] for _ in questions]
        silent = [
            float(not any(_passes(vectors, q, p) for p in held))
            for q, held in zip(questions, stores, strict=True)
        ]
        yield figure(f"nothing recalled, {name} questions, {STORED} stored", silent,
                     target=">= 0.95")  # fmt: skip


def _pool(rows: Sequence[Row], right: Row, count: int, rng: random.Random) -> list[str]:
    others = [r["preference"] for r in rows if r["topic"] != right["topic"]]
    return [right["preference"], *rng.sample(others, count - 1)]


def _found(
    vectors: Vectors, rows: Sequence[Row], pools: Sequence[Sequence[str]], of: str = ""
) -> Iterable[Row]:
    rivals = {"ours": _score, "dense alone": _cosine, "words alone": _words}
    for name, score in rivals.items():
        hits = []
        for row, pool in zip(rows, pools, strict=True):
            right = score(vectors, row["question"], row["preference"])
            scores = [score(vectors, row["question"], p) for p in pool]
            # Ties are broken by chance: a rival that gives all the same must not win by it.
            place = sum(s > right for s in scores) + (sum(s == right for s in scores) - 1) / 2
            hits.append(float(place < 5))
        label = of or f"among {MIXED} mixed "
        yield figure(f"preference {label}@5, {name}", hits, rival=name != "ours")


def _gate(vectors: Vectors, rows: Sequence[Row], pools: Sequence[Sequence[str]]) -> Iterable[Row]:
    right, wrong = [], []
    for row, pool in zip(rows, pools, strict=True):
        right.append(float(_passes(vectors, row["question"], row["preference"])))
        wrong.append(float(sum(_passes(vectors, row["question"], p) for p in pool[1:])))
    yield figure("right preference passes the gate", right, target=">= 0.80")
    yield figure("others passing beside it (of 39)", wrong, "memories")
    yield from _controls(vectors, rows)


def _controls(vectors: Vectors, rows: Sequence[Row]) -> Iterable[Row]:
    """How well right pairs stand out when the gate is blinded on one side."""
    rng = random.Random(11)
    others = [rng.choice([r for r in rows if r["topic"] != row["topic"]]) for row in rows]
    pairs = list(zip(rows, others, strict=True))
    blank = "What about it?"
    vectors.learn([blank])
    for name, blind in (("gate", False), ("query-blind control", True)):
        wins = []
        for row, other in pairs:
            question = blank if blind else row["question"]
            right = _score(vectors, question, row["preference"])
            wins.append(_win(right, _score(vectors, question, other["preference"])))
        yield figure(f"AUC right against wrong preference, {name}", wins)


def _win(a: float, b: float) -> float:
    return 1.0 if a > b else 0.5 if a == b else 0.0


def _score(vectors: Vectors, question: str, memory: str) -> float:
    return relevance(Asked.of(question), memory, vectors.cosine(question, memory))


def _passes(vectors: Vectors, question: str, memory: str) -> bool:
    return _score(vectors, question, memory) >= threshold(dense=True)


def _cosine(vectors: Vectors, question: str, memory: str) -> float:
    return vectors.cosine(question, memory)


def _words(_: Vectors, question: str, memory: str) -> float:
    return float(len(subject_stems(memory) & set(Asked.of(question).stems)))


# -- PersistBench: use the right memory, do not leak, do not flatter -------------------------


def memories(vectors: Vectors, every: int) -> Iterable[Row]:
    for name, meaning, target in (
        ("beneficial_samples", "helpful memory used", ">= 0.85"),
        ("cross_domain", "another domain's memory leaks", "<= 0.10"),
        ("sycophancy", "memory reaches a flattery trap", ""),
    ):
        rows = lines(f"persistbench/{name}.jsonl")[::every]
        vectors.learn([row["query"] for row in rows])
        vectors.learn([memory for row in rows for memory in row["memories"]])
        gated, plain, blind = [], [], []
        for row in rows:
            cosines = [vectors.cosine(row["query"], m) for m in row["memories"]]
            gated.append(float(any(_passes(vectors, row["query"], m) for m in row["memories"])))
            plain.append(float(max(cosines) >= PLAIN))
            blind.append(float(any(len(subject_stems(m)) >= LONG for m in row["memories"])))
        yield figure(f"{meaning}, gate", gated, target=target)
        yield figure(f"{meaning}, cosine {PLAIN} alone", plain, rival=True)
        yield figure(f"{meaning}, query-blind control", blind, rival=True)


PLAIN = 0.35
LONG = 8


# -- LoCoMo: evidence in long conversations --------------------------------------------------


def evidence(vectors: Vectors, every: int) -> Iterable[Row]:
    turns = lines("locomo10/turns.jsonl")
    asked = [q for q in lines("locomo10/qa.jsonl") if not q["adversarial"] and q["evidence"]][
        ::every
    ]
    wanted = {q["sample"] for q in asked}
    by_sample: dict[str, list[Row]] = defaultdict(list)
    for each in turns:
        if each["sample"] in wanted:
            by_sample[each["sample"]].append(each)
    recalled: dict[str, dict[int, list[float]]] = defaultdict(lambda: {5: [], 10: []})
    for sample, said in by_sample.items():
        history = _History(vectors, said)
        for q in (q for q in asked if q["sample"] == sample):
            gold = set(q["evidence"]) & set(history.ids)
            for name, ranked in history.ranked(q["question"]).items() if gold else ():
                for k, values in recalled[name].items():
                    values.append(len(gold & set(ranked[:k])) / len(gold))
    for name, at in recalled.items():
        for k, values in at.items():
            target = {5: ">= 0.66", 10: ">= 0.76"}[k] if name == "ours" else ""
            yield figure(f"LoCoMo evidence @{k}, {name}", values, target=target)


class _History:
    """One conversation, indexed as the program does: with its neighbours in the session."""

    def __init__(self, vectors: Vectors, said: Sequence[Row]) -> None:
        self._vectors = vectors
        self.ids = [each["dia_id"] for each in said]
        self._names = tuple({each["speaker"] for each in said})
        self._ours, self._plain = HistoryIndex(), HistoryIndex()
        self._text = {each["dia_id"]: each["text"] for each in said}
        self._window: dict[str, str] = {}
        for place, each in enumerate(said):
            # A gap between sessions: the last turn of one is no neighbour of the next.
            position = place + 10 * each["session"]
            self._ours.put(each["dia_id"], "c", position, each["text"])
            self._plain.put(each["dia_id"], "c", 10 * place, each["text"])
            around = [
                other["text"] if other is not None and other["session"] == each["session"] else ""
                for other in (
                    said[place - 1] if place else None,
                    said[place + 1] if place + 1 < len(said) else None,
                )
            ]
            self._window[each["dia_id"]] = window(around[0], each["text"], around[1])
        vectors.learn([*self._text.values(), *self._window.values()])
        self._both = {
            identity: unit_vector(
                averaged([vectors.raw(text), vectors.raw(self._window[identity])])
            )
            for identity, text in self._text.items()
        }

    def ranked(self, question: str) -> dict[str, list[str]]:
        nameless = without_names(question, self._names)
        self._vectors.learn([question, nameless])
        query = " ".join(query_words(question, names=self._names))
        ours = {f.item_id: f.score for f in self._ours.turns(query, len(self.ids))}
        plain = {f.item_id: f.score for f in self._plain.turns(query, len(self.ids))}
        q = self._vectors.unit(nameless)
        dense = {i: self._vectors.cosine(nameless, t) for i, t in self._text.items()}
        both = {i: float(sum(map(mul, q, v))) for i, v in self._both.items()}
        scores = {"ours": fuse(ours, both), "BM25 alone": plain, "dense alone": dense}
        return {name: sorted(s, key=lambda i: (-s[i], i)) for name, s in scores.items()}


# -- time -----------------------------------------------------------------------------------


def latency(vectors: Vectors, items: int) -> Iterable[Row]:
    """`Recall.find` over ``items`` turns and 200 preferences, embedding included, warm."""
    rng = random.Random(3)
    vocabulary = [f"w{n}ord" for n in range(4000)]
    turns = [past(" ".join(rng.choices(vocabulary, k=20)), identity=f"t{n}") for n in range(items)]
    held = [stored(" ".join(rng.choices(vocabulary, k=8)), f"p{n}") for n in range(200)]
    history, small = HistoryIndex(), SmallIndex()
    noise = [array("f", (rng.gauss(0, 1) for _ in range(DIMENSIONS))).tobytes() for _ in range(500)]
    for number, each in enumerate(turns):
        history.put(each.id, "old", 2 * number, each.question)
    keys = [index_key(ItemKind.TURN, each.id) for each in turns]
    for start in range(0, items, 500):
        vectors.client.index_put(keys[start : start + 500], noise[: len(keys[start : start + 500])])
    wishes = HistoryIndex()
    for number, wish in enumerate(held):
        wishes.put(wish.id, "", 2 * number, wish.text)
        small.put(index_key(ItemKind.PREFERENCE, wish.id), noise[number])
    recall = Recall(
        search=_Searches(history, wishes),
        embedder=vectors.client,
        preferences=PreferencesIn(held),
        feedback=FeedbackIn([]),
        turns=_ById(turns),
        preference_index=small,
        turn_index=_Near(vectors.client),
        now=lambda: NOON,
    )
    taken = []
    for number in range(120):
        question = "How do I " + " ".join(rng.choices(vocabulary, k=6)) + "?"
        start_time = time.perf_counter()
        recall.find(question)
        if number >= 20:
            taken.append(time.perf_counter() - start_time)
    for share in (0.5, 0.95):
        yield {"figure": f"recall p{int(100 * share)} at {items} items, warm",
               "value": round(1000 * percentile(taken, share), 2), "unit": "ms",
               "target": "<= 30" if share > 0.9 else ""}  # fmt: skip


class _Searches:
    def __init__(self, history: HistoryIndex, wishes: HistoryIndex) -> None:
        self.turns, self.preferences = history.turns, wishes.turns


class _ById(TurnsIn):
    def __init__(self, turns: Sequence[Any]) -> None:
        super().__init__(list(turns))
        self._held = {each.id: each for each in turns}

    def many(self, turn_ids: Iterable[str]) -> dict[str, Any]:
        return {i: self._held[i] for i in turn_ids if i in self._held}


class _Near:
    def __init__(self, client: MemoryClient) -> None:
        self._client = client

    def query(self, vector: bytes, k: int) -> Sequence[tuple[str, float]]:
        return self._client.index_query(vector, k)
