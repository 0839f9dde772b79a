"""The texts the gate's classifier learns from: enough, different, and never two-faced."""

from __future__ import annotations

import random
import re
from collections import Counter
from functools import cache

import pytest

from scripts.adapter_texts import Text, every_text, sampled
from scripts.adapter_texts.text import each_once


@cache
def _texts() -> tuple[Text, ...]:
    return tuple(every_text(random.Random(1)))


def test_the_same_random_state_gives_the_same_texts_in_the_same_order() -> None:
    assert every_text(random.Random(1)) == list(_texts())
    assert every_text(random.Random(2)) != list(_texts())


@pytest.mark.parametrize(
    ("family", "harmful", "least"),
    [
        ("everyday", False, 6000),
        ("look_alike", False, 3000),
        ("harmful", True, 2500),
        ("self_harm", True, 150),
        ("physical", True, 1200),
        ("physical", False, 1200),
        ("contrast", True, 6000),
        ("contrast", False, 6000),
    ],
)
def test_every_kind_has_enough_texts(family: str, harmful: bool, least: int) -> None:
    found = [t for t in _texts() if t.family.partition(".")[0] == family and t.harmful is harmful]
    assert len(found) >= least


def test_no_text_comes_twice_or_under_both_labels_even_in_other_capitals() -> None:
    counted = Counter(" ".join(text.text.casefold().split()) for text in _texts())
    assert [text for text, times in counted.items() if times > 1] == []


def test_every_text_is_one_short_line_without_an_unfilled_hole() -> None:
    for text in _texts():
        assert 1 < len(text.text) < 400, text
        assert not set(text.text) & set("{}[]|\n"), text


def test_everyday_texts_come_from_over_sixty_topics() -> None:
    topics = {text.family for text in _texts() if text.family.startswith("everyday.")}
    assert len(topics) >= 60


def test_every_contrast_is_asked_harmlessly_and_harmfully_about_as_often() -> None:
    counted = Counter((t.family, t.harmful) for t in _texts() if t.family.startswith("contrast."))
    for family in {family for family, _ in counted}:
        assert 0.5 < counted[family, True] / counted[family, False] < 2.0, family


def test_made_up_requests_are_many_short_lines_and_name_no_harm() -> None:
    made_up = sampled.requests()
    assert len(made_up) >= 1500
    for text in made_up:
        assert 8 < len(text) < 260, text
        assert not re.search(r"\b(bomb|murder|rape|porn|suicide|terrorist)", text.casefold()), text


def test_a_text_called_harmful_and_harmless_is_refused() -> None:
    with pytest.raises(ValueError, match="both"):
        each_once([Text("Burn it.", True, "a"), Text("burn it.", False, "b")])
