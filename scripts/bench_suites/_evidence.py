"""LoCoMo: evidence in long conversations, beside BM25 alone and dense alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from operator import mul

from assistant.personal.earlier import averaged, fuse, standing, windows
from assistant.personal.history_index import HistoryIndex, lend
from assistant.personal.recall import SEARCHED
from assistant.personal.relevance import Asked
from assistant.personal.vectors import unit_vector
from assistant.personal.words import query_words, without_names
from assistant.vault.records import Found
from scripts.bench_suites._evaluation import Row, figure, lines
from scripts.bench_suites._vectors import Vectors


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
        self._around: dict[str, list[str]] = {}
        self._near: list[tuple[str, str, int]] = []
        # A gap between sessions: the last turn of one is no neighbour of the next.
        positions = [place + 10 * each["session"] for place, each in enumerate(said)]
        texts = dict(zip(positions, (each["text"] for each in said), strict=True))
        for place, (position, each) in enumerate(zip(positions, said, strict=True)):
            self._ours.put(each["dia_id"], "c", position, each["text"])
            self._plain.put(each["dia_id"], "c", 10 * place, each["text"])
            self._around[each["dia_id"]] = windows(texts, position)
            self._near += [
                (each["dia_id"], said[place + off]["dia_id"], off)
                for off in (-2, -1, 1, 2)
                if positions[place] + off in texts and 0 <= place + off < len(said)
            ]
        vectors.learn([*self._text.values(), *(w for ws in self._around.values() for w in ws)])
        self._both = {
            identity: unit_vector(
                averaged([vectors.raw(t) for t in (text, *self._around[identity])])
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
        asked = Asked.of(question, self._names)
        best = {i: standing(asked, self._text[i], s) for i, s in fuse(ours, both).items()}
        found = [Found(i, s) for i, s in sorted(plain.items(), key=lambda f: -f[1])[:SEARCHED]]
        lent = {f.item_id: f.score for f in lend(found, self._near, SEARCHED)}
        beyond = {i: standing(asked, self._text[i], s) for i, s in fuse(lent, both).items()}
        alone = {i: standing(asked, self._text[i], s) for i, s in fuse(plain, both).items()}
        scores = {
            "ours": best, "ours beyond 20,000 turns": beyond,
            "beyond 20,000 turns, neighbours' words left out": alone,
            "BM25 alone": plain, "dense alone": dense,
        }  # fmt: skip
        return {name: sorted(s, key=lambda i: (-s[i], i)) for name, s in scores.items()}
