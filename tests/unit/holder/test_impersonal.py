"""Personalisation off for a whole conversation: kept, erased with it, never widening."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.errors import NoSuchItem
from assistant.holder.impersonal_wire import ChatPersonal, ChatPersonalisation
from assistant.holder.interface import AddPreference, ChangeSetting, EraseItem
from tests.holder_world import World, open_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    yield from open_world(tmp_path / "home")


def test_a_conversation_switched_off_is_answered_without_what_was_learned(world: World) -> None:
    world.one(AddPreference("Use bullet points."))
    first = world.ask("What do I pack?")
    assert "Use bullet points." in world.prompt
    off = world.one(ChatPersonalisation(first.conversation, on=False))
    assert off == ChatPersonal(first.conversation, on=False)
    here = world.ask("And for rain?", conversation=first.conversation)
    assert not here.personalised
    assert not here.used
    assert "Use bullet points." not in world.prompt.split("And for rain?")[0].split("pack?")[-1]
    elsewhere = world.ask("What do I cook?")
    assert elsewhere.personalised
    assert world.one(ChatPersonalisation("last")).on
    world.one(ChatPersonalisation(first.conversation, on=True))
    assert world.ask("And for snow?", conversation=first.conversation).personalised


def test_the_switch_goes_with_its_conversation(world: World) -> None:
    chat = world.ask("What do I pack?").conversation
    world.one(ChatPersonalisation(chat, on=False))
    assert "impersonal." + chat in world.vault.settings.all()
    world.one(EraseItem("conversation", chat))
    assert "impersonal." + chat not in world.vault.settings.all()


def test_of_an_incognito_conversation_the_switch_is_not_written(world: World) -> None:
    chat = world.ask("What do I pack?", incognito=True).conversation
    assert not world.one(ChatPersonalisation(chat, on=False)).on
    assert not world.ask("And for rain?", conversation=chat).personalised
    assert not any(key.startswith("impersonal.") for key in world.vault.settings.all())
    assert world.one(ChatPersonalisation(chat, on=True)).on


def test_it_cannot_switch_on_what_is_off_everywhere(world: World) -> None:
    chat = world.ask("What do I pack?").conversation
    world.one(ChangeSetting("personalisation", "off"))
    world.one(ChatPersonalisation(chat, on=True))
    assert not world.ask("And for rain?", conversation=chat).personalised


def test_a_conversation_that_is_not_there_cannot_be_switched(world: World) -> None:
    with pytest.raises(NoSuchItem):
        world.one(ChatPersonalisation("0" * 12, on=False))
