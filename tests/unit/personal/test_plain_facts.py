"""Whether a question asks for one plain fact: then general wishes about style stay out."""

from __future__ import annotations

import pytest

from assistant.personal.considered import STOOD_BACK
from assistant.personal.dimensions import ENDS, Dimension
from assistant.personal.plain_facts import MAX_CHARS, asks_for_a_fact
from assistant.personal.profile import build_profile, instructions
from assistant.vault.records import ProfileValue, Scope
from tests.unit.personal.fakes import Stores, preference


@pytest.mark.parametrize(
    "question",
    ["Who wrote Hamlet?", "who was the first woman in space", "When did the war end?",
     "Where is Timbuktu?", "Which planet is the largest?", "On which continent is Chad?",
     "How many legs does an ant have?", "At how many degrees does iron melt?",
     "What year was the telephone invented?", "What is the capital of Peru?",
     "What's the opposite of tall?", "What is the longest river in Africa?",
     "What is Japan's currency?", "What is a young goat called?", "What is glass made of?",
     "What does NATO stand for?", "What is 12 times 12?", "Name the capital of Chile.",
     "Please tell me which metal is liquid at room temperature.",
     "Do you know how old the Earth is?"],
)  # fmt: skip
def test_what_asks_for_a_name_a_place_a_date_or_a_number_is_a_plain_fact(question: str) -> None:
    assert asks_for_a_fact(question)


@pytest.mark.parametrize(
    "question",
    ["What is inflation?", "What is a glacier?", "Who is Ada Lovelace?", "Why is the sky blue?",
     "How do I poach an egg?", "How does a battery work?", "Tell me about Rome.",
     "What does a judge do?", "What makes a good friend?", "What is the best way to learn?",
     "What is the meaning of life?", "Which is better, tea or coffee?",
     "Which laptop should I buy?", "Where can I buy good shoes?", "When is my appointment?",
     "Explain who wrote Hamlet and why.", "What is the difference between a frog and a toad?",
     "Who wrote Hamlet? Tell it as a story.", "Write a poem on the capital of France.",
     "What are the most effective strategies for saving?", "", "   ",
     "What is the capital of " + "x" * MAX_CHARS, "What is the capital " + "of a city " * 9],
)  # fmt: skip
def test_what_asks_to_explain_advise_or_tell_is_none_and_in_doubt_nothing_is(question: str) -> None:
    assert not asks_for_a_fact(question)


GENERAL = preference("Use emojis in your answers.")
FACT = "Which planet is the largest in the solar system?"


def _reasons(stores: Stores, question: str, *, spare: bool, **where: str) -> dict[str, str]:
    found = stores.recall().find(question, spare_facts=spare, **where)  # type: ignore[arg-type]
    return {item.text: item.reason for item in found.considered}


def test_a_general_wish_about_style_stays_out_of_a_plain_fact_and_it_is_said() -> None:
    stores = Stores([GENERAL])
    assert _reasons(stores, FACT, spare=True) == {GENERAL.text: "fact"}
    assert "fact" in STOOD_BACK
    assert _reasons(stores, FACT, spare=False) == {GENERAL.text: ""}
    assert _reasons(stores, "How do planets form?", spare=True) == {GENERAL.text: ""}


@pytest.mark.parametrize(
    ("text", "reason"),
    [("Keep your answers short.", ""), ("Use simple words.", ""), ("Answer in short lists.", ""),
     ("Use a formal tone.", "fact"), ("Give long answers.", "fact"),
     ("Keep your answers short and use a formal tone.", "fact"), ("Give examples.", "fact")],
)  # fmt: skip
def test_what_suits_a_fact_stays_beside_it_and_what_costs_right_answers_does_not(
    text: str, reason: str
) -> None:
    assert _reasons(Stores([preference(text)]), FACT, spare=True) == {text: reason}


def test_of_the_profile_only_what_suits_a_fact_is_said_beside_one() -> None:
    sliders = [ProfileValue(name, value, locked=False) for name, value in
               (("length", -0.8), ("formality", 0.8), ("emoji", 0.8))]  # fmt: skip
    profile = build_profile([], sliders)
    assert len(instructions(profile)) == 3
    assert instructions(profile, of_a_fact=True) == (ENDS[Dimension.LENGTH].ask_low,)


@pytest.mark.parametrize(
    ("wish", "where"),
    [(preference("Use emojis.", scope=Scope.TOPIC, scope_ref="planets"), {}),
     (preference("Use emojis when I ask about planets."), {}),
     (preference("Use emojis.", scope=Scope.CHAT, scope_ref="c1"), {"conversation": "c1"}),
     (preference("Use emojis.", scope=Scope.PROJECT, scope_ref="sky"), {"project": "sky"}),
     (preference("Answer in German."), {}),
     (preference("Call me Ada."), {})],
)  # fmt: skip
def test_a_wish_said_for_the_occasion_or_of_no_form_still_acts(
    wish: object, where: dict[str, str]
) -> None:
    stores = Stores([wish])  # type: ignore[list-item]
    assert list(_reasons(stores, FACT, spare=True, **where).values()) == [""]


def test_a_preference_about_the_subject_still_reaches_a_plain_fact() -> None:
    about = preference("I am vegetarian.", scope=Scope.TOPIC, scope_ref="Peru")
    stores = Stores([about, GENERAL])
    question = "Which dishes are typical of Peru?"
    assert asks_for_a_fact(question)
    found = stores.recall().find(question, spare_facts=True)
    assert [item.text for item in found.items] == ["I am vegetarian."]
