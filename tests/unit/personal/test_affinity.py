"""The learnt map: which file, what it measures, and what it was learnt for."""

from __future__ import annotations

import hashlib
from importlib.resources import files

import pytest

from assistant.personal.affinity import (
    Nearness,
    asks_for_a_person,
    nearness,
    preference_point,
    question_point,
)
from assistant.personal.relevance import PASS, Asked, relevance, share, threshold
from assistant.personal.vectors import SmallIndex, cosine, unit_vector
from scripts.relevance_texts import as_noted, bare, pairs, traps
from tests.recorded_vectors import RECORDED

DIGEST = "71ba09e95eb1395eaf31f784142a86d2ce1e299a451dbca5c02c36517ecc37d0"
DINNER = "What shall I cook for dinner tonight?"
PYTHON = "How do I sort a list in Python?"
VEGETARIAN = "I am vegetarian."


def near(question: str, memory: str) -> Nearness:
    asked = question_point(unit_vector(RECORDED[question]))
    held = preference_point(unit_vector(RECORDED[memory]))
    return nearness(asked, held, asks_for_a_person(asked))


def test_the_map_is_the_one_that_was_measured() -> None:
    packed = files("assistant.personal").joinpath("affinity.f16").read_bytes()
    assert hashlib.sha256(packed).hexdigest() == DIGEST


def test_the_cosine_told_is_the_cosine_of_the_embeddings() -> None:
    found = near(DINNER, VEGETARIAN).cosine
    assert found == pytest.approx(cosine(RECORDED[DINNER], RECORDED[VEGETARIAN]), abs=1e-4)


def test_a_diet_is_nearer_to_dinner_than_to_a_sorted_list() -> None:
    assert near(DINNER, VEGETARIAN).affinity > near(PYTHON, VEGETARIAN).affinity + 0.3


def test_a_diet_is_nearer_to_dinner_than_anything_else_that_is_known() -> None:
    others = ["I hate flying.", "I avoid credit cards.", "I play the cello.", "I love chess."]
    assert all(
        near(DINNER, VEGETARIAN).affinity > near(DINNER, other).affinity + 0.3 for other in others
    )


def test_a_request_for_advice_asks_for_a_person_and_a_fact_does_not() -> None:
    advice = "I'm planning a week in Lisbon. Where should I stay?"
    fact = "Explain how a bicycle stays upright."
    assert near(advice, VEGETARIAN).asks > 1.0 > -1.0 > near(fact, VEGETARIAN).asks


def test_an_index_tells_the_same_and_follows_what_is_put_and_removed() -> None:
    index = SmallIndex()
    index.put("a", RECORDED[VEGETARIAN])
    assert index.nearness(RECORDED[DINNER]) == {"a": near(DINNER, VEGETARIAN)}
    index.put("a", RECORDED["I hate flying."])
    assert index.nearness(RECORDED[DINNER]) == {"a": near(DINNER, "I hate flying.")}
    index.remove(["a"])
    assert index.nearness(RECORDED[DINNER]) == {}


def test_a_shown_score_is_a_half_exactly_at_the_threshold() -> None:
    assert share(threshold(dense=True), dense=True) == pytest.approx(0.5)
    assert share(threshold(dense=False), dense=False) == pytest.approx(0.5)


def test_a_long_question_with_its_own_instructions_needs_a_nearer_memory() -> None:
    found = near(DINNER, VEGETARIAN)
    long = DINNER + " Mind that everything has been bought already and lies in the fridge." * 4
    assert relevance(Asked.of(DINNER), VEGETARIAN, found) >= PASS
    assert relevance(Asked.of(long), VEGETARIAN, found) < relevance(
        Asked.of(DINNER), VEGETARIAN, found
    )


@pytest.mark.parametrize(
    ("said", "noted", "subject"),
    [
        ("I hate flying.", "The user hates flying.", "flying"),
        ("I am vegetarian.", "The user is vegetarian.", "vegetarian"),
        ("I don't like high heels.", "The user does not like high heels.", "high heels"),
        ("My son is shy.", "The user's son is shy.", "My son is shy"),
    ],
)
def test_a_memory_is_learnt_in_three_wordings(said: str, noted: str, subject: str) -> None:
    assert as_noted(said) == noted
    assert bare(said) == subject


def test_no_text_is_learnt_both_ways() -> None:
    together = {(pair.memory, pair.question) for pair in pairs()}
    assert len(together) == len(pairs()) > 600
    assert not together & {(trap.memory, trap.question) for trap in traps()}
