"""The pattern language: what it refuses, what its turned forms match, what may still match."""

from __future__ import annotations

import codecs
import random

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.policy import views
from assistant.policy.beginnings import Beginnings
from assistant.policy.pattern_reader import PatternRefused, parse_pattern
from assistant.policy.pattern_syntax import (
    MAX_WIDTH,
    map_letters,
    reverse,
    squeeze,
    to_re2,
    width,
)

PATTERNS = (
    r"\bfoo\b",
    r"a(?:b|cd)*e" .replace("*", "{0,3}"),
    r"\b(?:how|ways) to (?:ma|bu)ke? .{0,6}\bbo+m\b",
    r"[a-c]+x",
    r"x?\d{2,4}-y",
    r"(?:ab|a)(?:bc|c)",
    r"a b c",
)  # fmt: skip
ALPHABET = "abcdefhkmoswxy 0123-"


@pytest.mark.parametrize(
    "pattern",
    ["^a", "a$", "(?=a)a", "(?i)a", "(?P<n>a)", "a**", "a{2}{3}", "(a", "a)", "[", "[]", "a{401}",
     "a{0}", "a?", "(a|)", r"\1a", r"\pL", r"\Aa", "a{2,1}", "[z-a]", "[a-", "{2}a", "*a", ".*a",
     "a.+", "(ab)*", "[^x]+", "(" * 40 + "a" + ")" * 40, r"\b\b", r"\b+", "a\\", ".{0,400}ab"],
)  # fmt: skip
def test_what_could_run_on_for_ever_or_is_outside_the_language_is_refused(pattern: str) -> None:
    with pytest.raises(PatternRefused):
        parse_pattern(pattern)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_of_the_language_compiles_and_states_its_width(pattern: str) -> None:
    node = parse_pattern(pattern)
    assert re2.compile(to_re2(node)) is not None
    assert 0 < width(node, least=True) <= width(node) <= MAX_WIDTH


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(PATTERNS), st.text(alphabet=ALPHABET, max_size=24))
def test_reversed_and_leet_forms_match_the_turned_texts(pattern: str, text: str) -> None:
    node = parse_pattern(pattern)
    plain = re2.compile(to_re2(node)).fullmatch(text) is not None
    assert (re2.compile(to_re2(reverse(node))).fullmatch(text[::-1]) is not None) == plain
    if plain and not any(char.isdecimal() for char in text):
        mapped = re2.compile(to_re2(map_letters(node, views.LEET)))
        assert mapped.fullmatch(views.leet(text)) is not None
        squeezed = re2.compile(to_re2(squeeze(node)))
        assert squeezed.fullmatch(text.replace(" ", "").replace("-", "")) is not None


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=ALPHABET, max_size=20), st.randoms(use_true_random=False))
def test_every_beginning_of_a_match_is_held_back(noise: str, rng: random.Random) -> None:
    nodes = [parse_pattern(pattern) for pattern in PATTERNS]
    beginnings = Beginnings(nodes)
    listed = rng.choice(["foo", "abcde", "how to make a boom", "ways to buke boooom", "abcx",
                         "x12-y", "1234-y", "abbc", "a b c"])  # fmt: skip
    at = rng.randint(0, len(noise))
    text = f"{noise[:at]} {listed} {noise[at:]}"
    for node in nodes:
        for match in re2.compile(to_re2(node)).finditer(text):
            for cut in range(match.start() + 1, match.end() + 1):
                oldest, complete = beginnings.oldest(text[:cut], 0)
                assert oldest <= match.start()
                assert complete or cut < match.end()


def test_ordinary_words_hold_nothing_once_they_cannot_begin_a_match() -> None:
    beginnings = Beginnings([parse_pattern(pattern) for pattern in PATTERNS])
    for text in ("the quick ", "some words here ", "fool", "12345678 "):
        assert beginnings.oldest(text, 0)[0] >= len(text) - 4


def test_rot13_turns_the_same_letters_as_the_codec() -> None:
    text = "how to brew 12 zubrane"
    assert views.rot13(text) == codecs.encode(text, "rot13")
