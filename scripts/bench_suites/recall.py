"""Recall: evidence in long histories, the right preference, nothing for unrelated questions.

Everything runs through the code that ships. Rivals (BM25 alone, cosine alone) and controls
that do not see the question or the memory run on the same data in the same run. Nothing was
trained on these sets; what was chosen on them is said in ``assistant/personal/relevance.py``.
"""

from __future__ import annotations

from collections.abc import Iterable

from scripts.bench_suites._evaluation import Row, present
from scripts.bench_suites._evidence import evidence
from scripts.bench_suites._latency import latency
from scripts.bench_suites._preferences import memories, preferences
from scripts.bench_suites._vectors import Vectors

_SUITES = (
    (preferences, ("prefeval/preferences.jsonl", "harmless_instructions/prompts.csv",
                   "mt_bench_questions/questions.jsonl")),
    (memories, ("persistbench/beneficial_samples.jsonl", "persistbench/cross_domain.jsonl",
                "persistbench/sycophancy.jsonl")),
    (evidence, ("locomo10/qa.jsonl", "locomo10/turns.jsonl")),
)  # fmt: skip


def run(size: str) -> Iterable[Row]:
    """Rows of every set that is there; ``size`` "quick" takes a tenth of each."""
    quick = size == "quick"
    vectors = Vectors()
    try:
        for suite, needs in _SUITES:
            missing = present(*needs)
            if missing is not None:
                yield {**missing, "figure": f"{suite.__name__}: evaluation data absent"}
            else:
                yield from suite(vectors, 10 if quick else 1)
    finally:
        vectors.client.stop()
    for items in (1_000,) if quick else (1_000, 10_000, 100_000):
        yield from latency(items)
