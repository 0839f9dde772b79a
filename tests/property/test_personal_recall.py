"""Recall keeps its promises for any questions and memories."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.personal.earlier import fuse
from assistant.personal.placement import beside, line_of
from assistant.personal.preferences import conflicts, read_preference
from assistant.personal.recall import MAX_STYLE, estimate
from assistant.personal.relevance import Asked, relevance
from assistant.personal.words import query_words, stems
from tests.generators import WORDS
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


@given(st.text(max_size=200), st.text(max_size=200), st.none() | st.floats(-1, 1))
def test_relevance_of_any_texts_is_bounded(
    question: str, memory: str, cosine: float | None
) -> None:
    assert 0.0 <= relevance(Asked.of(question), memory, cosine) <= 1.0


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
