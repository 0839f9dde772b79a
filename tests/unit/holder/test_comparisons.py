"""Comparisons at the start: asked where least is known, kept as feedback, taken back, erased."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from assistant.cli.feedback_compare import ask_each, offered
from assistant.errors import NoSuchItem, UsageError
from assistant.holder.comparisons_wire import ComparisonItem, NextComparison, PickComparison
from assistant.holder.interface import (
    AddPreference,
    ChangeSetting,
    Done,
    EraseItem,
    ListFeedback,
    ProfileItem,
    ProfileQuery,
    SetProfile,
    UndoFeedback,
)
from tests.holder_world import World, open_world
from tests.vault_world import reopen


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    yield from open_world(tmp_path / "home")


def dimension(world: World, name: str) -> ProfileItem:
    items: list[ProfileItem] = world.all(ProfileQuery())
    return next(item for item in items if item.dimension == name)


def test_comparisons_come_one_by_one_and_end(world: World) -> None:
    seen: list[str] = []
    while isinstance(item := world.one(NextComparison(tuple(seen))), ComparisonItem):
        assert item.first != item.second
        assert item.left + len(seen) <= 10
        seen.append(item.dimension)
    assert isinstance(item, Done)
    assert len(seen) == len(set(seen)) == 8


def test_what_the_welcome_asked_already_is_not_compared_again(world: World) -> None:
    world.one(AddPreference("Keep answers short: the answer, little else."))
    world.one(SetProfile("emoji", -0.5))
    asked = {item.dimension for item in offered(world.holder)}
    assert not {"length", "emoji"} & asked
    assert "formality" in asked


def test_a_pick_sets_the_slider_and_reaches_the_next_prompt(world: World) -> None:
    item = next(item for item in offered(world.holder) if item.dimension == "structure")
    lists = 1 if item.first.startswith("- ") else 2
    given = world.one(PickComparison("structure", lists))  # type: ignore[arg-type]
    state = dimension(world, "structure")
    assert (state.source, state.words, state.acts) == ("picked", "lists", True)
    world.ask("What do I pack?")
    assert "Use bullet points." in world.prompt
    (listed,) = world.all(ListFeedback())
    assert (listed.id, listed.kind, listed.value) == (given.id, "choice", "structure: lists")


def test_taking_a_pick_back_leaves_the_profile_as_if_it_had_never_been(world: World) -> None:
    before = world.all(ProfileQuery())
    given = world.one(PickComparison("length", 1))
    assert world.all(ProfileQuery()) != before
    world.one(UndoFeedback())  # the latest act
    assert world.all(ProfileQuery()) == before
    assert [item.undone for item in world.all(ListFeedback())] == [True]
    assert "length" in {item.dimension for item in offered(world.holder)}
    with pytest.raises(NoSuchItem):
        world.one(UndoFeedback("start-emoji"))
    assert world.one(UndoFeedback(given.id)) == Done("Taken back.")


def test_a_pick_can_be_erased_alone_and_with_everything_learned(world: World) -> None:
    before = world.all(ProfileQuery())
    given = world.one(PickComparison("length", 1))
    world.one(EraseItem("feedback", given.id))
    assert not world.all(ListFeedback())
    world.one(PickComparison("emoji", 2))
    world.one(EraseItem("learned"))
    assert not world.all(ListFeedback())
    assert world.all(ProfileQuery()) == before


def test_letting_a_slider_learn_again_takes_its_pick_back(world: World) -> None:
    world.one(PickComparison("emoji", 2))
    world.one(SetProfile("emoji"))
    assert dimension(world, "emoji").source == "neutral"


def test_a_pick_older_than_feedback_may_be_kept_is_gone(world: World) -> None:
    world.one(PickComparison("emoji", 2))
    world.one(ChangeSetting("feedback_days", "30"))
    world.holder._keeping.forget_items(30, 30)
    assert world.all(ListFeedback())  # given today
    world.holder._keeping.forget_items(-1, 30)
    assert not world.all(ListFeedback())


def test_only_what_can_be_compared_can_be_picked(world: World) -> None:
    with pytest.raises(UsageError):
        world.one(PickComparison("shoe size", 1))


def test_picks_outlive_the_vault_being_closed(world: World, tmp_path: Path) -> None:
    world.one(PickComparison("emoji", 2))
    kept = dimension(world, "emoji")
    world.holder.lock("night")
    again = reopen(tmp_path / "home" / "vault")
    assert "learned.pick.emoji" in again.settings.all()
    assert kept.source == "picked"
    again.close()


def test_the_line_mode_picks_skips_and_stops(world: World) -> None:
    lines = iter(["1", "s", "2", ""])
    with redirect_stdout(io.StringIO()) as said:
        assert ask_each(world.holder, lambda: next(lines)) == 2
    assert "Comparison 4 of 8" in said.getvalue()
    assert len(world.all(ListFeedback())) == 2


def test_the_line_mode_ends_with_its_input(world: World) -> None:
    with redirect_stdout(io.StringIO()):
        assert ask_each(world.holder, lambda: None) == 0
