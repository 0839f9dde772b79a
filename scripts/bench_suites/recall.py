"""Recall: evidence in long histories, the right preference, nothing for unrelated questions.

Everything runs through the code that ships. Rivals (BM25 alone, cosine alone) and controls
that do not see the question or the memory run on the same data in the same run. Nothing was
trained on these sets; what was chosen on them is said in ``assistant/personal/relevance.py``.

Pieces (--part): preferences, memories, evidence, latency:1000, latency:10000 and
latency:100000 (turns). Each takes up to some minutes; together they are the whole suite.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from scripts.bench_suites._evaluation import Row, present
from scripts.bench_suites._evidence import evidence
from scripts.bench_suites._latency import latency
from scripts.bench_suites._preferences import memories, preferences
from scripts.bench_suites._vectors import Vectors

Suite = Callable[[Vectors, int], Iterable[Row]]

_SUITES: dict[str, tuple[Suite, tuple[str, ...]]] = {
    "preferences": (preferences, ("prefeval/preferences.jsonl", "harmless_instructions/prompts.csv",
                                  "mt_bench_questions/questions.jsonl")),
    "memories": (memories, ("persistbench/beneficial_samples.jsonl",
                            "persistbench/cross_domain.jsonl", "persistbench/sycophancy.jsonl")),
    "evidence": (evidence, ("locomo10/qa.jsonl", "locomo10/turns.jsonl")),
}  # fmt: skip
ITEMS = (1_000, 10_000, 100_000)


def run(size: str, part: str = "") -> Iterable[Row]:
    """Rows of every set that is there, or of one piece; "quick" takes a tenth of each."""
    quick = size == "quick"
    name, _, detail = part.partition(":")
    if name and name != "latency" and name not in _SUITES:
        raise SystemExit(f"There is no piece {part!r}; see scripts/bench_suites/recall.py.")
    chosen = [name] if name in _SUITES else [] if name else list(_SUITES)
    if chosen:
        yield from _sets(chosen, 10 if quick else 1)
    if not name or name == "latency":
        for items in [int(detail)] if detail else ITEMS[:1] if quick else ITEMS:
            yield from latency(items)


def _sets(names: Sequence[str], every: int) -> Iterable[Row]:
    vectors = Vectors()
    try:
        for name in names:
            suite, needs = _SUITES[name]
            missing = present(*needs)
            if missing is not None:
                yield {**missing, "figure": f"{name}: evaluation data absent"}
            else:
                yield from suite(vectors, every)
    finally:
        vectors.client.stop()
