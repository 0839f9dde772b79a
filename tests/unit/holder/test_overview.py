"""Policy says who set each value, until when and why; models say whether they fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from assistant.engine import ModelEntry
from assistant.errors import NoSuchItem, UsageError
from assistant.holder.drafts import MAX_CHARACTERS
from assistant.holder.interface import AnyReply, ChangeSetting, DeleteConversation, StatusQuery
from assistant.holder.machine import machine_memory
from assistant.holder.overview import fits
from assistant.holder.overview_wire import (
    AcknowledgeNotices,
    AuthorityItem,
    GetDraft,
    KeepDraft,
    ModelItem,
    ModelsQuery,
    PolicyItem,
    PolicyQuery,
)
from assistant.policy import AuthorityState, Freshness, ManagedBy, Tier
from assistant.vault.records import Notice
from tests.holder_world import RULES, World, open_world
from tests.policy_documents import document
from tests.vault_world import noon

GB = 1024**3
ACME = document(
    id="office", issuer="Acme", tier="organisation", version=7, summary="Office rules.",
    appeal="appeals@acme.example", consulted=["The works council"],
    escalations=[{"id": "harder", "rule": "ask-first", "effect": "block", "reason": "Ours."}],
    bounds=[
        {"id": "month", "key": "retention_days", "reason": "A month.", "maximum": 30},
        {"id": "known", "key": "models", "reason": "Reviewed.", "allowed": ["a" * 64]},
    ],
    requirements=[{"id": "views", "kind": "viewpoints", "reason": "Fairness.", "topics": ["pay"]}],
)  # fmt: skip


def authority(tier: Tier, issuer: str, version: int, alarm: str = "") -> AuthorityState:
    return AuthorityState(
        tier=tier, issuer=issuer, version=version, authority="e" * 64,
        expires=datetime(2027, 1, 1, tzinfo=UTC), fresh_until=datetime(2026, 2, 1, tzinfo=UTC),
        freshness=Freshness.STALE, last_import=datetime(2026, 1, 2, tzinfo=UTC),
        managed_by=ManagedBy.SYSTEM, alarm=alarm,
    )  # fmt: skip


def entry(identity: str, sha256: str, memory: int, **changes: Any) -> ModelEntry:
    made = ModelEntry(
        id=identity, name=identity.upper(), kind="chat", path=Path("/m"), sha256=sha256,
        size=memory // 2, memory=memory, licence="Apache-2.0", in_use=False, present=True,
        added=False,
    )  # fmt: skip
    return replace(made, **changes)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    for world in open_world(tmp_path, documents=(document(rules=RULES), ACME)):
        states = (authority(Tier.ORGANISATION, "Acme", 7, "The bundle is damaged."),)
        world.holder._parts = replace(world.holder._parts, authorities=states)
        yield world


def items(world: World) -> dict[str, PolicyItem]:
    return {one.key: one for one in world.all(PolicyQuery()) if isinstance(one, PolicyItem)}


def test_every_rule_bound_and_requirement_in_force_has_one_item(world: World) -> None:
    found = items(world)
    assert set(found) == {
        *(rule["id"] for rule in RULES), "retention_days", "models", "views"
    }  # fmt: skip
    assert {one.kind for one in found.values()} == {"rule", "bound", "requirement"}


def test_an_authority_says_version_expiry_freshness_import_and_who_manages_it(
    world: World,
) -> None:
    (one,) = [r for r in world.all(PolicyQuery()) if isinstance(r, AuthorityItem)]
    assert (one.tier, one.issuer, one.version) == ("organisation", "Acme", 7)
    assert one.expires == "2027-01-01T00:00:00+00:00"
    assert (one.freshness, one.managed_by) == ("stale", "system")
    assert one.last_import.startswith("2026-01-02")
    assert one.alarm == "The bundle is damaged."
    assert (one.summary, one.consulted) == ("Office rules.", ("The works council",))


def test_a_raised_effect_names_who_raised_it_and_keeps_the_wish_it_overrode(
    world: World,
) -> None:
    one = items(world)["ask-first"]
    assert one.value == "block"
    assert (one.source.issuer, one.source.rule, one.source.reason) == ("Acme", "harder", "Ours.")
    assert one.source.appeal == "appeals@acme.example"
    assert [(w.issuer, w.value, w.decided) for w in one.wishes] == [
        ("Test Authority", "confirm", False), ("Acme", "block", True),
    ]  # fmt: skip
    assert one.where == ("input",)
    assert one.by is not None
    assert one.by.version == 7


def test_a_clamped_setting_says_what_was_asked_for_and_a_default_does_not(world: World) -> None:
    assert items(world)["retention_days"].clamped == ()
    world.one(ChangeSetting("retention_days", "365"))
    assert items(world)["retention_days"].clamped == (
        "retention_days: you asked for 365, 30 holds",
    )


def test_a_rule_of_an_authority_whose_state_is_unknown_still_names_its_issuer(
    world: World,
) -> None:
    one = items(world)["no-bombs"]
    assert one.by is None
    assert one.source.issuer == "Test Authority"


def test_models_say_what_fits_and_which_a_tier_forbids(world: World) -> None:
    models = (
        entry("small", "a" * 64, GB), entry("tight", "a" * 64, 5 * GB),
        entry("large", "b" * 64, 9 * GB, licence="", added=True),
        entry("minilm", "", GB, kind="embedding"),
    )  # fmt: skip
    world.holder._parts = replace(
        world.holder._parts, models=lambda: models, machine_memory=lambda: 8 * GB
    )
    found = world.all(ModelsQuery())
    assert all(isinstance(one, ModelItem) and one.machine == 8 * GB for one in found)
    assert [one.fits for one in found] == ["yes", "tight", "no", "yes"]
    assert [one.managed.rule if one.managed else "" for one in found] == ["", "", "known", ""]
    assert found[2].managed.reason == "Reviewed."


@pytest.mark.parametrize(
    ("memory", "machine", "said"),
    [(1, 0, "unknown"), (4, 8, "yes"), (5, 8, "tight"), (8, 8, "tight"), (9, 8, "no")],
)
def test_memory_is_held_against_the_whole_machine(memory: int, machine: int, said: str) -> None:
    assert fits(memory, machine) == said


def test_this_machine_knows_its_memory() -> None:
    assert machine_memory() > 256 * 1024**2


def test_a_notice_is_told_until_it_is_acknowledged(tmp_path: Path) -> None:
    for world in open_world(tmp_path):
        notice = Notice("lost", "The last two changes are missing.", noon(), 2)
        world.vault._store.add_notice(notice)
        assert world.one(StatusQuery()).notices == ("The last two changes are missing.",)
        world.one(AcknowledgeNotices())
        assert world.one(StatusQuery()).notices == ()


def test_what_policy_and_models_say_crosses_the_socket_unchanged(world: World) -> None:
    world.holder._parts = replace(
        world.holder._parts, models=lambda: (entry("small", "b" * 64, GB),)
    )
    for reply in (*world.all(PolicyQuery()), *world.all(ModelsQuery())):
        assert msgspec.json.decode(msgspec.json.encode(reply), type=AnyReply) == reply


def test_drafts_are_kept_by_conversation_and_dropped_when_emptied(world: World) -> None:
    chat = world.ask("hello").conversation
    world.one(KeepDraft(chat, "half a thought"))
    world.one(KeepDraft("", "something new"))
    assert world.one(GetDraft(chat)).text == "half a thought"
    assert world.one(GetDraft("")).text == "something new"
    world.one(KeepDraft(chat, ""))
    world.one(KeepDraft("", ""))
    assert world.one(GetDraft(chat)).text == ""
    assert world.one(GetDraft("")).text == ""


def test_no_draft_of_an_incognito_or_unknown_conversation_is_kept(world: World) -> None:
    secret = world.ask("hello", incognito=True).conversation
    world.one(KeepDraft(secret, "nobody needs to know"))
    assert world.one(GetDraft(secret)).text == ""
    with pytest.raises(NoSuchItem):
        world.one(KeepDraft("absent", "text"))
    with pytest.raises(UsageError):
        world.one(KeepDraft("", "x" * (MAX_CHARACTERS + 1)))


def test_a_draft_goes_with_its_erased_conversation_and_is_nowhere_in_the_clear(
    world: World,
) -> None:
    chat = world.ask("hello").conversation
    world.one(KeepDraft(chat, "xylophone"))
    world.one(KeepDraft("", "xylophone"))
    world.one(DeleteConversation(chat))
    assert world.one(GetDraft(chat)).text == ""
    for path in world.folder.rglob("*"):
        assert path.is_dir() or b"xylophone" not in path.read_bytes()
