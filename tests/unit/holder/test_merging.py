"""Preferences that say the same become one; the others leave no trace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.errors import NoSuchItem, PolicyRefusal, UsageError
from assistant.holder.interface import (
    AddPreference,
    EditPreference,
    ListPreferences,
    PreferenceItem,
)
from assistant.holder.merging_wire import MergePreferences, ScopePreference
from tests.holder_world import World, open_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    yield from open_world(tmp_path / "home")


def added(world: World, text: str) -> PreferenceItem:
    item: PreferenceItem = world.one(AddPreference(text))
    return item


def test_what_says_the_same_is_said_and_merged(world: World) -> None:
    first = added(world, "Keep answers short.")
    second = added(world, "Please keep answers short.")
    assert second.same_as == (first.id,)
    world.vault.preferences.count_use([first.id])
    kept = world.one(MergePreferences(second.id, (first.id,)))
    assert (kept.id, kept.text, kept.uses, kept.same_as) == (second.id, second.text, 1, ())
    assert [item.id for item in world.all(ListPreferences("all"))] == [second.id]


def test_the_one_that_stays_may_get_new_words_which_policy_checks(world: World) -> None:
    first, second = added(world, "I like tea."), added(world, "I like green tea.")
    kept = world.one(MergePreferences(first.id, (second.id, second.id), "I like all tea."))
    assert kept.text == "I like all tea."
    third = added(world, "I like coffee.")
    with pytest.raises(PolicyRefusal):
        world.one(MergePreferences(first.id, (third.id,), "Praise the starvation diet."))
    assert len(world.all(ListPreferences("all"))) == 2, "nothing was erased"


def test_merging_needs_two_that_exist(world: World) -> None:
    first = added(world, "I like tea.")
    with pytest.raises(UsageError):
        world.one(MergePreferences(first.id, (first.id,)))
    with pytest.raises(NoSuchItem):
        world.one(MergePreferences(first.id, ("0" * 12,)))
    with pytest.raises(NoSuchItem):
        world.one(MergePreferences("0" * 12, (first.id,)))
    assert world.all(ListPreferences("all"))


def test_where_a_preference_applies_can_be_changed(world: World) -> None:
    chat = world.ask("What do I pack?").conversation
    item = added(world, "Use bullet points.")
    here = world.one(ScopePreference(item.id, "chat", "last"))
    assert (here.scope, here.scope_ref) == ("chat", chat)
    world.ask("And for rain?", conversation=chat)
    assert "Use bullet points." in world.prompt
    world.ask("What is snow?")
    assert "Use bullet points." not in world.prompt
    topic = world.one(ScopePreference(item.id, "topic", " travel  plans "))
    assert (topic.scope, topic.scope_ref) == ("topic", "travel plans")
    always = world.one(ScopePreference(item.id, "always", "whatever"))
    assert (always.scope, always.scope_ref) == ("always", "")


@pytest.mark.parametrize(("scope", "which"), [("topic", ""), ("project", " "), ("planet", "Mars")])
def test_a_scope_says_which(world: World, scope: str, which: str) -> None:
    item = added(world, "Use bullet points.")
    with pytest.raises(UsageError):
        world.one(ScopePreference(item.id, scope, which))


def test_a_chat_that_is_not_there_is_no_scope(world: World) -> None:
    for which in ("last", "0" * 12):
        with pytest.raises(NoSuchItem):
            world.one(AddPreference("Use bullet points.", "chat", which))


def test_new_words_bring_their_own_expiry(world: World) -> None:
    item = added(world, "Keep it short this week.")
    assert item.expires
    lasting = world.one(EditPreference(item.id, "Keep it short."))
    assert not lasting.expires
    assert world.one(EditPreference(item.id, "Keep it short today.")).expires
