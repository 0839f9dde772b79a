"""Which parts of attached files are about a question."""

from __future__ import annotations

import pytest

from assistant.personal.passages import (
    Passage,
    PassageCache,
    Passages,
    asks_for_the_whole,
    in_context,
    speaks_of_a_file,
    spread,
)
from tests.scripted_model import hashed_vector

TEXTS = {
    "boiler": "The boiler is serviced every May by a plumber.",
    "key": "The spare key hangs behind the green door.",
    "cat": "The cat sleeps on the radiator all winter.",
}
PARTS = [Passage(name, "house", place, text) for place, (name, text) in enumerate(TEXTS.items())]
VECTORS = {name: hashed_vector(text) for name, text in TEXTS.items()}


def passed(question: str, *, dense: bool) -> list[str]:
    vector = hashed_vector(question) if dense else None
    found = Passages(PARTS).weigh(question, vector, VECTORS if dense else {})
    return [each.id for each in found if each.passed]


@pytest.mark.parametrize("dense", [True, False])
def test_a_question_finds_its_part_and_small_talk_finds_none(dense: bool) -> None:
    assert passed("Where is the spare key?", dense=dense)[0] == "key"
    assert passed("Hello, how are things?", dense=dense) == []


def test_a_question_that_names_the_file_takes_the_best_parts_whatever_they_are_about() -> None:
    found = Passages(PARTS).weigh("What does the document say on heating?", None, {})
    assert found == []  # no word in common: nothing to rank
    assert passed("Does the report mention a plumber?", dense=False) == ["boiler", "key", "cat"]


def test_all_of_several_words_pass_a_part_that_lies_far_in_meaning() -> None:
    far = {name: hashed_vector("nothing of the kind") for name in TEXTS}
    found = Passages(PARTS).weigh("winter radiator", hashed_vector("x y z"), far)
    assert [each.id for each in found if each.passed] == ["cat"]


def test_vectors_count_only_when_every_part_has_one() -> None:
    some = {"cat": VECTORS["cat"]}
    with_some = Passages(PARTS).weigh("spare key", hashed_vector("cat"), some)
    assert with_some == Passages(PARTS).weigh("spare key", None, {})


def test_parts_are_ordered_by_score_from_one_down() -> None:
    found = Passages(PARTS).weigh("spare key", hashed_vector("spare key"), VECTORS)
    assert [each.score for each in found] == sorted((e.score for e in found), reverse=True)
    assert found[0].score == 1.0


def test_a_question_too_short_to_search_with_is_searched_with_the_one_before() -> None:
    assert in_context("And why?", "Where is the key?") == "Where is the key?\nAnd why?"
    assert in_context("Where is the cat bowl?", "before") == "Where is the cat bowl?"
    assert in_context("Why?", "") == "Why?"


def test_words_for_files_and_summaries_are_known() -> None:
    assert speaks_of_a_file("What is on page 3?")
    assert not speaks_of_a_file("Where is the cat?")
    assert asks_for_the_whole("Summarise this")
    assert asks_for_the_whole("What is this about?")
    assert not asks_for_the_whole("What is the colour of the door?")


def test_a_spread_goes_from_the_first_to_the_last() -> None:
    ids = [str(number) for number in range(11)]
    assert spread(ids, 3) == ["0", "5", "10"]
    assert spread(ids, 1) == ["0"]
    assert spread(ids, 0) == []
    assert spread(ids[:2], 6) == ["0", "1"]


def test_the_cache_is_made_anew_for_other_parts_and_when_told_to_forget() -> None:
    cache = PassageCache()
    first = cache.of(PARTS)
    assert cache.of(PARTS) is first
    assert cache.of(PARTS[:2]) is not first
    again = cache.of(PARTS)
    cache.clear()
    assert cache.of(PARTS) is not again
