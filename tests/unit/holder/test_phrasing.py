"""Proposals phrased by a large enough model: in the person's own words, behind every turn."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.engine import ModelClient, ModelFile, catalogue_path, default_weights
from assistant.engine.catalogue import ModelCatalogue
from assistant.holder.interface import (
    ChangeSetting,
    Done,
    FeedbackGiven,
    GiveFeedback,
    ListPreferences,
    PreferenceItem,
    UndoFeedback,
)
from assistant.holder.phrasing import Phrasing
from assistant.holder.phrasing_wire import AwaitProposal
from assistant.personal.phrasing import NOTHING, grammar, own_words, supported
from assistant.policy import Wishes, resolve
from assistant.vault.records import FeedbackKind, PreferenceSource, PreferenceState
from tests.holder_world import World, open_world
from tests.scripted_model import ScriptedModel
from tests.unit.personal.fakes import act, turn
from tests.vault_world import create, say

LARGE = 1_000_000_000
NOTE = "Sources missing, and metric units matter in kitchens."


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    yield from open_world(tmp_path / "home", model=ScriptedModel(parameters=LARGE))


def noted(world: World, sentence: str, note: str = NOTE) -> FeedbackGiven:
    world.ask("How do I bake bread?")
    world.model.answers.append(sentence)
    given: FeedbackGiven = world.one(GiveFeedback("note", note=note))
    return given


def test_a_note_nothing_could_be_read_from_is_phrased_in_its_own_words(world: World) -> None:
    given = noted(world, "Use metric units when in kitchens.")
    assert given.proposal is None
    proposal = world.one(AwaitProposal(given.pending))
    assert (proposal.text, proposal.state) == ("Use metric units when in kitchens.", "proposed")
    assert (proposal.source, proposal.provenance) == ("proposed", given.id)
    request = world.model.requests[-1]
    assert '"metric"' in request.grammar
    assert '"bread"' not in request.grammar, "the question's words are not the note's"
    assert request.history[1].content == "How do I bake bread?", "as the engine holds it"


@pytest.mark.parametrize(
    "sentence",
    [
        NOTHING,
        "Use imperial units.",  # a word of the model's own
        "Prefer sources sources.",
        "Sources are missing.",
        "Use metric",
    ],
)
def test_what_the_person_did_not_write_is_dropped(world: World, sentence: str) -> None:
    given = noted(world, sentence)
    assert isinstance(world.one(AwaitProposal(given.pending)), Done)
    assert not world.all(ListPreferences("proposed"))


def test_a_small_model_is_not_asked(tmp_path: Path) -> None:
    for world in open_world(tmp_path / "home", model=ScriptedModel(parameters=LARGE - 1)):
        assert not noted(world, "Use metric units.").pending
        assert len(world.model.requests) == 1


def test_with_learning_off_nothing_is_phrased(world: World) -> None:
    world.one(ChangeSetting("learning", "off"))
    assert not noted(world, "Use metric units.").pending


def test_what_policy_forbids_to_remember_is_not_proposed(world: World) -> None:
    given = noted(world, "Keep starvation diet.", "Starvation, then a diet, kept secret.")
    assert given.pending
    assert isinstance(world.one(AwaitProposal(given.pending)), Done)


def test_a_proposal_rejected_once_is_not_made_again(world: World) -> None:
    world.vault.preferences.add("Use metric units.", state=PreferenceState.REJECTED)
    given = noted(world, "Use metric units.")
    assert isinstance(world.one(AwaitProposal(given.pending)), Done)


def test_taking_the_note_back_takes_the_phrased_proposal_too(world: World) -> None:
    given = noted(world, "Use metric units.")
    assert isinstance(world.one(AwaitProposal(given.pending)), PreferenceItem)
    world.one(UndoFeedback(given.id))
    assert not world.all(ListPreferences("proposed"))


def test_a_turn_stops_the_phrasing_which_tries_again_afterwards(tmp_path: Path) -> None:
    model = ScriptedModel(parameters=LARGE, answers=["Use metric units.", "Use metric units."])
    vault, _ = create(tmp_path / "vault")
    phrasing = Phrasing(vault, model, resolve([], Wishes()))
    asked = say(vault, "How do I bake bread?", "With flour.")
    given = vault.feedback.add(asked.id, FeedbackKind.NOTE, NOTE, ())
    begun, go_on = threading.Event(), threading.Event()

    def wait_once() -> None:
        if not begun.is_set():
            begun.set()
            assert go_on.wait(10)

    model.before_token = wait_once
    kept: list[str] = []
    assert phrasing.begin(given, asked, lambda text: kept.append(text))
    assert begun.wait(10)
    with phrasing.quiet():
        go_on.set()
        deadline = time.monotonic() + 10
        while model.cancelled == 0:
            assert time.monotonic() < deadline
        assert not kept
    phrasing.wait(given.id)
    assert kept == ["Use metric units."]
    assert len(model.requests) == 2
    vault.close()


def test_of_an_edit_only_what_was_not_there_before_is_the_persons(tmp_path: Path) -> None:
    asked = turn("Why?", "Because water boils at high temperatures.")
    edit = act(FeedbackKind.EDIT, asked, "Because water boils at high degrees Celsius.")
    assert own_words(edit, asked) == ("degrees", "celsius")
    assert own_words(act(FeedbackKind.UP, asked, ""), asked) == ()
    assert PreferenceSource.EDIT.value == "edit"


@pytest.mark.model
def test_the_default_model_cannot_leave_the_form_or_the_persons_words(tmp_path: Path) -> None:
    entry = ModelCatalogue.load(catalogue_path()).default("chat")
    file = entry.file[0]
    model = ModelClient()
    model.start(ModelFile(default_weights() / file.path, file.sha256))
    model.wait_ready(60)
    vault, _ = create(tmp_path / "vault")
    phrasing = Phrasing(vault, model, resolve([], Wishes()), least=1)
    asked = say(vault, "How do I bake bread?", "With flour.")
    words = set()
    for note in (NOTE, "Colder tone please, numbers instead of adjectives."):
        given = vault.feedback.add(asked.id, FeedbackKind.NOTE, note, ())
        words = set(own_words(given, asked))
        request = phrasing._request(given, asked, tuple(words))
        sentence = phrasing._written(request)
        assert sentence is not None
        said = re.fullmatch(r"None\.|(?:Prefer|Avoid|Use|Keep) ([a-z ]+)\.?", sentence)
        assert said, sentence
        assert '"bread"' not in grammar(tuple(words))
        if supported(sentence, tuple(words)):
            assert not {"bread", "flour"} & set(sentence.lower().split())
    model.stop()
    vault.close()
