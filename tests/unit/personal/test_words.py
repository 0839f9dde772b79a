"""Words, stems, domains and what is forgotten of them."""

from __future__ import annotations

import pytest

from assistant.personal.domains import domains, kept_back
from assistant.personal.preferences import read_preference
from assistant.personal.remembered import forget_texts
from assistant.personal.words import query_words, stem, stems, subject_stems


@pytest.mark.parametrize(
    ("one", "other"),
    [("film", "films"), ("story", "stories"), ("planned", "plan"), ("cooking", "cooked"),
     ("recipe", "recipes"), ("dress", "dresses"), ("exploring", "explores")],
)  # fmt: skip
def test_inflected_forms_share_a_stem(one: str, other: str) -> None:
    assert stem(one) == stem(other)


@pytest.mark.parametrize(
    ("one", "other"), [("bus", "bu"), ("sing", "s"), ("thing", "th"), ("this", "thi")]
)
def test_different_words_do_not(one: str, other: str) -> None:
    assert stem(one) != stem(other)


def test_a_query_keeps_what_it_is_about() -> None:
    assert query_words("What would you recommend I cook for Anna’s dinner?", names=["Anna"]) == [
        "cook",
        "dinner",
    ]


def test_a_preference_is_compared_by_its_subject() -> None:
    assert subject_stems("I strongly dislike horror films.") == set(stems("horror films"))


@pytest.mark.parametrize(
    ("text", "domain"),
    [("What shall I cook tonight?", "food"), ("I am vegetarian.", "food"),
     ("write a bash loop", "code"), ("Which film is good?", "film"), ("I hate flying.", "travel")],
)  # fmt: skip
def test_everyday_words_name_their_domain(text: str, domain: str) -> None:
    assert domain in domains(text)


def test_a_text_without_such_words_has_no_domain() -> None:
    assert domains("Hm, well.") == frozenset()


@pytest.mark.parametrize(
    ("memory", "question", "back"),
    [
        ("After sex we eat ramen.", "What shall I cook?", True),
        ("I have a severe nut allergy.", "What local dishes should I try?", False),
        ("I have a severe nut allergy.", "Write a Python function for me.", True),
        ("I am Jewish and eat no pork.", "What shall I cook?", False),
        ("I love spicy food.", "Write a Python function for me.", False),
    ],
)
def test_what_is_private_is_kept_back_elsewhere(memory: str, question: str, back: bool) -> None:
    assert kept_back(domains(memory), domains(question)) is back


def test_forgetting_empties_every_cache_of_texts() -> None:
    read_preference("Keep answers short, my secret.")
    domains("cook my secret")
    subject_stems("my secret")
    forget_texts()
    for cached in (read_preference, domains, subject_stems, stem):
        assert cached.cache_info().currsize == 0
