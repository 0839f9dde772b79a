"""Recall: what stands beside a question, and what must not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from assistant.personal.affinity import Nearness
from assistant.personal.earlier import standing, tells
from assistant.personal.recall import estimate, used
from assistant.personal.relevance import MARGIN, Asked
from assistant.personal.words import without_names
from assistant.vault.records import FeedbackKind, PreferenceState, Scope
from tests.unit.personal.fakes import NOON, Stores, act, preference, turn

FORTY = [
    "I am vegetarian.", "I can't stand coriander.", "I don't drink alcohol.",
    "I am allergic to peanuts.", "I only eat halal meat.", "I avoid microwave meals.",
    "I hate flying.", "I get seasick on a cruise.", "I prefer hostels to hotels.",
    "I travel with my dog.", "I dislike crowded beaches.", "I avoid airports at night.",
    "I prefer trains to buses.", "I have a bad knee.", "I don't like gyms.",
    "I run three times a week.", "I practise yoga every morning.", "I sleep badly.",
    "I don't take risks with my savings.", "I avoid credit cards.", "I am self-employed.",
    "I buy second-hand clothes.", "I dislike leather shoes.", "I prefer wired headphones.",
    "I want devices that can be repaired.", "I like minimalist rooms.", "I have two cats.",
    "I clean with vinegar.", "I don't like horror films.", "I dislike musicals.",
    "I only read non-fiction books.", "I listen to jazz.", "I play the cello.",
    "I love chess.", "I work from home.", "I dislike long meetings.",
    "I manage a team of nurses.", "I avoid calls with clients.", "My son is afraid of dogs.",
    "We celebrate Hanukkah with the children.",
]  # fmt: skip


def texts(found: object) -> list[str]:
    return [item.text for item in found.items]  # type: ignore[attr-defined]


@pytest.mark.parametrize("ready", [True, False])
@pytest.mark.parametrize(
    "question",
    ["Write a bash loop that counts to ten.", "What is the capital of France?",
     "Who wrote Hamlet?", "Translate 'good morning' into Latin.", "2 + 2?"],
)  # fmt: skip
def test_with_forty_preferences_an_unrelated_question_gets_none(ready: bool, question: str) -> None:
    stores = Stores([preference(text) for text in FORTY])
    stores.embedder.ready = ready
    assert texts(stores.recall().find(question)) == []


@pytest.mark.parametrize("ready", [True, False])
def test_with_forty_preferences_a_related_question_gets_its_own(ready: bool) -> None:
    stores = Stores([preference(text) for text in FORTY])
    stores.embedder.ready = ready
    assert "I don't like horror films." in texts(
        stores.recall().find("Which films should I watch tonight?")
    )


def test_a_topical_preference_does_not_surface_for_a_bash_loop() -> None:
    stores = Stores([preference("I am vegetarian.")])
    found = stores.recall().find("write a bash loop")
    assert found.empty
    assert [item.reason for item in found.considered] == ["unrelated"]


def test_a_wish_about_style_applies_to_every_question() -> None:
    stores = Stores([preference("Keep answers short.")])
    for question in ("write a bash loop", "What shall I cook?", "Why is the sky blue?"):
        assert texts(stores.recall().find(question)) == ["Keep answers short."]


def test_what_applies_by_its_scope_never_looks_irrelevant() -> None:
    wish, elsewhere = preference("Answer in short lists."), preference("Be formal in e-mails.")
    found = Stores([wish, elsewhere]).recall().find("Why do cats purr?")
    scores = {item.text: item.score for item in found.considered}
    assert scores[wish.text] >= 0.5 > scores[elsewhere.text]


def test_a_condition_limits_a_wish_about_style() -> None:
    stores = Stores([preference("Keep it short when I ask about code.")])
    assert not stores.recall().find("Write a Python function.").empty
    assert stores.recall().find("What shall I cook for dinner?").empty


def test_a_topic_limits_a_preference() -> None:
    stores = Stores([preference("Keep it short.", scope=Scope.TOPIC, scope_ref="cooking")])
    assert not stores.recall().find("Give me a recipe for soup.").empty
    assert stores.recall().find("Write a Python function.").empty


def test_a_chat_preference_stays_in_its_chat() -> None:
    stores = Stores([preference("Call me Sam.", scope=Scope.CHAT, scope_ref="c1")])
    assert not stores.recall().find("Hello there", conversation="c1").empty
    assert stores.recall().find("Hello there", conversation="c2").empty
    assert stores.recall().find("Hello there").empty


def test_a_project_preference_stays_in_its_project() -> None:
    stores = Stores([preference("Be formal.", scope=Scope.PROJECT, scope_ref="thesis")])
    assert not stores.recall().find("Hello there", project="thesis").empty
    assert stores.recall().find("Hello there").empty


@pytest.mark.parametrize("state", [s for s in PreferenceState if s is not PreferenceState.ACTIVE])
def test_only_an_active_preference_is_recalled(state: PreferenceState) -> None:
    stores = Stores([preference("Keep answers short.", state=state)])
    assert stores.recall().find("Why is the sky blue?").empty


def test_an_expired_preference_is_not_recalled() -> None:
    stores = Stores([preference("Keep answers short.", expires=NOON + timedelta(minutes=1))])
    assert stores.recall(now=NOON + timedelta(minutes=2)).find("Why?  Because?").empty
    assert not stores.recall(now=NOON).find("Why is the sky blue?").empty


def test_of_two_contradicting_wishes_the_later_holds() -> None:
    older = preference("Keep answers short.", "a")
    newer = preference("I want detailed answers.", "b", updated=NOON + timedelta(minutes=1))
    found = Stores([older, newer]).recall().find("Why is the sky blue?")
    assert texts(found) == ["I want detailed answers."]
    assert {i.reason for i in found.considered if not i.passed} == {"contradicted"}


def test_the_same_wish_said_twice_is_placed_once() -> None:
    held = [preference("Keep answers short.", "a"), preference("Keep the answers short!", "b")]
    found = Stores(held).recall().find("Why is the sky blue?")
    assert len(found.items) == 1
    assert [i.reason for i in found.considered if not i.passed] == ["repeats"]


def test_a_budget_of_nothing_places_nothing() -> None:
    found = Stores([preference("Keep answers short.")]).recall().find("Why?", budget_tokens=0)
    assert found.empty
    assert [item.reason for item in found.considered] == ["budget"]


def test_the_model_counts_the_budget_where_it_can() -> None:
    held = [preference("Keep answers short."), preference("No emojis."), preference("Be formal.")]

    def ten_each(lines: list[str]) -> list[int]:
        return [9 for _ in lines]

    found = Stores(held).recall().find("Why is the sky blue?", budget_tokens=25, count=ten_each)
    assert (len(found.items), found.tokens) == (2, 20)


def test_an_empty_question_asks_nobody() -> None:
    stores = Stores([preference("Keep answers short.")])
    assert stores.recall().find("  \n").empty
    assert stores.embedder.asked == 0


def test_the_embedder_not_ready_leaves_full_text_search() -> None:
    stores = Stores([preference("I don't like horror films.")])
    stores.embedder.ready = False
    found = stores.recall().find("Which horror films should I watch?")
    assert texts(found) == ["I don't like horror films."]
    assert not found.dense
    assert found.items[0].bm25 > 0.0
    assert found.items[0].dense == 0.0


def test_what_the_user_said_earlier_is_recalled_in_their_own_words_only() -> None:
    past = turn("My daughter is called Emma.", "Emma is a lovely name, from Germanic ermen.")
    found = Stores(past=[past]).recall().find("How is my daughter called?")
    assert texts(found) == ["My daughter is called Emma."]


def test_the_running_conversation_is_not_recalled_into_itself() -> None:
    stores = Stores(past=[turn("My daughter is called Emma.", chat="now")])
    assert stores.recall().find("How is my daughter called?", conversation="now").empty


@pytest.mark.parametrize(
    ("kind", "value", "role"),
    [(FeedbackKind.UP, "", "example"), (FeedbackKind.EDIT, "Simmer it.", "example"),
     (FeedbackKind.DOWN, "", "avoid"), (FeedbackKind.SCORE, "90", "example"),
     (FeedbackKind.SCORE, "10", "avoid"), (FeedbackKind.NOTE, "too long", "note")],
)  # fmt: skip
def test_a_rated_answer_returns_for_the_same_question(
    kind: FeedbackKind, value: str, role: str
) -> None:
    past = turn("How do I cook lentil soup?", "Boil lentils for twenty minutes.")
    found = (
        Stores(past=[past], said=[act(kind, past, value)])
        .recall()
        .find("How do I cook lentil soup?")
    )
    assert role in [item.role.value for item in found.items if item.role]


def test_an_undone_rating_teaches_nothing() -> None:
    past = turn("How do I cook lentil soup?", "Boil lentils.")
    said = [replace(act(FeedbackKind.UP, past), undone=True)]
    found = Stores(past=[past], said=said).recall().find("How do I cook lentil soup?")
    assert [item.kind.value for item in found.items] == []


def test_a_private_memory_is_kept_out_of_another_domain() -> None:
    held = [preference("My partner and I eat spicy ramen after sex.")]
    assert Stores(held).recall().find("What can I eat against heartburn?").empty


def test_an_opinion_is_kept_out_of_a_factual_question() -> None:
    held = [preference("I believe daily stand-up meetings are useless.")]
    found = Stores(held).recall().find("How are daily stand-up meetings run?")
    assert found.empty


def test_what_is_recorded_holds_no_text() -> None:
    found = Stores([preference("Keep answers short.", "p1")]).recall().find("Why is it so?")
    assert [(kind.value, identity) for kind, identity, _ in used(found)] == [("preference", "p1")]


def test_tokens_are_estimated_from_above() -> None:
    text = "Keep answers short and use plain words."
    assert estimate([text])[0] >= len(text.split())


def test_given_names_are_dropped_from_what_is_embedded() -> None:
    assert without_names("When did Anna's son visit Tom?", ("Anna", "Tom")) == "When did son visit"
    assert without_names("When did Anna visit?", ()) == "When did Anna visit?"


def test_an_allergy_reaches_the_question_about_dinner() -> None:
    held = [preference("I have a severe nut allergy.")]
    found = Stores(held).recall().find("I am in Bangkok. Which local dishes should I eat?")
    assert texts(found) == ["I have a severe nut allergy."]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("My name is Ada.", True),
        ("I moved to Lisbon last year", True),
        ("Hello. I'm a nurse. What helps against tired feet?", True),
        ("Suggest a dinner recipe", False),
        ("What should I eat tonight?", False),
        ("How do I cook lentil soup?", False),
        ("", False),
    ],
)
def test_only_what_tells_something_about_its_author_is_worth_remembering(
    said: str, told: bool
) -> None:
    assert tells(said) is told


@pytest.mark.parametrize(
    ("question", "better", "worse"),
    [
        ("When did we move?", "We moved last summer.", "We moved to Porto."),
        ("Where do we live?", "We live in Porto.", "Do we live in Porto?"),
        ("What do I do?", "I teach children to swim in the lake.", "Swim."),
        ("Who plays the cello?", "I play the cello.", "They play the cello."),
    ],
)
def test_of_two_equally_alike_messages_the_better_evidence_stands_first(
    question: str, better: str, worse: str
) -> None:
    asked = Asked.of(question)
    assert standing(asked, better, 0.5) > standing(asked, worse, 0.5)
    assert 0.0 <= standing(asked, worse, 0.0) < standing(asked, better, 1.0) <= 1.0


def test_a_meal_described_as_elaborate_is_no_wish_about_answers() -> None:
    held = [preference("I cook elaborate meals."), preference("I play in a casual league.")]
    assert Stores(held).recall().find("Why is the sky blue?").empty


def test_what_is_far_behind_the_best_memory_is_left_out() -> None:
    near = {"a": 1.0, "b": 1.0 - MARGIN / 2, "c": 1.0 - 2 * MARGIN}
    held = [preference(f"I like {name} gardens.", name) for name in near]
    told = {name: Nearness(0.5, affinity, 3.0) for name, affinity in near.items()}
    question = "Where should I go this weekend?"
    found = Stores(held, near=told).recall().find(question)
    assert [item.id for item in found.items] == ["a", "b"]
    assert [item.reason for item in found.considered if not item.passed] == ["unrelated"]
    alone = Stores(held[2:], near={"c": told["c"]}).recall().find(question)
    assert [item.id for item in alone.items] == ["c"]


WIDE = preference("Keep your answers short.", "wide", updated=NOON + timedelta(days=3))


@pytest.mark.parametrize(
    ("narrow", "where"),
    [(preference("Give detailed answers.", "n", scope=Scope.TOPIC, scope_ref="cooking"), {}),
     (preference("Give detailed answers when I ask about cooking.", "n"), {}),
     (preference("Give detailed answers.", "n", scope=Scope.PROJECT, scope_ref="book"),
      {"project": "book"}),
     (preference("Give detailed answers.", "n", scope=Scope.CHAT, scope_ref="c1"),
      {"conversation": "c1"})],
)  # fmt: skip
def test_where_a_narrower_wish_says_otherwise_the_wider_one_stands_back(
    narrow: object, where: dict[str, str]
) -> None:
    stores = Stores([narrow, WIDE])  # type: ignore[list-item]
    found = stores.recall().find("How do I start cooking rice?", **where)  # type: ignore[arg-type]
    assert [item.id for item in found.items] == ["n"]
    assert {i.id: i.reason for i in found.considered} == {"n": "", "wide": "narrower"}


def test_outside_the_narrower_wish_the_wider_one_holds() -> None:
    narrow = preference("Give detailed answers.", "n", scope=Scope.TOPIC, scope_ref="cooking")
    found = Stores([narrow, WIDE]).recall().find("Why do cats purr?")
    assert [item.id for item in found.items] == ["wide"]


def test_of_three_scopes_the_chat_holds_over_the_topic_and_the_topic_over_the_rest() -> None:
    topic = preference("Give detailed answers.", "t", scope=Scope.TOPIC, scope_ref="cooking")
    chat = preference("Keep it short.", "c", scope=Scope.CHAT, scope_ref="c1")
    stores = Stores([WIDE, topic, chat])
    found = stores.recall().find("How do I start cooking rice?", conversation="c1")
    assert "t" not in [item.id for item in found.items]
    assert {i.id: i.reason for i in found.considered}["t"] == "narrower"


def test_of_equals_that_both_apply_the_later_word_holds_whatever_their_conditions() -> None:
    early = preference("Keep it short when I ask about code.", "early")
    late = preference("Give detailed answers when I ask about recipes.", "late",
                      updated=NOON + timedelta(days=1))  # fmt: skip
    found = Stores([early, late]).recall().find("Write python code for a recipe app.")
    assert {i.id: i.reason for i in found.considered} == {"early": "contradicted", "late": ""}
