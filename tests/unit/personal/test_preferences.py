"""Reading preferences in plain words; conflicts, duplicates, expiry."""

from __future__ import annotations

from datetime import timedelta

import pytest

from assistant.personal.preferences import (
    conflicting,
    conflicts,
    duplicates,
    live,
    read_preference,
    same_as,
)
from assistant.personal.styles import Style
from assistant.vault.records import PreferenceSource, PreferenceState, Scope
from tests.unit.personal.fakes import NOON, preference


@pytest.mark.parametrize(
    ("text", "style", "direction"),
    [
        ("keep answers short", Style.LENGTH, -1),
        ("I hate long answers", Style.LENGTH, -1),
        ("Don't give long answers", Style.LENGTH, -1),
        ("I want more detail", Style.LENGTH, 1),
        ("Answer in at most three sentences", Style.LENGTH, -1),
        ("Always use bullet points", Style.STRUCTURE, 1),
        ("I prefer prose over bullet points", Style.STRUCTURE, -1),
        ("I prefer bullet points over prose", Style.STRUCTURE, 1),
        ("I dislike lists", Style.STRUCTURE, -1),
        ("don’t be so formal", Style.FORMALITY, -1),
        ("No emojis please", Style.EMOJI, -1),
        ("avoid jargon", Style.READING_LEVEL, -1),
        ("Explain things as if I were twelve.", Style.READING_LEVEL, -1),
        ("Give no examples", Style.EXAMPLES, -1),
        ("End with a question", Style.QUESTION, 1),
        ("No brackets", Style.BRACKETS, -1),
        ("never hedge", Style.HEDGING, -1),
        ("Call me Sam", Style.ADDRESS, 0),
    ],
)
def test_a_wish_about_style_is_read_with_its_direction(
    text: str, style: Style, direction: int
) -> None:
    assert {w.style: w.direction for w in read_preference(text).wishes}.get(style) == direction


@pytest.mark.parametrize(
    "text",
    ["I am vegetarian.", "I like short films", "I love casual dining", "I hate long meetings",
     "I avoid flights with short layovers", "My trips are usually short"],
)  # fmt: skip
def test_a_topical_preference_is_no_wish_about_style(text: str) -> None:
    reading = read_preference(text)
    assert not reading.is_style
    assert reading.domains


def test_a_condition_is_read_with_its_domain() -> None:
    reading = read_preference("Keep it short when I ask about code")
    assert (reading.condition, reading.domains) == ("code", frozenset({"code"}))


@pytest.mark.parametrize(
    ("text", "days"),
    [("this week I am on a diet", 7), ("for the next two weeks no sugar", 14),
     ("for 3 days I fast", 3), ("today keep it short", 1), ("I am vegetarian", None)],
)  # fmt: skip
def test_a_span_is_read(text: str, days: int | None) -> None:
    span = read_preference(text).expires_after
    assert span == (None if days is None else timedelta(days=days))


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        ("Keep answers short.", "I want more detail.", True),
        ("Use emojis.", "No emojis please.", True),
        ("Use bullet points.", "Write prose.", True),
        ("Keep answers short.", "Use bullet points.", False),
        ("I love horror films.", "I don't like horror films.", True),
        ("I love horror films.", "I don't like musicals.", False),
        ("Keep it short when I ask about code.", "Go in depth when I ask about cooking.", False),
        ("Keep it short when I ask about code.", "I want more detail.", False),
        ("Keep it short when I ask about code.", "In detail when I ask about code.", True),
    ],
)
def test_a_conflict_is_seen_from_both_sides(one: str, other: str, clash: bool) -> None:
    a, b = preference(one, "a"), preference(other, "b")
    assert conflicts(a, b) is clash
    assert conflicts(b, a) is clash
    assert conflicting(a, [a, b]) == (("b",) if clash else ())


def test_an_exception_in_one_chat_is_no_conflict() -> None:
    general = preference("Keep answers short.", "a")
    here = preference("I want more detail.", "b", scope=Scope.CHAT, scope_ref="c1")
    assert not conflicts(general, here)


def test_what_says_the_same_is_found_and_its_opposite_is_not() -> None:
    stated = preference("Keep answers short.", "a")
    learned = preference("Keep the answers short!", "b", source=PreferenceSource.EDIT,
                         updated=NOON + timedelta(days=1))  # fmt: skip
    assert duplicates(stated, learned)
    assert same_as(stated, [stated, learned]) == (learned.id,)
    assert not duplicates(stated, preference("No emojis.", "c"))
    assert not duplicates(preference("I like horror films", "d"),
                          preference("I don't like horror films", "e"))  # fmt: skip


def test_an_expired_or_disabled_preference_is_not_live() -> None:
    assert live(preference("x", expires=NOON), NOON - timedelta(seconds=1))
    assert not live(preference("x", expires=NOON), NOON)
    assert not live(preference("x", state=PreferenceState.DISABLED), NOON)
