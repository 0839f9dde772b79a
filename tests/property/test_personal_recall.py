"""Recall keeps its promises for any questions and memories."""

from __future__ import annotations

import math
import struct
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.personal.affinity import Nearness
from assistant.personal.earlier import fuse
from assistant.personal.placement import beside, line_of
from assistant.personal.preferences import conflicts, read_preference
from assistant.personal.protocols import DIMENSIONS
from assistant.personal.recall import MAX_STYLE, estimate
from assistant.personal.relevance import Asked, relevance, share, threshold
from assistant.personal.vectors import SmallIndex
from assistant.personal.words import query_words, stems
from tests.generators import EMBEDDINGS, NEARNESS, WORDS
from tests.recorded_vectors import RECORDED
from tests.unit.personal.fakes import Stores, preference


@given(st.lists(WORDS, max_size=10, unique=True), WORDS, st.integers(0, 120), st.integers(0, 4))
@settings(max_examples=80, deadline=None)
def test_budget_and_limits_are_never_exceeded(
    texts: list[str], question: str, budget: int, k: int
) -> None:
    stores = Stores([preference(text, f"p{n}") for n, text in enumerate(texts)])
    found = stores.recall().find(question, budget_tokens=budget, k=k)
    lines = [line_of(item) for item in found.items]
    assert sum(estimate(lines)) <= found.tokens <= budget or not lines
    assert all(line in beside(found.items).text for line in lines)
    assert sum(not item.style for item in found.items) <= k
    assert sum(item.style for item in found.items) <= MAX_STYLE
    assert {item.id for item in found.items} == {i.id for i in found.considered if i.passed}
    assert all(0.0 <= item.score <= 1.0 for item in found.considered)


@given(WORDS)
def test_empty_memory_recalls_nothing(question: str) -> None:
    assert Stores().recall().find(question).empty


@given(st.lists(WORDS, max_size=6, unique=True), WORDS)
@settings(max_examples=40, deadline=None)
def test_the_order_of_storing_does_not_matter(texts: list[str], question: str) -> None:
    held = [preference(text, f"p{n}") for n, text in enumerate(texts)]
    there = Stores(held).recall().find(question)
    back = Stores(list(reversed(held))).recall().find(question)
    assert there == back


SCORES = st.dictionaries(st.sampled_from("abcdef"), st.floats(-1, 50), max_size=6)


@given(SCORES, SCORES)
def test_fused_scores_are_bounded_and_complete(
    bm25: dict[str, float], dense: dict[str, float]
) -> None:
    fused = fuse(bm25, dense)
    assert set(fused) == set(bm25) | set(dense)
    assert all(0.0 <= score <= 1.0 for score in fused.values())


@given(st.text(max_size=200), st.text(max_size=200), st.none() | NEARNESS)
def test_a_shown_score_of_any_texts_is_bounded_and_says_whether_it_passed(
    question: str, memory: str, near: Nearness | None
) -> None:
    points, dense = relevance(Asked.of(question), memory, near), near is not None
    shown = share(points, dense=dense)
    assert 0.0 <= shown <= 1.0
    assert (shown >= 0.5) == (points >= threshold(dense=dense))


@given(NEARNESS, st.floats(0, 1))
def test_a_nearer_memory_never_matters_less(near: Nearness, closer: float) -> None:
    asked = Asked.of("What shall I cook?")
    better = replace(near, affinity=near.affinity + closer)
    assert relevance(asked, "I am vegetarian.", better) >= relevance(
        asked, "I am vegetarian.", near
    )


@given(EMBEDDINGS)
@settings(max_examples=20, deadline=None)
def test_nearness_of_any_vectors_is_finite_and_the_cosine_a_cosine(values: list[float]) -> None:
    index = SmallIndex()
    index.put("one", struct.pack(f"<{DIMENSIONS}f", *values))
    found = index.nearness(RECORDED["I am vegetarian."])["one"]
    assert -1.0 <= found.cosine <= 1.0
    assert math.isfinite(found.affinity)
    assert math.isfinite(found.asks)


@given(st.text(max_size=600))
def test_any_text_can_be_read(text: str) -> None:
    read_preference(text)
    stems(text)
    assert all(word == word.lower() for word in query_words(text))


@given(WORDS, WORDS)
def test_a_conflict_is_mutual_and_never_with_itself(one: str, other: str) -> None:
    a, b = preference(one, "a"), preference(other, "b")
    assert conflicts(a, b) == conflicts(b, a)
    assert not conflicts(a, preference(one, "c"))
