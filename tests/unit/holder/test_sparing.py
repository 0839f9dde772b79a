"""Plain facts are asked without wishes about style, and `why` says what stood back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.cli.why import show
from assistant.engine.registry import ModelEntry
from assistant.holder.interface import (
    AddPreference,
    ChangeSetting,
    DeletePreference,
    RecallQuery,
    SetProfile,
    WhyQuery,
)
from assistant.holder.settings import UserSettings
from assistant.holder.sparing import LARGE, spares_facts
from assistant.tui.screens.why import account
from assistant.vault.records import TurnOutcome, TurnStatus
from tests.holder_world import World, open_world

FACT = "What is the capital of France?"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    yield from open_world(tmp_path)


def test_a_plain_fact_is_asked_as_if_nothing_had_been_learned(world: World) -> None:
    world.one(AddPreference("Use emojis in your answers."))
    world.one(SetProfile("formality", 0.8))
    ending = world.ask(FACT)
    assert world.model.requests[-1].question.content == FACT
    assert ending.used == ()
    why = world.one(WhyQuery())
    assert [(k.item.kind, k.reason) for k in why.kept_out] == [
        ("preference", "fact"), ("profile", "fact"),
    ]  # fmt: skip
    assert why.kept_out[0].item.text == "Use emojis in your answers."
    assert why.prompt.endswith(f"[user] {FACT}")
    world.ask("Why do cats purr?")
    assert "Use emojis" in world.prompt
    assert "formal" in world.prompt
    assert world.one(WhyQuery()).kept_out == ()


def test_among_several_answers_the_wish_still_chooses(world: World) -> None:
    world.one(AddPreference("Use emojis in your answers."))
    world.model.answers = [["It is Paris.", "It is Paris 🎉."]]
    assert world.ask(FACT, candidates=2).answer == "It is Paris 🎉."
    assert world.model.requests[-1].question.content == FACT


def test_a_wish_said_for_the_topic_reaches_even_a_plain_fact(world: World) -> None:
    world.one(AddPreference("Use emojis in your answers.", "topic", "France"))
    world.ask(FACT)
    assert "Use emojis" in world.prompt
    assert world.one(WhyQuery()).kept_out == ()


def test_of_two_wishes_why_names_the_wider_one_that_stood_back(world: World) -> None:
    world.one(AddPreference("Keep your answers short."))
    world.one(AddPreference("Give detailed answers.", "topic", "cats"))
    world.ask("Why do cats purr?")
    assert "Keep your answers short" not in world.prompt
    (told,) = world.one(WhyQuery()).kept_out
    assert (told.item.text, told.reason) == ("Keep your answers short.", "narrower")


def test_an_erased_wish_that_stood_back_says_so_and_leaves_no_text(world: World) -> None:
    kept = world.one(AddPreference("Use emojis in your answers."))
    ending = world.ask(FACT)
    world.one(DeletePreference(kept.id))
    (told,) = world.one(WhyQuery(ending.turn)).kept_out
    assert (told.item.text, told.reason) == ("[erased]", "fact")


def test_a_wish_that_policy_forbids_neither_chooses_nor_is_told(world: World) -> None:
    world.vault.preferences.add("Use emojis for every starvation diet.")
    world.model.answers = [["It is Paris.", "It is Paris 🎉."]]
    assert world.ask(FACT, candidates=2).answer == "It is Paris."
    assert world.one(WhyQuery()).kept_out == ()


def test_recall_tells_what_would_stand_back(world: World) -> None:
    world.one(AddPreference("Use emojis in your answers."))
    (hit,) = world.all(RecallQuery(FACT))
    assert (hit.passed, hit.reason) == (False, "fact")


def test_the_person_may_have_wishes_beside_every_question(world: World) -> None:
    world.one(AddPreference("Use emojis in your answers."))
    world.one(ChangeSetting("style_on_facts", "on"))
    world.ask(FACT)
    assert "Use emojis" in world.prompt


@pytest.mark.parametrize(
    ("setting", "size", "spared"),
    [("auto", LARGE - 1, True), ("auto", LARGE, False), ("on", 1, False), ("off", LARGE, True)],
)
def test_only_a_small_model_is_spared_them_unless_the_person_says_otherwise(
    world: World, setting: str, size: int, spared: bool
) -> None:
    settings = UserSettings(world.vault, world.holder._parts.policy)
    settings.change("style_on_facts", setting)
    entry = ModelEntry(
        "m", "m", "chat", Path("m.gguf"), "0" * 64, size, 0, "MIT",
        in_use=True, present=True, added=False,
    )  # fmt: skip
    assert spares_facts(lambda: [entry], settings)() is spared


def test_both_faces_tell_in_words_why_a_wish_stood_back(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.one(AddPreference("Use emojis in your answers."))
    world.ask(FACT)
    why = world.one(WhyQuery())
    show(why)
    for shown in (capsys.readouterr().out, account(why).plain):
        assert "kept out" in shown
        assert "Use emojis in your answers." in shown
        assert "one plain fact" in shown


@pytest.mark.parametrize("kept_out", ["x", [["preference"]], [[1, 2, 3]], {"a": 1}, None])
def test_notes_of_another_form_tell_nothing_and_break_nothing(
    world: World, kept_out: object
) -> None:
    ending = world.ask(FACT)
    notes = json.dumps({"kept_out": kept_out})
    world.vault.turns.finish(ending.turn, TurnOutcome(TurnStatus.COMPLETE, notes=notes))
    assert world.one(WhyQuery(ending.turn)).kept_out == ()
